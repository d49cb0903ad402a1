#include "pull/seed/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "pack/chunk/cut.h"
#include "pull/seed/watermark.h"

#define WINDOW (2 * CHUNK_MAX_LIMIT + MIB)
#define STEP   128 /* chunks that the front moves at once: a few spans */

struct seed_scan {
    struct seed_scan_options options;
    struct cut *cut;
    uint8_t *window;
    size_t begun, scanned, filled; /* of the chunk, of the cut, of the bytes read; in the window */
    uint64_t spooled, room;        /* bytes in the spool, and how many there may be */
    uint32_t left;                 /* chunks that may still be found */
    struct watermark front;
    atomic_uint_least64_t read;
    atomic_uint settled; /* the front as others know it */
    atomic_bool told;    /* `moved` is on its way */
    atomic_bool stop;
    pthread_t thread;
    struct msg moved, done;
    struct err err;
};

/* ---- the spool ---- */

static int open_spool(char *dir, struct err *err)
{
    char path[4200];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        return fd;
    snprintf(path, sizeof path, "%s/spool-XXXXXX", dir);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        err_errno(err, errno, "spool", "cannot make a file in %s", dir);
        return -1;
    }
    unlink(path);
    return fd;
}

static int make_spool(struct seed_scan *h, struct err *err)
{
    struct statvfs disk;
    char dir[4096];
    int fd;

    if (file_cache_dir(dir, sizeof dir, err))
        return ERR_FAIL;
    fd = open_spool(dir, err);
    if (fd < 0)
        return ERR_FAIL;
    h->options.wanted->spool = fd;
    h->room = UINT64_MAX;
    if (fstatvfs(fd, &disk) == 0) {
        uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;

        h->room = free_bytes > h->options.leave ? free_bytes - h->options.leave : 0;
    }
    return 0;
}

/* ---- the front ---- */

static void settle(struct seed_scan *h, uint32_t count)
{
    atomic_store(&h->settled, count);
    if (!atomic_exchange(&h->told, true))
        inbox_post(h->options.home, &h->moved);
}

static void advance(struct seed_scan *h, const struct needed_chunk *found)
{
    watermark_found(&h->front, (uint32_t)(found - h->options.wanted->chunks));
    if (h->front.at >= atomic_load(&h->settled) + STEP)
        settle(h, h->front.at);
}

uint32_t seed_scan_front(struct seed_scan *harvest)
{
    atomic_store(&harvest->told, false);
    return atomic_load(&harvest->settled);
}

/* ---- chunks ---- */

/* Whether it is still to be found; one that others may be planning is not touched any more. */
static bool is_open(const struct seed_scan *h, const struct needed_chunk *chunk)
{
    return chunk && !chunk->kept && chunk->spool_at == NEEDED_FROM_ARCHIVE &&
           chunk >= h->options.wanted->chunks + atomic_load(&h->settled);
}

/* Names the chunk that has ended and stores it if it is wanted. */
static int take_chunk(struct seed_scan *h, struct err *err)
{
    const uint8_t *bytes = h->window + h->begun;
    uint32_t size = (uint32_t)(h->scanned - h->begun);
    struct chunk_name name = chunk_name_of(h->options.wanted->names, bytes, size);
    struct needed_chunk *chunk = needed_find(h->options.wanted, &name, size);

    h->begun = h->scanned;
    if (!is_open(h, chunk))
        return 0;
    if (size > h->room - h->spooled)
        return err_set(err, ERR_LOCAL, "disk_full", "the disk has no room for more");
    if (file_write_at(h->options.wanted->spool, bytes, size, (off_t)h->spooled, "the spool", err))
        return ERR_FAIL;
    chunk->spool_at = h->spooled;
    h->spooled += size;
    h->left--;
    advance(h, chunk);
    return 0;
}

static int scan(struct seed_scan *h, struct err *err)
{
    while (h->scanned < h->filled) {
        struct cut_step step;

        if (cut_scan(h->cut, h->window + h->scanned, h->filled - h->scanned, &step, err))
            return ERR_FAIL;
        if (step.tar.event == TAR_MORE)
            return 0;
        h->scanned += step.tar.used;
        if (step.boundary && take_chunk(h, err))
            return ERR_FAIL;
    }
    return 0;
}

/* Reads behind what is there, after moving it to the front. */
static long fill(struct seed_scan *h, struct err *err)
{
    long got;

    memmove(h->window, h->window + h->begun, h->filled - h->begun);
    h->filled -= h->begun;
    h->scanned -= h->begun;
    h->begun = 0;
    got = source_read(h->options.source, h->window + h->filled, WINDOW - h->filled, err);
    if (got > 0) {
        h->filled += (size_t)got;
        atomic_fetch_add(&h->read, (uint64_t)got);
    }
    return got;
}

static int reap(struct seed_scan *h, struct err *err)
{
    while (h->left && !atomic_load(&h->stop)) {
        long got = fill(h, err);

        if (got < 0)
            return ERR_FAIL;
        if (got == 0)
            return 0;
        if (scan(h, err))
            return ERR_FAIL;
    }
    return 0;
}

static void *harvest_main(void *arg)
{
    struct seed_scan *h = arg;

    reap(h, &h->err);
    atomic_store(&h->settled, h->options.wanted->count);
    inbox_post(h->options.home, &h->done);
    return NULL;
}

/* ---- setting up and taking down ---- */

static void release(struct seed_scan *h)
{
    cut_destroy(h->cut);
    free(h->window);
    free(h);
}

static uint32_t count_names(const struct needed_chunks *wanted)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < wanted->count; i++)
        count += wanted->chunks[i].twin == i && !wanted->chunks[i].kept;
    return count;
}

static int equip(struct seed_scan *h, struct err *err)
{
    h->cut = cut_create(&h->options.params, h->options.file_min, -1);
    h->window = malloc(WINDOW);
    if (!h->cut || !h->window)
        return err_memory(err, "the harvest");
    if (needed_by_name(h->options.wanted, err) || make_spool(h, err))
        return ERR_FAIL;
    h->left = count_names(h->options.wanted);
    watermark_init(&h->front, h->options.wanted);
    return 0;
}

/* Signals go to the thread that waits for them. */
static int start(struct seed_scan *h, struct err *err)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&h->thread, NULL, harvest_main, h);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc ? err_errno(err, rc, "thread", "cannot start the harvest") : 0;
}

struct seed_scan *seed_scan_create(const struct seed_scan_options *options, struct err *err)
{
    struct seed_scan *h = calloc(1, sizeof *h);

    if (!h) {
        err_memory(err, "the harvest");
        return NULL;
    }
    h->options = *options;
    h->moved.kind = options->kind_moved;
    h->done.kind = options->kind_done;
    options->source->stop = &h->stop;
    if (equip(h, err) || start(h, err)) {
        options->source->stop = NULL;
        release(h);
        return NULL;
    }
    return h;
}

uint64_t seed_scan_read(const struct seed_scan *harvest)
{
    return atomic_load(&harvest->read);
}

void seed_scan_stop(struct seed_scan *harvest)
{
    atomic_store(&harvest->stop, true);
}

int seed_scan_result(struct seed_scan *harvest, struct err *err)
{
    if (!harvest->err.family)
        return 0;
    *err = harvest->err;
    return ERR_FAIL;
}

void seed_scan_destroy(struct seed_scan *harvest)
{
    if (!harvest)
        return;
    seed_scan_stop(harvest);
    pthread_join(harvest->thread, NULL);
    release(harvest);
}
