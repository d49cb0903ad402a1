/*
 * Each kind is deleted in its own way. An archive is deleted in two steps, by two cleanups: an
 * undescribed archive is retired, and the data of a retired one are deleted.
 */
#include "cleanup/unfinished_remove.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "catalog/keys.h"
#include "catalog/retired.h"
#include "pull/partial/partial.h"
#include "push/resume/checkpoint_file.h"
#include "push/resume/remote_state.h"

_Static_assert((int)PARTIAL_IN_USE == (int)UNFINISHED_IN_USE, "the results have equal numbers");

static int abort_upload(struct store *store, const struct unfinished *what, struct err *err)
{
    struct store_op op = {.verb = STORE_UPLOAD_ABORT, .key = what->key, .upload_id_in = what->id};

    return store_run(store, &op, err) == STORE_FAILED ? err_wrap(err, "%s", what->key) : 0;
}

static int remove_object(struct store *store, const char *key, struct err *err)
{
    struct store_op op = {.verb = STORE_DELETE, .key = key};

    return store_run(store, &op, err) == STORE_FAILED ? err_wrap(err, "%s", key) : 0;
}

/* Reads which objects the documents of the application need, unless they are known. */
static int read_refs(struct store *store, struct unfinished_list *list, const char *key,
                     struct err *err)
{
    char month[CLOCK_MONTH_SIZE];
    struct image_name name;

    if (!key_parse_image(key, &name, month))
        return err_set(err, ERR_INTERNAL, "key", "%s is not the key of an image", key);
    if (list->refs && strcmp(list->refs_app, name.app) == 0)
        return 0;
    object_refs_destroy(list->refs);
    str_copy(list->refs_app, sizeof list->refs_app, name.app);
    return object_refs_read(store, name.app, NULL, NULL, &list->refs, err);
}

int unfinished_is_needed(struct store *store, struct unfinished_list *list,
                         const struct unfinished *what, struct err *err)
{
    struct store_info info;
    char tombstone[KEY_MAX];

    if (what->kind != UNFINISHED_ARCHIVE && what->kind != UNFINISHED_RETIRED)
        return 0;
    if (key_of_sibling(tombstone, what->key, KEY_RETIRED, err) ||
        read_refs(store, list, what->key, err))
        return ERR_FAIL;
    switch (store_head(store, what->key, &info, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        return object_refs_count(list->refs, tombstone, what->key, info.etag, info.size)
                   ? UNFINISHED_NEEDED
                   : 0;
    default:
        return 0;
    }
}

/* Retires an undescribed archive. Keeps it if its push has finished meanwhile, if another push
 * replaces it, or if images refer to it. */
static int retire_archive(struct store *store, struct unfinished_list *list,
                          const struct unfinished *what, struct err *err)
{
    char metadata[KEY_MAX];
    struct store_info info = {0};

    if (key_of_sibling(metadata, what->key, KEY_METADATA, err))
        return ERR_FAIL;
    switch (store_head(store, metadata, &info, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        return UNFINISHED_IN_USE;
    default:
        break;
    }
    switch (store_head(store, what->key, &info, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        break;
    default:
        return UNFINISHED_IN_USE;
    }
    if (info.modified / NS_PER_S > what->touched / NS_PER_S)
        return UNFINISHED_IN_USE;
    if (read_refs(store, list, what->key, err))
        return ERR_FAIL;
    if (object_refs_count(list->refs, NULL, what->key, info.etag, info.size))
        return UNFINISHED_NEEDED;
    return retired_announce(store, what->key, view_str(""), "", err) ? ERR_FAIL
                                                                     : UNFINISHED_ANNOUNCED;
}

static int read_references(struct store *store, struct unfinished_list *list, const char *app,
                           struct err *err)
{
    if (strcmp(list->app, app) == 0)
        return 0;
    references_finish(&list->references);
    list->app[0] = '\0';
    if (references_read_all(store, app, &list->references, err))
        return ERR_FAIL;
    str_copy(list->app, sizeof list->app, app);
    return 0;
}

int unfinished_restore(struct store *store, struct unfinished_list *list,
                       const struct unfinished *what, struct err *err)
{
    char month[CLOCK_MONTH_SIZE], key[KEY_MAX];
    struct image_name name;
    struct store_info info;

    if (!key_parse_image(what->key, &name, month))
        return err_set(err, ERR_INTERNAL, "key", "%s is not the key of an image", what->key);
    if (key_of_sibling(key, what->key, KEY_METADATA, err) ||
        read_references(store, list, name.app, err))
        return ERR_FAIL;
    if (!references_have(&list->references, name.ref))
        return 0;
    switch (retired_restore(store, &name, what->key, err)) {
    case 0: /* it may have been pushed again, in another month */
        switch (store_head(store, key, &info, err)) {
        case STORE_FAILED:
            return ERR_FAIL;
        case STORE_DONE:
            return UNFINISHED_IN_USE;
        default:
            return 0;
        }
    case RETIRED_GONE:
        return UNFINISHED_IN_USE;
    default:
        return ERR_FAIL;
    }
}

static int remove_retired(struct store *store, struct unfinished_list *list,
                          const struct unfinished *what, struct err *err)
{
    int answer = unfinished_restore(store, list, what, err);

    if (answer)
        return answer;
    if (read_refs(store, list, what->key, err))
        return ERR_FAIL;
    answer = retired_delete(store, list->refs, what->key, list->now - what->touched, err);
    if (answer == RETIRED_NEEDED)
        return UNFINISHED_NEEDED;
    if (answer < 0) { /* they may be incomplete */
        object_refs_destroy(list->refs);
        list->refs = NULL;
    }
    return answer < 0 ? ERR_FAIL : answer == RETIRED_KEPT ? UNFINISHED_IN_USE : UNFINISHED_REMOVED;
}

/* Locks the checkpoint while the upload is aborted, so that no push resumes it. */
static int remove_push(struct store *store, const struct unfinished *what, struct err *err)
{
    struct checkpoint_file file;
    int answer = checkpoint_file_open_name(&file, what->state, err);

    if (answer)
        return answer > 0 ? UNFINISHED_IN_USE : ERR_FAIL;
    if (what->id[0] && !what->elsewhere && abort_upload(store, what, err)) {
        checkpoint_file_close(&file);
        return ERR_FAIL;
    }
    if (!what->elsewhere)
        remote_state_clear(store, what->folder);
    checkpoint_file_remove(&file);
    return UNFINISHED_REMOVED;
}

int unfinished_remove(struct store *store, struct unfinished_list *list,
                      const struct unfinished *what, struct err *err)
{
    switch (what->kind) {
    case UNFINISHED_PUSH:
        return remove_push(store, what, err);
    case UNFINISHED_PULL:
        return partial_remove(what->id, err); /* with the same results */
    case UNFINISHED_UPLOAD:
        return abort_upload(store, what, err);
    case UNFINISHED_OBJECT:
        return remove_object(store, what->key, err);
    case UNFINISHED_ARCHIVE:
        return retire_archive(store, list, what, err);
    case UNFINISHED_RETIRED:
        return remove_retired(store, list, what, err);
    case UNFINISHED_DATA:
        break;
    case UNFINISHED_TOMBSTONE:
        return retired_delete(store, NULL, what->key, list->now - what->touched, err) < 0
                   ? ERR_FAIL
                   : UNFINISHED_REMOVED;
    }
    return UNFINISHED_REMOVED;
}
