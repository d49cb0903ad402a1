/*
 * buffer->in is a window. It holds, from its beginning, the bytes since the last boundary that
 * ended a span:
 *
 *     0          begun        scanned        filled       buffer_size
 *     | chunk | chunk | part of  | read, not    |  room     |
 *     |  (in the span)| a chunk  | scanned      |           |
 *
 * When there may be no room for a whole further chunk, the span is posted with the chunks that it
 * has. The bytes after the last boundary move to the beginning of the next buffer. No other bytes
 * are copied.
 */
#include "push/reader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "flow/thread.h"
#include "pack/chunk/cut.h"
#include "pack/image/bundle.h"
#include "pack/index/skippable_layers.h"

struct reader {
    struct reader_options options;
    struct inbox *empties; /* empty spans, from the engine */
    atomic_bool stop;
    pthread_t thread;
    struct msg started, done;
    bool has_started;

    struct cut *cut;
    struct image *image;
    const struct image_info *info;
    struct err err;

    struct push_span *span; /* being filled */
    uint64_t next_number;
    size_t begun, scanned, filled;
    uint64_t at;     /* offset of the last boundary in the stream */
    uint32_t cursor; /* a hint for chunk_lookup_find */
    bool skipping;
};

static void post(struct reader *r, struct push_span *span, int kind)
{
    span->job.msg.kind = kind;
    inbox_post(r->options.inbox, &span->job.msg);
}

/* Returns true if the chunks of the next span decide which layers are read, or are skipped chunks.
 */
static bool names_at_once(const struct reader *r)
{
    const struct skippable_layers *unread = r->options.source->unread;

    return r->options.known && unread && (r->skipping || !skippable_is_over(unread));
}

/* Waits for an empty span. NULL: the reader must stop. */
static struct push_span *next_span(struct reader *r)
{
    while (!atomic_load(&r->stop)) {
        struct msg *msg = inbox_take(r->empties, clock_monotonic() + CANCEL_TICK);

        if (msg) {
            struct push_span *span = push_span_of(((struct push_span *)msg)->buffer);

            span->named = span->looked_up = names_at_once(r);
            return span;
        }
    }
    return NULL;
}

static int fail_stopped(struct err *err)
{
    return err_set(err, ERR_CANCELLED, "stopped", "reading was stopped");
}

/* Posts the full span, and continues in a new one with the bytes after the last boundary. */
static int begin_next_span(struct reader *r, struct err *err)
{
    struct push_span *full = r->span, *fresh = next_span(r);
    size_t tail = r->filled - r->begun;

    if (!fresh)
        return fail_stopped(err);
    memcpy(fresh->buffer->in, full->buffer->in + r->begun, tail);
    full->in_size = r->begun;
    full->number = r->next_number++;
    post(r, full, r->options.kind_span);
    r->span = fresh;
    r->scanned -= r->begun;
    r->begun = 0;
    r->filled = tail;
    return 0;
}

static const struct push_chunk *end_chunk(struct reader *r, unsigned flags)
{
    struct push_chunk *chunk = &r->span->chunks[r->span->count++];
    uint32_t size = (uint32_t)(r->scanned - r->begun);

    *chunk = (struct push_chunk){.chunk = {.raw_size = size}, .flags = flags};
    if (r->span->named) {
        chunk->chunk.name = chunk_name_of(NAME_SHA256, r->span->buffer->in + r->begun, size);
        chunk_lookup_find(r->options.known, &chunk->chunk.name, size, &r->cursor, &chunk->held);
    }
    r->begun = r->scanned;
    r->at += size;
    return chunk;
}

static bool span_is_full(const struct reader *r)
{
    return r->options.buffer_size - r->begun < READER_BUFFER_MIN / 2 ||
           r->span->count == PUSH_SPAN_CHUNKS;
}

/* ---- skipped layers ---- */

