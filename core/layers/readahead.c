/*
 * Each thread reads the list on its own and stays a bounded distance ahead of the reader.
 */
#include "layers/readahead.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/open_beneath.h"
#include "flow/thread.h"
#include "layers/layer_list.h"
#include "os/disk.h"

#define THREADS     4
#define FILES_AHEAD 512
#define BYTES_AHEAD (32 * MIB)
#define FILE_MOST   (8 * MIB) /* bytes of a file: the kernel continues itself */
#define WARM        64        /* consecutive files in memory that end a thread */

struct hint_thread {
    struct readahead *readahead;
    unsigned number;
    bool runs;
    pthread_t id;
};

struct readahead {
    int list, folder;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t files, bytes; /* position of the reader */
    bool ended;
    struct hint_thread threads[THREADS];
};

/* Waits until the reader is near. Returns false at the end. */
static bool wait_for_reader(struct readahead *readahead, uint64_t file, uint64_t byte)
{
    bool running;

    pthread_mutex_lock(&readahead->lock);
    while (!readahead->ended &&
           (file > readahead->files + FILES_AHEAD || byte > readahead->bytes + BYTES_AHEAD))
        pthread_cond_wait(&readahead->moved, &readahead->lock);
    running = !readahead->ended;
    pthread_mutex_unlock(&readahead->lock);
    return running;
}

/* Gives a hint for a file in `folder`. Returns true if the file is in memory, or takes no hint. */
static bool hint_file(int folder, const struct tarsplit_piece *piece)
{
    struct err ignored;
    uint64_t size;
    bool warm;
    int fd;

    if (beneath_file(folder, piece->name, &fd, &size, &ignored))
        return true;
    warm = os_is_in_memory(fd);
    if (!warm)
        os_read_ahead(fd, piece->size < FILE_MOST ? (size_t)piece->size : FILE_MOST);
    close(fd);
    return warm;
}

/* Each thread handles every THREADS-th file. */
static void *hint_main(void *arg)
{
    struct hint_thread *thread = arg;
    struct readahead *readahead = thread->readahead;
    const struct tarsplit_piece *piece;
    struct err ignored;
    struct layer_list *list = layer_list_create(readahead->list, &ignored);
    uint64_t file = 0, byte = 0;
    unsigned warm = 0;
    int answer = list ? 1 : 0;

    while (answer > 0 && warm < WARM) {
        answer = layer_list_next(list, &piece, &ignored);
        if (answer != TARSPLIT_FILE)
            continue;
        if (file % THREADS == thread->number) {
            if (!wait_for_reader(readahead, file, byte))
                break;
            warm = hint_file(readahead->folder, piece) ? warm + 1 : 0;
        }
        file++;
        byte += piece->size;
    }
    layer_list_destroy(list);
    return NULL;
}

static void start_threads(struct readahead *readahead)
{
    struct err ignored;

    for (unsigned i = 0; i < THREADS; i++) {
        struct hint_thread *thread = &readahead->threads[i];

        thread->readahead = readahead;
        thread->number = i;
        thread->runs =
            thread_run(&thread->id, hint_main, thread, "a reader of files ahead", &ignored) == 0;
    }
}

struct readahead *readahead_start(int list, int folder)
{
    struct readahead *readahead = calloc(1, sizeof *readahead);

    if (!readahead)
        return NULL;
    readahead->list = list;
    readahead->folder = folder;
    pthread_mutex_init(&readahead->lock, NULL);
    pthread_cond_init(&readahead->moved, NULL);
    start_threads(readahead);
    return readahead;
}

void readahead_passed(struct readahead *readahead, uint64_t size)
{
    if (!readahead)
        return;
    pthread_mutex_lock(&readahead->lock);
    readahead->files++;
    readahead->bytes += size;
    if (readahead->files % (FILES_AHEAD / 8) == 0 || size >= MIB)
        pthread_cond_broadcast(&readahead->moved);
    pthread_mutex_unlock(&readahead->lock);
}

void readahead_end(struct readahead *readahead)
{
    if (!readahead)
        return;
    pthread_mutex_lock(&readahead->lock);
    readahead->ended = true;
    pthread_cond_broadcast(&readahead->moved);
    pthread_mutex_unlock(&readahead->lock);
    for (unsigned i = 0; i < THREADS; i++)
        if (readahead->threads[i].runs)
            pthread_join(readahead->threads[i].id, NULL);
    pthread_cond_destroy(&readahead->moved);
    pthread_mutex_destroy(&readahead->lock);
    free(readahead);
}
