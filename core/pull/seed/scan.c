/*
 * The scan thread reads the seed's save stream into a window, and cuts it like the archive was cut.
 * It computes the name of each chunk and writes the needed ones to the seed file.
 */
#include "pull/seed/scan.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "flow/thread.h"
#include "pack/chunk/cut.h"
#include "pull/plan/seed_file.h"
#include "pull/seed/watermark.h"

#define WINDOW (2 * CHUNK_MAX_LIMIT + MIB)
#define STEP   128 /* chunks that the published watermark moves at once: a few spans */

struct seed_scan {
    struct seed_scan_options options;
    struct cut *cut;
    uint8_t *window;
    size_t begun, scanned, filled; /* in the window: begin of the chunk, end of the cut, of bytes */
    uint64_t stored, room;         /* bytes in the seed file; the most that it may hold */
    uint32_t left;                 /* chunks that may still be found */
    struct watermark watermark;
    atomic_uint_least64_t read;
    atomic_uint settled;   /* the published watermark */
    atomic_bool announced; /* `moved` was posted and the engine has not looked yet */
    atomic_bool stop;
    pthread_t thread;
    struct msg moved, done;
    struct err err;
};

/* ---- the watermark ---- */

static void publish_settled(struct seed_scan *scan, uint32_t count)
{
    atomic_store(&scan->settled, count);
    if (!atomic_exchange(&scan->announced, true))
        inbox_post(scan->options.inbox, &scan->moved);
}

static void advance_watermark(struct seed_scan *scan, const struct needed_chunk *found)
{
    watermark_found(&scan->watermark, (uint32_t)(found - scan->options.needed->chunks));
    if (scan->watermark.at >= atomic_load(&scan->settled) + STEP)
        publish_settled(scan, scan->watermark.at);
}

uint32_t seed_scan_settled(struct seed_scan *scan)
{
    atomic_store(&scan->announced, false);
    return atomic_load(&scan->settled);
}

/* ---- chunks ---- */

/* Returns true if the scan still looks for this chunk. Those before the published watermark belong
 * to the engine. */
static bool is_open(const struct seed_scan *scan, const struct needed_chunk *chunk)
{
    return chunk && !chunk->kept && chunk->seed_offset == NEEDED_FROM_ARCHIVE &&
           chunk >= scan->options.needed->chunks + atomic_load(&scan->settled);
}

/* Ends the current chunk of the seed, and stores it if it is needed. */
static int end_chunk(struct seed_scan *scan, struct err *err)
{
    struct needed_chunks *needed = scan->options.needed;
    const uint8_t *bytes = scan->window + scan->begun;
    uint32_t size = (uint32_t)(scan->scanned - scan->begun);
    struct chunk_name name = chunk_name_of(needed->names, bytes, size);
    struct needed_chunk *chunk = needed_find(needed, &name, size);

    scan->begun = scan->scanned;
    if (!is_open(scan, chunk))
        return 0;
    if (size > scan->room - scan->stored)
        return err_set(err, ERR_LOCAL, CODE_DISK_FULL,
                       "the disk has no room for more local chunks");
    if (seed_file_write(needed->seed_fd, scan->stored, bytes, size, err))
        return ERR_FAIL;
    chunk->seed_offset = scan->stored;
    scan->stored += size;
    scan->left--;
    advance_watermark(scan, chunk);
    return 0;
}

/* Cuts the bytes of the window that are not cut yet. */
static int cut_window(struct seed_scan *scan, struct err *err)
{
    while (scan->scanned < scan->filled) {
        struct cut_step step;

        if (cut_scan(scan->cut, scan->window + scan->scanned, scan->filled - scan->scanned, &step,
                     err))
            return ERR_FAIL;
        if (step.tar.event == TAR_MORE)
            return 0;
        scan->scanned += step.tar.used;
        if (step.boundary && end_chunk(scan, err))
            return ERR_FAIL;
    }
    return 0;
}

/* Moves the current chunk to the start of the window and reads more bytes behind it. Returns their
 * number; 0 at the end of the seed. */
static long fill_window(struct seed_scan *scan, struct err *err)
{
    long got;

    memmove(scan->window, scan->window + scan->begun, scan->filled - scan->begun);
    scan->filled -= scan->begun;
    scan->scanned -= scan->begun;
    scan->begun = 0;
    got =
        source_read(scan->options.source, scan->window + scan->filled, WINDOW - scan->filled, err);
    if (got > 0) {
        scan->filled += (size_t)got;
        atomic_fetch_add(&scan->read, (uint64_t)got);
    }
    return got;
}

static int scan_seed(struct seed_scan *scan, struct err *err)
{
    while (scan->left && !atomic_load(&scan->stop)) {
        long got = fill_window(scan, err);

        if (got < 0)
            return ERR_FAIL;
        if (got == 0)
            return 0;
        if (cut_window(scan, err))
            return ERR_FAIL;
    }
    return 0;
}

static void *scan_main(void *arg)
{
    struct seed_scan *scan = arg;

    scan_seed(scan, &scan->err);
    atomic_store(&scan->settled, scan->options.needed->count);
    inbox_post(scan->options.inbox, &scan->done);
    return NULL;
}

/* ---- creation and end ---- */

static void release(struct seed_scan *scan)
{
    cut_destroy(scan->cut);
    free(scan->window);
    free(scan);
}

/* Needed chunks, without duplicates and without those of the partial download. */
static uint32_t count_open(const struct needed_chunks *needed)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < needed->count; i++)
        count += needed->chunks[i].original == i && !needed->chunks[i].kept;
    return count;
}

static int set_up(struct seed_scan *scan, struct err *err)
{
    const struct seed_scan_options *o = &scan->options;

    scan->cut = cut_create(&o->params, -1);
    scan->window = malloc(WINDOW);
    if (!scan->cut || !scan->window)
        return err_memory(err, "the seed scan");
    if (needed_by_name(o->needed, err))
        return ERR_FAIL;
    o->needed->seed_fd = seed_file_create(o->leave, &scan->room, err);
    if (o->needed->seed_fd < 0)
        return ERR_FAIL;
    scan->left = count_open(o->needed);
    watermark_init(&scan->watermark, o->needed);
    return 0;
}

struct seed_scan *seed_scan_create(const struct seed_scan_options *options, struct err *err)
{
    struct seed_scan *scan = calloc(1, sizeof *scan);

    if (!scan) {
        err_memory(err, "the seed scan");
        return NULL;
    }
    scan->options = *options;
    scan->moved.kind = options->kind_moved;
    scan->done.kind = options->kind_done;
    options->source->stop = &scan->stop;
    if (set_up(scan, err) || thread_run(&scan->thread, scan_main, scan, "the seed scan", err)) {
        options->source->stop = NULL;
        release(scan);
        return NULL;
    }
    return scan;
}

uint64_t seed_scan_read(const struct seed_scan *scan)
{
    return atomic_load(&scan->read);
}

void seed_scan_stop(struct seed_scan *scan)
{
    atomic_store(&scan->stop, true);
}

int seed_scan_result(struct seed_scan *scan, struct err *err)
{
    if (!scan->err.family)
        return 0;
    *err = scan->err;
    return ERR_FAIL;
}

void seed_scan_destroy(struct seed_scan *scan)
{
    if (!scan)
        return;
    seed_scan_stop(scan);
    pthread_join(scan->thread, NULL);
    release(scan);
}