static int add_unread(struct reader *r, const struct skippable_layer *layer, uint32_t first,
                      unsigned flags, struct err *err)
{
    const struct index_chunk *next;
    struct index_cursor cursor;
    struct index_place place;
    uint64_t run = 0; /* packed bytes of the extent, from the next chunk on */

    index_cursor_init(&cursor, layer->section);
    for (uint32_t i = 0; (next = index_cursor_next(&cursor, &place)); i++) {
        struct push_chunk *chunk;

        if (run == 0)
            run = next->packed_size + index_cursor_run(&cursor);
        run -= next->packed_size;
        if (i < first)
            continue;
        chunk = &r->span->chunks[r->span->count++];
        *chunk = (struct push_chunk){.chunk = {.raw_size = next->raw_size, .name = next->name},
                                     .flags = flags,
                                     .fate = CHUNK_UNREAD,
                                     .held = {.object = layer->held->objects[place.object],
                                              .offset = place.offset,
                                              .size = next->packed_size,
                                              .run_size = next->packed_size + run}};
        r->span->unread += next->raw_size;
        flags = 0;
        if (span_is_full(r) && begin_next_span(r, err))
            return ERR_FAIL;
    }
    return 0;
}

/* Drops the bytes of the layer that were read already, and skips the others in the source. */
static int skip_layer(struct reader *r, const struct skippable_layer *layer, uint32_t first,
                      struct err *err)
{
    size_t have = r->filled - r->scanned;
    uint64_t rest;
    unsigned flags;

    if (!cut_skip(r->cut, &rest, &flags) || r->at + rest != layer->raw_offset + layer->raw_size)
        return err_set(err, ERR_INTEGRITY, "layer", "the layers are not at their expected places");
    if (have > rest)
        have = (size_t)rest;
    if (rest > have && source_skip(r->options.source, rest - have, err))
        return ERR_FAIL;
    memmove(r->span->buffer->in + r->scanned, r->span->buffer->in + r->scanned + have,
            r->filled - r->scanned - have);
    r->filled -= have;
    r->at += rest;
    if (image_skip(r->image, rest, layer->digest, err))
        return ERR_FAIL;
    return add_unread(r, layer, first, flags, err);
}

static int try_skip(struct reader *r, const struct push_chunk *chunk, struct err *err)
{
    const struct skippable_layer *layer;
    uint32_t first;
    int failed;

    if (!r->options.source->unread || !r->span->named)
        return 0;
    layer = skippable_next(r->options.source->unread, &chunk->chunk, &chunk->held, r->at, &first);
    if (!layer)
        return 0;
    r->skipping = true;
    failed = skip_layer(r, layer, first, err);
    r->skipping = false;
    return failed;
}

/* Scans the bytes that were read, and ends chunks at their boundaries. */
static int scan(struct reader *r, struct err *err)
{
    struct push_chunk last;

    while (r->scanned < r->filled) {
        uint8_t *window = r->span->buffer->in + r->scanned;
        struct cut_step step;

        if (cut_scan(r->cut, window, r->filled - r->scanned, &step, err))
            return ERR_FAIL;
        if (step.tar.event == TAR_MORE)
            return 0;
        if (image_feed(r->image, &step.tar, cut_entry(r->cut), window, err))
            return ERR_FAIL;
        r->scanned += step.tar.used;
        if (!step.boundary)
            continue;
        last = *end_chunk(r, step.flags);
        if (span_is_full(r) && begin_next_span(r, err))
            return ERR_FAIL;
        if (try_skip(r, &last, err))
            return ERR_FAIL;
    }
    return 0;
}

/* Reads once, behind the bytes of the window. Returns the bytes, 0 at the end. */
static long fill(struct reader *r, struct err *err)
{
    long got;

    if (atomic_load(&r->stop))
        return fail_stopped(err);
    got = source_read(r->options.source, r->span->buffer->in + r->filled,
                      r->options.buffer_size - r->filled, err);
    if (got <= 0)
        return got;
    r->filled += (size_t)got;
    if (!r->has_started) {
        r->has_started = true;
        inbox_post(r->options.inbox, &r->started);
    }
    return got;
}

