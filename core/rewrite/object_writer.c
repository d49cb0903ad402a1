/*
 * The size of the new object is not known before its chunks are packed. So a part is filled from
 * the pieces until it is full; what a chunk has beyond its end begins the next part.
 *
 * Parts have the same size, because some stores demand it. A part that the store does not copy is
 * read with several requests at a time and sent. Two buffers would save the wait for the network; a
 * rewrite is rare, so there is one.
 */
#include "rewrite/object_writer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "pack/chunk/chunker.h"
#include "rewrite/chunk_window.h"
#include "rewrite/repacker.h"

#define GROUP 32 /* requests at a time */

struct work {
    const struct object_writer *what;
    uint64_t most, part_size; /* most: a bound of the size */
    /* the piece that contains the next byte, and the offset in it */
    size_t piece;
    uint64_t within;
    struct repacker *repacker; /* NULL until the first such chunk */
    uint8_t *buffer;           /* a part and a chunk */
    uint64_t filled;           /* bytes in the buffer, also those that are being read */
    struct store_op *ops;
    unsigned op_count;
    bool refused; /* the store does not copy ranges */
    unsigned number;
    struct object_runs *copied;
    uint64_t written; /* bytes of the finished parts */
    char upload[STORE_UPLOAD_MAX];
    struct store_part *parts;
    unsigned part_count;
};

static const struct metadata_object *source_of(const struct work *w, size_t piece)
{
    return &w->what->objects[w->what->pieces[piece].object];
}

static int explain(const struct store_op *op, struct err *err)
{
    if (op->answer == STORE_FAILED)
        return *err = op->err, ERR_FAIL;
    if (op->answer == STORE_CHANGED)
        return err_set(err, ERR_CONFLICT, "changed", "%s was replaced meanwhile",
                       op->source ? op->source : op->key);
    return err_set(err, ERR_NOT_FOUND, "object", "%s does not exist",
                   op->source ? op->source : op->key);
}

