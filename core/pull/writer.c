/*
 * The first failure stays; later spans only return. The thread ends with the message `end`.
 */
#include "pull/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/codes.h"
#include "base/err.h"
#include "flow/thread.h"
#include "pack/codec/unpack.h"

#define RAW_ROOM (256 * KIB)

enum { END_WHOLE = 1, END_EARLY };

struct writer {
    struct writer_options options;
    struct inbox *todo;
    struct msg end, verified, done;
    pthread_t thread;

    struct unpack *unpack;
    struct digest *md5;
    uint8_t *raw_room;
    uint64_t raw;
    const struct image_info *info;
    struct view config;
    struct err err; /* the first failure; nothing is written after it */
};

/* Passes on the next bytes of the save stream. */
static int pass_on(struct writer *writer, struct view bytes, struct err *err)
{
    uint64_t at = writer->raw;

    writer->raw += bytes.size;
    if (writer->options.raw_size && writer->raw > writer->options.raw_size)
        return err_set(err, ERR_INTEGRITY, "size",
                       "the archive inflates to more than the %llu bytes of its metadata",
                       (unsigned long long)writer->options.raw_size);
    if (writer->options.bundle_writer)
        return bundle_writer_feed(writer->options.bundle_writer, at, bytes, err);
    return verify_stream_feed(writer->options.verify, bytes, err);
}

/* s3dock writes no archive that needs more memory than a reader has. */
static int as_archive_error(const struct writer *writer, struct err *err)
{
    if (!err_is(err, ERR_UNSUPPORTED, CODE_PACKING))
        return ERR_FAIL;
    err_wrap(err, "the archive in the bucket cannot be read");
    return err_hint(err,
                    "push the image again by force, without delta; or unpack its archive with %s",
                    writer->options.packed->command);
}

/* Inflates the next bytes of an archive without an index. */
static int inflate_piece(struct writer *writer, struct view packed, struct err *err)
{
    size_t produced;

    digest_add(writer->md5, packed.data, packed.size);
    do {
        if (unpack_read(writer->unpack, &packed, writer->raw_room, RAW_ROOM, &produced, err))
            return as_archive_error(writer, err);
        if (produced && pass_on(writer, view_of(writer->raw_room, produced), err))
            return ERR_FAIL;
    } while (packed.size || produced == RAW_ROOM);
    return 0;
}

/* Returns the bytes of a run of chunks that follow each other in the save stream. */
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

/* Passes on the chunks of a span with their offsets, in few pieces: each piece becomes a chunk of
 * the HTTP request that the daemon reads. */
static int write_chunks(struct writer *writer, const struct span *span, struct err *err)
{
    const uint8_t *raw = span->buffer->out;

    for (unsigned i = 0, next; i < span->count; i = next) {
        size_t size = run_of(span, i, &next);

        if (bundle_writer_feed(writer->options.bundle_writer, span->chunks[i].raw_offset,
                               view_of(raw, size), err))
            return ERR_FAIL;
        raw += size;
    }
    writer->raw += span->out_size;
    return 0;
}

static int write_bytes(struct writer *writer, struct span *span)
{
    if (writer->options.packed)
        return inflate_piece(writer, view_of(span->buffer->in, span->in_size), &span->err);
    if (writer->options.summed)
        digest_add(writer->md5, span->buffer->in, span->in_size);
    if (writer->options.verify)
        return pass_on(writer, view_of(span->buffer->out, span->out_size), &span->err);
    return write_chunks(writer, span, &span->err);
}

static void write_span(struct writer *writer, struct span *span)
{
    if (!writer->err.family && write_bytes(writer, span))
        writer->err = span->err;
    span->job.msg.kind = writer->options.kind_span;
    inbox_post(writer->options.inbox, &span->job.msg);
}

static int compare_checksum(struct writer *writer, struct err *err)
{
    uint8_t md5[MD5_SIZE];
    char hex[MD5_HEX_SIZE];

    digest_end(writer->md5, md5);
    hex_encode(md5, sizeof md5, hex);
    if (!writer->options.checksum || !writer->options.checksum[0] ||
        strcasecmp(hex, writer->options.checksum) == 0)
        return 0;
    return err_set(err, ERR_INTEGRITY, "checksum", "checksum mismatch: expected %s, got %s",
                   writer->options.checksum, hex);
}

/* Checks that the whole archive was inflated. */
static int end_archive(struct writer *writer, struct err *err)
{
    if (unpack_finish(writer->unpack, err) || compare_checksum(writer, err))
        return ERR_FAIL;
    if (!writer->options.raw_size || writer->raw == writer->options.raw_size)
        return 0;
    return err_set(err, ERR_INTEGRITY, "size",
                   "the archive inflates to %llu bytes, but its metadata states %llu",
                   (unsigned long long)writer->raw, (unsigned long long)writer->options.raw_size);
}

static int verify_all(struct writer *writer, struct err *err)
{
    if (writer->options.packed && end_archive(writer, err))
        return ERR_FAIL;
    if (writer->options.summed && compare_checksum(writer, err))
        return ERR_FAIL;
    if (writer->options.verify)
        return verify_stream_finish(writer->options.verify, &writer->info, &writer->config, err);
    return bundle_writer_finish(writer->options.bundle_writer, err);
}

static int finish(struct writer *writer, struct err *err)
{
    if (verify_all(writer, err))
        return ERR_FAIL;
    inbox_post(writer->options.inbox, &writer->verified);
    return writer->options.sink ? sink_finish(writer->options.sink, err) : 0;
}

static void *writer_main(void *arg)
{
    struct writer *writer = arg;
    struct msg *msg;

    for (;;) {
        msg = inbox_take(writer->todo, INBOX_FOREVER);
        if (msg == &writer->end)
            break;
        write_span(writer, (struct span *)msg);
    }
    if (writer->end.kind == END_WHOLE && !writer->err.family)
        finish(writer, &writer->err);
    inbox_post(writer->options.inbox, &writer->done);
    return NULL;
}

static void release(struct writer *writer)
{
    inbox_destroy(writer->todo);
    unpack_destroy(writer->unpack);
    digest_destroy(writer->md5);
    free(writer->raw_room);
    free(writer);
}

static int set_up(struct writer *writer, struct err *err)
{
    writer->todo = inbox_create(err);
    if (writer->options.packed || writer->options.summed) {
        writer->md5 = digest_create(DIGEST_MD5);
        if (!writer->md5)
            return err_memory(err, "the writer");
    }
    if (writer->options.packed) {
        writer->unpack = unpack_create(writer->options.packed, UNPACK_MEMORY_BUCKET, err);
        writer->raw_room = malloc(RAW_ROOM);
        if (!writer->unpack || !writer->raw_room)
            return err_memory(err, "the writer");
    }
    return writer->todo ? 0 : err_memory(err, "the writer");
}

struct writer *writer_create(const struct writer_options *options, struct err *err)
{
    struct writer *writer = calloc(1, sizeof *writer);

    if (!writer) {
        err_memory(err, "the writer");
        return NULL;
    }
    writer->options = *options;
    writer->verified.kind = options->kind_verified;
    writer->done.kind = options->kind_done;
    if (set_up(writer, err) ||
        thread_run(&writer->thread, writer_main, writer, "the writer", err)) {
        release(writer);
        return NULL;
    }
    return writer;
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