/* Refuses an image from which a pull could not make a bundle. */
static int check_bundle(const struct reader *r, struct err *err)
{
    struct bundle *bundle = bundle_create(&(struct bundle_options){.image = r->info,
                                                                   .config = image_config(r->image),
                                                                   .reference = "image:tag"},
                                          err);

    if (!bundle)
        return err_wrap(err, "a pull could not write this image");
    bundle_destroy(bundle);
    return 0;
}

/* Handles the end of the stream: the last chunk, the last span, the verification. */
static int finish(struct reader *r, struct err *err)
{
    unsigned flags = 0;

    if (r->filled == 0 && r->next_number == 0 && r->span->count == 0)
        return err_set(err, ERR_INTEGRITY, "empty", "the %s contains no bytes",
                       source_kind_name(r->options.source->kind));
    if (cut_finish(r->cut, &flags, err) || image_finish(r->image, &r->info, err) ||
        check_bundle(r, err))
        return ERR_FAIL;
    if (r->scanned > r->begun)
        end_chunk(r, flags);
    r->span->in_size = r->begun;
    r->span->number = r->next_number++;
    post(r, r->span, r->options.kind_span);
    r->span = NULL;
    return 0;
}

/* Adds the input file's name to integrity errors. */
static int add_file_name(const struct reader *r, struct err *err)
{
    const char *name = r->options.source->name;

    if (!name || err->family != ERR_INTEGRITY)
        return ERR_FAIL;
    if (!err->hint[0])
        err_hint(err, "an archive of docker save is expected: docker save -o image.tar IMAGE");
    return err_wrap(err, "%s", name);
}

static int read_all(struct reader *r, struct err *err)
{
    r->span = next_span(r);
    if (!r->span)
        return fail_stopped(err);
    for (;;) {
        long got = fill(r, err);

        if (got < 0)
            return ERR_FAIL;
        if (got == 0)
            return finish(r, err) ? add_file_name(r, err) : 0;
        if (scan(r, err))
            return add_file_name(r, err);
    }
}

static void *reader_main(void *arg)
{
    struct reader *r = arg;

    read_all(r, &r->err);
    if (r->span)
        post(r, r->span, r->options.kind_unused);
    inbox_post(r->options.inbox, &r->done);
    return NULL;
}

static void free_reader(struct reader *r)
{
    inbox_destroy(r->empties);
    cut_destroy(r->cut);
    image_destroy(r->image);
    free(r);
}

struct reader *reader_create(const struct reader_options *options, struct err *err)
{
    struct reader *r = calloc(1, sizeof *r);

    if (!r) {
        err_memory(err, "the reader");
        return NULL;
    }
    r->options = *options;
    r->started.kind = options->kind_started;
    r->done.kind = options->kind_done;
    r->cut = cut_create(&options->params, options->mtime);
    r->image = image_create();
    r->empties = inbox_create(err);
    if (r->empties && (!r->cut || !r->image))
        err_memory(err, "the reader");
    if (!r->empties || !r->cut || !r->image) {
        free_reader(r);
        return NULL;
    }
    options->source->stop = &r->stop;
    if (thread_run(&r->thread, reader_main, r, "the reader", err)) {
        options->source->stop = NULL;
        free_reader(r);
        return NULL;
    }
    return r;
}

void reader_give(struct reader *reader, struct push_span *span)
{
    inbox_post(reader->empties, &span->job.msg);
}

struct push_span *reader_reclaim(struct reader *reader)
{
    return (struct push_span *)inbox_take(reader->empties, 0);
}

void reader_stop(struct reader *reader)
{
    atomic_store(&reader->stop, true);
}

int reader_result(struct reader *reader, const struct image_info **info, struct err *err)
{
    if (reader->err.family) {
        *err = reader->err;
        return ERR_FAIL;
    }
    *info = reader->info;
    return 0;
}

void reader_destroy(struct reader *reader)
{
    if (!reader)
        return;
    reader_stop(reader);
    pthread_join(reader->thread, NULL);
    free_reader(reader);
}
