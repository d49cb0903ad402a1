/*
 * The copy is conditional on the ETag of the source. Its size is compared at the end.
 */
#include "store/copy_object.h"

#include <stdlib.h>

#define COPY_WHOLE_MAX (5 * (uint64_t)GIB)
#define COPY_PART      (1 * (uint64_t)GIB) /* 10,000 of these exceed every store's largest object */

static int copy_error(const struct store_op *op, const char *source, struct err *err)
{
    if (op->answer == STORE_ABSENT)
        return COPY_ABSENT;
    if (op->answer == STORE_CHANGED)
        err_set(err, ERR_CONFLICT, "changed", "%s was replaced by another writer during the copy",
                source);
    return ERR_FAIL;
}

static int copy_whole(struct store *store, const char *source, const struct store_info *info,
                      const char *key, struct err *err)
{
    struct store_op op = {.verb = STORE_COPY, .key = key, .source = source, .if_match = info->etag};

    return store_run(store, &op, err) == STORE_DONE ? 0 : copy_error(&op, source, err);
}

static int copy_parts(struct store *store, const char *source, const struct store_info *info,
                      const char *key, const char *id, struct store_part *parts, unsigned count,
                      struct err *err)
{
    struct store_op complete = {.verb = STORE_UPLOAD_COMPLETE,
                                .key = key,
                                .upload_id_in = id,
                                .parts = parts,
                                .part_count = count,
                                .length = info->size};

    for (unsigned i = 0; i < count; i++) {
        uint64_t offset = i * COPY_PART, left = info->size - offset;
        struct store_op op = {.verb = STORE_UPLOAD_COPY_PART,
                              .key = key,
                              .source = source,
                              .if_match = info->etag,
                              .upload_id_in = id,
                              .part_number = i + 1,
                              .offset = offset,
                              .length = left < COPY_PART ? left : COPY_PART};

        if (store_run(store, &op, err) != STORE_DONE)
            return copy_error(&op, source, err);
        parts[i].number = i + 1;
        str_copy(parts[i].etag, sizeof parts[i].etag, op.info.etag);
    }
    if (store_run(store, &complete, err) == STORE_DONE)
        return 0;
    if (complete.answer != STORE_FAILED)
        err_set(err, ERR_CONFLICT, "upload", "the unfinished copy %s is gone from the store", key);
    return ERR_FAIL;
}

static int copy_large(struct store *store, const char *source, const struct store_info *info,
                      const char *key, struct err *err)
{
    unsigned count = (unsigned)((info->size + COPY_PART - 1) / COPY_PART);
    struct store_op create = {.verb = STORE_UPLOAD_CREATE, .key = key};
    struct store_part *parts = calloc(count, sizeof *parts);
    struct err ignored;
    int answer;

    if (!parts)
        return err_memory(err, "the copy");
    answer = store_run(store, &create, err) == STORE_DONE ? 0 : ERR_FAIL;
    if (answer == 0) {
        answer = copy_parts(store, source, info, key, create.upload_id, parts, count, err);
        if (answer) {
            struct store_op abort_op = {
                .verb = STORE_UPLOAD_ABORT, .key = key, .upload_id_in = create.upload_id};

            store_run(store, &abort_op, &ignored);
        }
    }
    free(parts);
    return answer;
}

int copy_object(struct store *store, const char *source, const struct store_info *info,
                const char *key, uint64_t *copied, struct err *err)
{
    struct store_info made = {0};
    int answer = info->size <= COPY_WHOLE_MAX ? copy_whole(store, source, info, key, err)
                                              : copy_large(store, source, info, key, err);

    if (answer)
        return answer;
    if (store_head(store, key, &made, err) == STORE_FAILED)
        return ERR_FAIL;
    if (made.size != info->size)
        return err_set(err, ERR_INTEGRITY, "copy", "the store's copy %s is not complete", key);
    if (copied)
        *copied += info->size;
    return 0;
}
