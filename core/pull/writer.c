#include "pull/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "flow/thread.h"
#include "pack/codec/gunzip.h"

#define RAW_ROOM (256 * KIB)

enum { END_WHOLE = 1, END_EARLY };

struct writer {
    struct writer_options options;
    struct inbox *todo;
    struct msg end, verified, done;
    pthread_t thread;

    struct gunzip *gunzip;
    struct digest *md5;
    uint8_t *raw_room;
    uint64_t raw;
    const struct image_info *info;
    struct view config;
    struct err err; /* the first failure; nothing is written after it */
};

/* The bytes that follow in the stream. */
static int deliver(struct writer *w, struct view bytes, struct err *err)
{
    uint64_t at = w->raw;

    w->raw += bytes.size;
    if (w->options.raw_size && w->raw > w->options.raw_size)
        return err_set(err, ERR_INTEGRITY, "size",
                       "the archive inflates to more than the %llu bytes that its metadata says",
                       (unsigned long long)w->options.raw_size);
    if (w->options.bundle_writer)
        return bundle_writer_feed(w->options.bundle_writer, at, bytes, err);
    return verify_stream_feed(w->options.verify, bytes, err);
}

/* The next bytes of an archive without an index. */
static int inflate_piece(struct writer *w, struct view packed, struct err *err)
{
    size_t produced;

    digest_add(w->md5, packed.data, packed.size);
    do {
        if (gunzip_read(w->gunzip, &packed, w->raw_room, RAW_ROOM, &produced, err))
            return ERR_FAIL;
        if (produced && deliver(w, view_of(w->raw_room, produced), err))
            return ERR_FAIL;
    } while (packed.size || produced == RAW_ROOM);
    return 0;
}

/* Bytes of chunks that follow each other in the stream, from the first of them on. */
static size_t run_of(const struct span *span, unsigned first, unsigned *next)
{
    const struct span_chunk *chunks = span->chunks;
    size_t size = chunks[first].chunk.raw_size;

    for (*next = first + 1;
         *next < span->count && chunks[*next].raw_offset == chunks[first].raw_offset + size;
         ++*next)
        size += chunks[*next].chunk.raw_size;
    return size;
}

/* Parts of the stream, each with its place; in as few pieces as can be, since a piece is a chunk of
 * the request that the daemon reads. */
static int assemble(struct writer *w, const struct span *span, struct err *err)
{
    const uint8_t *raw = span->slot->out;

    for (unsigned i = 0, next; i < span->count; i = next) {
        size_t size = run_of(span, i, &next);

        if (bundle_writer_feed(w->options.bundle_writer, span->chunks[i].raw_offset,
                               view_of(raw, size), err))
            return ERR_FAIL;
        raw += size;
    }
    w->raw += span->out_size;
    return 0;
}

static int write_bytes(struct writer *w, struct span *span)
{
    if (w->options.packed)
        return inflate_piece(w, view_of(span->slot->in, span->in_size), &span->err);
    if (w->options.summed)
        digest_add(w->md5, span->slot->in, span->in_size);
    if (w->options.verify)
        return deliver(w, view_of(span->slot->out, span->out_size), &span->err);
    return assemble(w, span, &span->err);
}

static void write_span(struct writer *w, struct span *span)
{
    if (!w->err.family && write_bytes(w, span))
        w->err = span->err;
    span->job.msg.kind = w->options.kind_span;
    inbox_post(w->options.home, &span->job.msg);
}

static int compare_checksum(struct writer *w, struct err *err)
{
    uint8_t md5[MD5_SIZE];
    char hex[MD5_HEX_SIZE];

    digest_end(w->md5, md5);
    hex_encode(md5, sizeof md5, hex);
    if (!w->options.checksum || !w->options.checksum[0] ||
        strcasecmp(hex, w->options.checksum) == 0)
        return 0;
    return err_set(err, ERR_INTEGRITY, "checksum", "checksum mismatch: expected %s, got %s",
                   w->options.checksum, hex);
}

/* A gzip archive has ended: was it all of it? */
static int end_archive(struct writer *w, struct err *err)
{
    if (gunzip_finish(w->gunzip, err) || compare_checksum(w, err))
        return ERR_FAIL;
    if (!w->options.raw_size || w->raw == w->options.raw_size)
        return 0;
    return err_set(err, ERR_INTEGRITY, "size",
                   "the archive inflates to %llu bytes where its metadata says %llu",
                   (unsigned long long)w->raw, (unsigned long long)w->options.raw_size);
}

/* All was fed: is it the image? */
static int judge(struct writer *w, struct err *err)
{
    if (w->options.packed && end_archive(w, err))
        return ERR_FAIL;
    if (w->options.summed && compare_checksum(w, err))
        return ERR_FAIL;
    if (w->options.verify)
        return verify_stream_finish(w->options.verify, &w->info, &w->config, err);
    return bundle_writer_finish(w->options.bundle_writer, err);
}

static int conclude(struct writer *w, struct err *err)
{
    if (judge(w, err))
        return ERR_FAIL;
    inbox_post(w->options.home, &w->verified);
    return w->options.sink ? sink_finish(w->options.sink, err) : 0;
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct msg *msg;

    for (;;) {
        msg = inbox_take(w->todo, INBOX_FOREVER);
        if (msg == &w->end)
            break;
        write_span(w, (struct span *)msg);
    }
    if (w->end.kind == END_WHOLE && !w->err.family)
        conclude(w, &w->err);
    inbox_post(w->options.home, &w->done);
    return NULL;
}

static void release(struct writer *w)
{
    inbox_destroy(w->todo);
    gunzip_destroy(w->gunzip);
    digest_destroy(w->md5);
    free(w->raw_room);
    free(w);
}

static int equip(struct writer *w, struct err *err)
{
    w->todo = inbox_create(err);
    if (w->options.packed || w->options.summed) {
        w->md5 = digest_create(DIGEST_MD5);
        if (!w->md5)
            return err_memory(err, "the writer");
    }
    if (w->options.packed) {
        w->gunzip = gunzip_create(err);
        w->raw_room = malloc(RAW_ROOM);
        if (!w->gunzip || !w->raw_room)
            return err_memory(err, "the writer");
    }
    return w->todo ? 0 : err_memory(err, "the writer");
}

struct writer *writer_create(const struct writer_options *options, struct err *err)
{
    struct writer *w = calloc(1, sizeof *w);

    if (!w) {
        err_memory(err, "the writer");
        return NULL;
    }
    w->options = *options;
    w->verified.kind = options->kind_verified;
    w->done.kind = options->kind_done;
    if (equip(w, err) || thread_start(&w->thread, writer_main, w, "the writer", err)) {
        release(w);
        return NULL;
    }
    return w;
}

void writer_give(struct writer *writer, struct span *span)
{
    inbox_post(writer->todo, &span->job.msg);
}

void writer_end(struct writer *writer, bool whole)
{
    writer->end.kind = whole ? END_WHOLE : END_EARLY;
    inbox_post(writer->todo, &writer->end);
}

int writer_result(struct writer *writer, struct err *err)
{
    if (!writer->err.family)
        return 0;
    *err = writer->err;
    return ERR_FAIL;
}

const struct image_info *writer_image(const struct writer *writer)
{
    return writer->info;
}

struct view writer_config(const struct writer *writer)
{
    return writer->config;
}

uint64_t writer_raw(const struct writer *writer)
{
    return writer->raw;
}

void writer_destroy(struct writer *writer)
{
    if (!writer)
        return;
    pthread_join(writer->thread, NULL);
    release(writer);
}
