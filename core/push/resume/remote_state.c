/*
 * The parts are listed by the upload's id. Temporary objects are listed by their folder. If the
 * upload does not exist any more, the object under its key may be the completed archive.
 */
#include "push/resume/remote_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "catalog/temp_objects.h"

/* ---- temporary objects ---- */

struct sweep {
    struct store *store;
    const char *folder;
    struct replay *replay; /* gets the objects; NULL: delete them */
};

static void remove_one(struct sweep *sweep, struct store_op *op)
{
    struct err err;

    op->optional = true;
    if (store_run(sweep->store, op, &err) == STORE_FAILED)
        log_info("%s could not be removed: %s", op->key, err.text);
}

static int each_upload(void *arg, const struct store_entry *entry, struct err *err)
{
    struct store_op op = {
        .verb = STORE_UPLOAD_ABORT, .key = entry->key, .upload_id_in = entry->info.etag};

    (void)err;
    remove_one(arg, &op);
    return 0;
}

static int each_object(void *arg, const struct store_entry *entry, struct err *err)
{
    struct store_op op = {.verb = STORE_DELETE, .key = entry->key};
    struct sweep *sweep = arg;
    size_t size = strlen(sweep->folder);
    char *end;

    (void)err;
    if (entry->is_prefix || strncmp(entry->key, sweep->folder, size) != 0)
        return 0;
    if (sweep->replay) {
        unsigned long number = strtoul(entry->key + size, &end, 10);

        if (end != entry->key + size && !*end)
            replay_has_join(sweep->replay, number, &entry->info);
    } else {
        remove_one(sweep, &op);
    }
    return 0;
}

/* Failures are logged: objects that are not listed are made again. */
static void list_folder(struct sweep *sweep)
{
    struct store_op uploads = {.verb = STORE_UPLOADS, .key = sweep->folder, .optional = true};
    struct store_op objects = {.verb = STORE_LIST, .key = sweep->folder, .optional = true};
    struct err err;
    /* Some stores do not list uploads. */
    bool failed = store_each(sweep->store, &uploads, each_upload, sweep, &err) == STORE_FAILED &&
                  uploads.failure != STORE_UNSUPPORTED;

    if (failed || store_each(sweep->store, &objects, each_object, sweep, &err) == STORE_FAILED)
        log_info("temporary objects under %s cannot be listed: %s", sweep->folder, err.text);
}

void remote_state_clear(struct store *store, const char *folder)
{
    struct sweep sweep = {.store = store, .folder = folder};

    if (temp_objects_is_folder(folder))
        list_folder(&sweep);
}

/* ---- the archive itself ---- */

void remote_state_etag(const struct checkpoint *then, char out[STORE_ETAG_MAX])
{
    struct store_part *parts = calloc(then->part_count + 1, sizeof *parts);

    out[0] = '\0';
    for (unsigned i = 0; parts && i < then->part_count; i++)
        str_copy(parts[i].etag, sizeof parts[i].etag, checkpoint_part(then, i + 1)->etag);
    if (parts)
        (void)store_etag_of_parts(out, parts, then->part_count);
    free(parts);
}

/* The push ended between its object and the documents. No other push writes the key of an object of
 * format 3. An archive is that of the interrupted push if it has the recorded ETag, or the ETag
 * that an object of these parts gets. */
int remote_state_is_whole(struct store *store, const struct checkpoint *then,
                          struct store_info *info, struct err *err)
{
    enum store_answer answer;
    char etag[STORE_ETAG_MAX];

    *info = (struct store_info){0};
    if (!then->whole)
        return REMOTE_STATE_GONE;
    answer = store_head(store, then->head.key, info, err);
    if (answer == STORE_FAILED)
        return err_wrap(err, "cannot read the archive of the unfinished push");
    if (answer != STORE_DONE || info->size != then->whole)
        return REMOTE_STATE_GONE;
    if (!checkpoint_has_md5(&then->head))
        return REMOTE_STATE_WHOLE;
    remote_state_etag(then, etag);
    return (then->whole_etag[0] && strcmp(then->whole_etag, info->etag) == 0) ||
                   (etag[0] && strcmp(etag, info->etag) == 0)
               ? REMOTE_STATE_WHOLE
               : REMOTE_STATE_GONE;
}

/* ---- all of it ---- */

static int each_part(void *arg, const struct store_entry *entry, struct err *err)
{
    (void)err;
    replay_has_part(arg, strtoul(entry->key, NULL, 10), &entry->info);
    return 0;
}

int remote_state_ask(struct store *store, struct replay *replay, struct err *err)
{
    const struct checkpoint_head *head = &replay_checkpoint(replay)->head;
    struct store_op op = {.verb = STORE_UPLOAD_PARTS,
                          .key = head->key,
                          .upload_id_in = head->upload,
                          .optional = true};
    struct sweep sweep = {.store = store, .folder = head->folder, .replay = replay};
    struct store_info info;
    int answer;

    switch (store_each(store, &op, each_part, replay, err)) {
    case STORE_DONE:
        break;
    case STORE_FAILED:
        if (op.failure == STORE_NO_ANSWER || op.failure == STORE_BUSY ||
            err->family == ERR_NETWORK) /* such as a refusal that a proxy wrote */
            return err_wrap(err, "cannot read the unfinished upload");
        return REMOTE_STATE_UNKNOWN;
    default:
        answer = remote_state_is_whole(store, replay_checkpoint(replay), &info, err);
        if (answer != REMOTE_STATE_WHOLE)
            return answer;
        replay_has_all(replay);
        return replay_settle(replay, err) ? REMOTE_STATE_UNKNOWN : REMOTE_STATE_WHOLE;
    }
    if (head->kind == CHECKPOINT_COPIES)
        list_folder(&sweep);
    return replay_settle(replay, err) ? REMOTE_STATE_UNKNOWN : REMOTE_STATE_KNOWN;
}
