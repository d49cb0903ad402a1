/*
 * Parts have the same size, because some stores demand it. A part that the store does not copy is read
 * with several requests at a time and sent. Two buffers would save the wait for the network; a rewrite
 * is rare, so there is one.
 */
#include "rewrite/object_writer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"

#define GROUP 32 /* requests at a time */

struct work {
    const struct object_writer *what;
    uint64_t total, part_size;
    /* the piece that contains the next byte, and the offset in it */
    size_t piece;
    uint64_t within;
    uint8_t *buffer;
    struct store_op *ops;
    bool refused; /* the store does not copy ranges */
    unsigned number;
    struct object_runs *copied;
    uint64_t written; /* bytes of the parts before */
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

static int run_group(struct work *w, unsigned count, struct err *err)
{
    struct store_op *all[GROUP] = {NULL};

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

/* Reads the next bytes into the buffer. */
static int read_bytes(struct work *w, uint64_t size, struct err *err)
{
    uint64_t done = 0;
    unsigned count = 0;

    while (done < size) {
        uint64_t take = left_in_piece(w) < size - done ? left_in_piece(w) : size - done;

        w->ops[count++] = (struct store_op){.verb = STORE_GET,
                                            .key = source_of(w, w->piece)->key,
                                            .if_match = source_of(w, w->piece)->etag,
                                            .offset = w->what->pieces[w->piece].offset + w->within,
                                            .length = take,
                                            .buffer = w->buffer + done};
        advance(w, take);
        done += take;
        if (count < GROUP && done < size)
            continue;
        if (run_group(w, count, err))
            return ERR_FAIL;
        count = 0;
    }
    return 0;
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
    return object_runs_add(
        w->copied, &(struct object_run){.object = w->number, .offset = w->written, .size = size},
        err);
}

static int send_part(struct work *w, unsigned number, uint64_t size, struct err *err)
{
    struct store_op op = {.verb = STORE_UPLOAD_PART,
                          .key = w->what->key,
                          .upload_id_in = w->upload,
                          .part_number = number,
                          .body = view_of(w->buffer, size)};

    if (read_bytes(w, size, err))
        return ERR_FAIL;
    if (store_run(w->what->store, &op, err) != STORE_DONE)
        return explain(&op, err);
    keep_part(w, number, op.info.etag);
    return 0;
}

static int write_parts(struct work *w, struct err *err)
{
    uint64_t done = 0;

    for (unsigned number = 1; done < w->total; number++) {
        uint64_t size = w->total - done < w->part_size ? w->total - done : w->part_size;
        int answer = 1;

        if (!w->refused && left_in_piece(w) >= size)
            answer = copy_part(w, number, size, err);
        if (answer > 0)
            answer = send_part(w, number, size, err);
        if (answer)
            return ERR_FAIL;
        done += size;
        w->written = done;
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
                          .length = w->total};

    if (store_run(w->what->store, &op, err) != STORE_DONE)
        return explain(&op, err);
    *info = op.info;
    info->size = w->total;
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

    if (read_bytes(w, w->total, err))
        return ERR_FAIL;
    op.body = view_of(w->buffer, w->total);
    if (store_run(w->what->store, &op, err) != STORE_DONE)
        return explain(&op, err);
    *info = op.info;
    info->size = w->total;
    return 0;
}

int object_writer_run(const struct object_writer *what, unsigned number, struct store_info *info,
                      struct object_runs *copied, struct err *err)
{
    struct work w = {.what = what,
                     .part_size = what->store->limits.part_size,
                     .number = number,
                     .copied = copied};
    int failed = ERR_FAIL;

    for (size_t i = 0; i < what->count; i++)
        w.total += what->pieces[i].size;
    while (w.total / w.part_size >= what->store->limits.parts_most)
        w.part_size *= 2;
    w.buffer = malloc(w.total < w.part_size ? w.total + 1 : w.part_size);
    w.ops = calloc(GROUP, sizeof *w.ops);
    w.parts = calloc(w.total / w.part_size + 1, sizeof *w.parts);
    if (!w.buffer || !w.ops || !w.parts)
        err_memory(err, "a part");
    else if (w.total <= w.part_size)
        failed = write_small(&w, info, err);
    else
        failed = write_large(&w, info, err);
    free(w.buffer);
    free(w.ops);
    free(w.parts);
    return failed;
}