static int run_group(struct work *w, struct err *err)
{
    struct store_op *all[GROUP] = {NULL};
    unsigned count = w->op_count;

    w->op_count = 0;
    for (unsigned i = 0; i < count; i++)
        all[i] = &w->ops[i];
    if (store_run_all(w->what->store, all, count, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < count; i++)
        if (w->ops[i].answer != STORE_DONE)
            return explain(&w->ops[i], err);
    return 0;
}

/* Moves on by `size` bytes, which the current piece has. */
static void advance(struct work *w, uint64_t size)
{
    w->within += size;
    if (w->within < w->what->pieces[w->piece].size)
        return;
    w->piece++;
    w->within = 0;
}

static uint64_t left_in_piece(const struct work *w)
{
    return w->what->pieces[w->piece].size - w->within;
}

static void read_bytes(struct work *w)
{
    uint64_t room = w->part_size - w->filled, left = left_in_piece(w);
    uint64_t take = left < room ? left : room;

    w->ops[w->op_count++] =
        (struct store_op){.verb = STORE_GET,
                          .key = source_of(w, w->piece)->key,
                          .if_match = source_of(w, w->piece)->etag,
                          .offset = w->what->pieces[w->piece].offset + w->within,
                          .length = take,
                          .buffer = w->buffer + w->filled};
    w->filled += take;
    advance(w, take);
}

/* Returns the bytes from the current piece on that are packed again and lie one behind the
 * other. */
static uint64_t find_ahead(const struct work *w)
{
    const struct rewrite_piece *first = &w->what->pieces[w->piece],
                               *end = w->what->pieces + w->what->count;
    uint64_t size = first->size;

    for (const struct rewrite_piece *next = first + 1; next < end; next++) {
        if (!next->raw_size || next->object != first->object ||
            next->offset != first->offset + size || size + next->size > CHUNK_WINDOW)
            break;
        size += next->size;
    }
    return size;
}

static int repack(struct work *w, struct err *err)
{
    struct rewrite_piece *piece = &w->what->pieces[w->piece];
    const struct repack_chunk chunk = {.object = source_of(w, w->piece),
                                       .offset = piece->offset,
                                       .size = (uint32_t)piece->size,
                                       .raw_size = piece->raw_size,
                                       .ahead = find_ahead(w)};

    if (!w->repacker)
        w->repacker = repacker_create(w->what->store, &w->what->choice, err);
    if (!w->repacker ||
        repacker_run(w->repacker, &chunk, w->buffer + w->filled, &piece->packed, err))
        return ERR_FAIL;
    w->filled += piece->packed;
    advance(w, piece->size);
    return 0;
}

/* Fills a part, or what is left of the pieces. */
static int fill(struct work *w, struct err *err)
{
    while (w->filled < w->part_size && w->piece < w->what->count) {
        if (w->what->pieces[w->piece].raw_size) {
            if (repack(w, err))
                return ERR_FAIL;
            continue;
        }
        read_bytes(w);
        if (w->op_count == GROUP && run_group(w, err))
            return ERR_FAIL;
    }
    return w->op_count ? run_group(w, err) : 0;
}

static void keep_part(struct work *w, unsigned number, const char *etag)
{
    w->parts[w->part_count].number = number;
    str_copy(w->parts[w->part_count].etag, sizeof w->parts->etag, etag);
    w->part_count++;
}

/* Lets the store copy the next part. Returns 1 if it does not copy. */
static int copy_part(struct work *w, unsigned number, uint64_t size, struct err *err)
{
    struct store_op op = {.verb = STORE_UPLOAD_COPY_PART,
                          .key = w->what->key,
                          .upload_id_in = w->upload,
                          .part_number = number,
                          .source = source_of(w, w->piece)->key,
                          .if_match = source_of(w, w->piece)->etag,
                          .offset = w->what->pieces[w->piece].offset + w->within,
                          .length = size,
                          .optional = true};

    if (store_run(w->what->store, &op, err) == STORE_FAILED &&
        (op.failure == STORE_UNSUPPORTED || op.failure == STORE_REJECTED ||
         op.failure == STORE_FORBIDDEN)) {
        log_info("the store does not copy parts of objects: %s", op.err.text);
        w->refused = true;
        return 1;
    }
    if (op.answer != STORE_DONE)
        return explain(&op, err);
    keep_part(w, number, op.info.etag);
    advance(w, size);
    w->written += size;
    return object_runs_add(
        w->copied,
        &(struct object_run){.object = w->number, .offset = w->written - size, .size = size}, err);
}

static int send_part(struct work *w, unsigned number, struct err *err)
{
    struct store_op op = {.verb = STORE_UPLOAD_PART,
                          .key = w->what->key,
                          .upload_id_in = w->upload,
                          .part_number = number};
    uint64_t size;

    if (fill(w, err))
        return ERR_FAIL;
    size = w->filled < w->part_size ? w->filled : w->part_size;
    op.body = view_of(w->buffer, size);
    if (store_run(w->what->store, &op, err) != STORE_DONE)
        return explain(&op, err);
    keep_part(w, number, op.info.etag);
    w->filled -= size;
    memmove(w->buffer, w->buffer + size, w->filled);
    w->written += size;
    return 0;
}

/* Returns the size of the next part if the store may copy it, else 0. */
static uint64_t find_copy(const struct work *w)
{
    uint64_t left;

    if (w->refused || w->filled || w->what->pieces[w->piece].raw_size)
        return 0;
    left = left_in_piece(w);
    if (left >= w->part_size)
        return w->part_size;
    return w->piece + 1 == w->what->count ? left : 0; /* the last part is shorter */
}

static int write_parts(struct work *w, struct err *err)
{
    for (unsigned number = 1; w->filled || w->piece < w->what->count; number++) {
        uint64_t size = find_copy(w);
        int answer = size ? copy_part(w, number, size, err) : 1;

        if (answer > 0)
            answer = send_part(w, number, err);
        if (answer)
            return ERR_FAIL;
    }
    return 0;
}

static int complete(struct work *w, struct store_info *info, struct err *err)
{
    struct store_op op = {.verb = STORE_UPLOAD_COMPLETE,
                          .key = w->what->key,
                          .upload_id_in = w->upload,
                          .parts = w->parts,
                          .part_count = w->part_count,
                          .length = w->written};

    if (store_run(w->what->store, &op, err) != STORE_DONE)
        return explain(&op, err);
    *info = op.info;
    info->size = w->written;
    return 0;
}

static int write_large(struct work *w, struct store_info *info, struct err *err)
{
    struct store_op begin = {.verb = STORE_UPLOAD_CREATE, .key = w->what->key, .archive = true};
    struct store_op end = {
        .verb = STORE_UPLOAD_ABORT, .key = w->what->key, .upload_id_in = w->upload};
    struct err ignored;

    if (store_run(w->what->store, &begin, err) != STORE_DONE)
        return explain(&begin, err);
    memcpy(w->upload, begin.upload_id, sizeof w->upload);
    if (write_parts(w, err) == 0 && complete(w, info, err) == 0)
        return 0;
    (void)store_run(w->what->store, &end, &ignored);
    return ERR_FAIL;
}

static int write_small(struct work *w, struct store_info *info, struct err *err)
{
    struct store_op op = {.verb = STORE_PUT, .key = w->what->key, .archive = true};

    if (fill(w, err))
        return ERR_FAIL;
    op.body = view_of(w->buffer, w->filled);
    if (store_run(w->what->store, &op, err) != STORE_DONE)
        return explain(&op, err);
    *info = op.info;
    info->size = w->filled;
    return 0;
}

static uint64_t find_most(const struct object_writer *what)
{
    uint64_t most = 0;

    for (size_t i = 0; i < what->count; i++)
        most += what->pieces[i].raw_size ? codec_packed_max(what->pieces[i].raw_size)
                                         : what->pieces[i].size;
    return most;
}

int object_writer_run(const struct object_writer *what, unsigned number, struct store_info *info,
                      struct object_runs *copied, struct err *err)
{
    struct work w = {.what = what,
                     .most = find_most(what),
                     .part_size = what->store->limits.part_size,
                     .number = number,
                     .copied = copied};
    int failed = ERR_FAIL;

    while (w.most / w.part_size >= what->store->limits.parts_most)
        w.part_size *= 2;
    w.buffer = malloc((w.most < w.part_size ? w.most : w.part_size) + codec_bound(CHUNK_MAX_LIMIT));
    w.ops = calloc(GROUP, sizeof *w.ops);
    w.parts = calloc(w.most / w.part_size + 1, sizeof *w.parts);
    if (!w.buffer || !w.ops || !w.parts)
        err_memory(err, "a part");
    else if (w.most <= w.part_size)
        failed = write_small(&w, info, err);
    else
        failed = write_large(&w, info, err);
    repacker_destroy(w.repacker);
    free(w.buffer);
    free(w.ops);
    free(w.parts);
    return failed;
}
