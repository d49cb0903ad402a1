/*
 * Each thread reads the list on its own and stays a bounded distance ahead of the reader.
 */
#include "layers/readahead.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/open_beneath.h"
#include "flow/thread.h"
#include "layers/layer_list.h"

#define SCOUTS      4
#define FILES_AHEAD 512
#define BYTES_AHEAD (32 * MIB)
#define FILE_MOST   (8 * MIB) /* bytes of a file: the kernel continues itself */
#define WARM        64        /* consecutive files in memory that end a thread */

struct scout {
    struct readahead *ahead;
    unsigned number;
    bool runs;
    pthread_t thread;
};

struct readahead {
    int list, folder;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t files, bytes; /* position of the reader */
    bool ended;
    struct scout scouts[SCOUTS];
};

/* Waits until the reader is near. Returns false at the end. */
static bool come_near(struct readahead *ahead, uint64_t file, uint64_t byte)
{
    bool goes_on;

    pthread_mutex_lock(&ahead->lock);
    while (!ahead->ended &&
           (file > ahead->files + FILES_AHEAD || byte > ahead->bytes + BYTES_AHEAD))
        pthread_cond_wait(&ahead->moved, &ahead->lock);
    goes_on = !ahead->ended;
    pthread_mutex_unlock(&ahead->lock);
    return goes_on;
}

/* Gives a hint for a file. Returns true if the file is in memory, or takes no hint. */
static bool hint_file(const struct readahead *ahead, const struct tarsplit_piece *piece)
{
    char byte;
    struct iovec one = {&byte, 1};
    struct err ignored;
    uint64_t size;
    bool warm;
    int fd;

    if (beneath_file(ahead->folder, piece->name, &fd, &size, &ignored))
        return true;
    warm = preadv2(fd, &one, 1, 0, RWF_NOWAIT) == 1;
    if (!warm)
        readahead(fd, 0, piece->size < FILE_MOST ? (size_t)piece->size : FILE_MOST);
    close(fd);
    return warm;
}

/* Each thread handles every SCOUTS-th file. */
static void *scout_main(void *arg)
{
    struct scout *scout = arg;
    struct readahead *ahead = scout->ahead;
    const struct tarsplit_piece *piece;
    struct err ignored;
    struct layer_list *list = layer_list_create(ahead->list, &ignored);
    uint64_t file = 0, byte = 0;
    unsigned warm = 0;
    int answer = list ? 1 : 0;

    while (answer > 0 && warm < WARM) {
        answer = layer_list_next(list, &piece, &ignored);
        if (answer != TARSPLIT_FILE)
            continue;
        if (file % SCOUTS == scout->number) {
            if (!come_near(ahead, file, byte))
                break;
            warm = hint_file(ahead, piece) ? warm + 1 : 0;
        }
        file++;
        byte += piece->size;
    }
    layer_list_destroy(list);
    return NULL;
}

static void start_scouts(struct readahead *ahead)
{
    struct err ignored;

    for (unsigned i = 0; i < SCOUTS; i++) {
        struct scout *scout = &ahead->scouts[i];

        scout->ahead = ahead;
        scout->number = i;
        scout->runs = thread_start(&scout->thread, scout_main, scout, "a reader of files ahead",
                                   &ignored) == 0;
    }
}

struct readahead *readahead_start(int list, int folder)
{
    struct readahead *ahead = calloc(1, sizeof *ahead);

    if (!ahead)
        return NULL;
    ahead->list = list;
    ahead->folder = folder;
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->moved, NULL);
    start_scouts(ahead);
    return ahead;
}

void readahead_passed(struct readahead *ahead, uint64_t size)
{
    if (!ahead)
        return;
    pthread_mutex_lock(&ahead->lock);
    ahead->files++;
    ahead->bytes += size;
    if (ahead->files % (FILES_AHEAD / 8) == 0 || size >= MIB)
        pthread_cond_broadcast(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
}

void readahead_end(struct readahead *ahead)
{
    if (!ahead)
        return;
    pthread_mutex_lock(&ahead->lock);
    ahead->ended = true;
    pthread_cond_broadcast(&ahead->moved);
    pthread_mutex_unlock(&ahead->lock);
    for (unsigned i = 0; i < SCOUTS; i++)
        if (ahead->scouts[i].runs)
            pthread_join(ahead->scouts[i].thread, NULL);
    pthread_cond_destroy(&ahead->moved);
    pthread_mutex_destroy(&ahead->lock);
    free(ahead);
}
