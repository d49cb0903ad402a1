/*
 * States of pushes are matched with the uploads that the bucket lists, so that each push is told
 * once. An upload under a key of ours that has no state here is another user's or another host's:
 * it may be at work, and only its age says that it is not.
 */
#include "move/unfinished.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "catalog/keys.h"
#include "catalog/leftovers.h"
#include "move/checkpoint.h"
#include "move/checkpoint_file.h"
#include "move/remains.h"
#include "move/spool.h"

#define LIST_MAX (1u << 20)

struct list {
    struct unfinished *items;
    size_t count, room;
};

/* A new one, zeroed; NULL and err when there is no memory. */
static struct unfinished *add(struct list *list, enum unfinished_kind kind, struct err *err)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 16;
        struct unfinished *grown =
            room <= LIST_MAX ? realloc(list->items, room * sizeof *grown) : NULL;

        if (!grown) {
            err_memory(err, "the list of what is unfinished");
            return NULL;
        }
        list->items = grown;
        list->room = room;
    }
    list->items[list->count] = (struct unfinished){.kind = kind};
    return &list->items[list->count++];
}

/* ---- on this host ---- */

static int add_states(struct list *list, const struct store *store, struct err *err)
{
    struct checkpoint_found *found;
    size_t count;
    int failed = 0;

    if (checkpoint_file_list(&found, &count, err))
        return ERR_FAIL;
    for (size_t i = 0; i < count; i++) {
        struct unfinished *item = add(list, UNFINISHED_PUSH, err);

        if (!item) {
            failed = ERR_FAIL;
            break;
        }
        str_copy(item->state, sizeof item->state, found[i].name);
        str_copy(item->key, sizeof item->key, found[i].key);
        str_copy(item->id, sizeof item->id, found[i].upload);
        str_copy(item->folder, sizeof item->folder, found[i].folder);
        item->elsewhere = strcmp(found[i].store, store->identity) != 0;
        if (item->elsewhere)
            str_copy(item->where, sizeof item->where, found[i].store);
        item->size = found[i].size;
        item->touched = found[i].touched;
        item->busy = found[i].busy;
    }
    free(found);
    return failed;
}

static int add_spools(struct list *list, const struct store *store, struct err *err)
{
    struct spool_entry *found;
    size_t count;
    int failed = 0;

    if (spool_list(&found, &count, err))
        return ERR_FAIL;
    for (size_t i = 0; i < count; i++) {
        struct unfinished *item = add(list, UNFINISHED_PULL, err);

        if (!item) {
            failed = ERR_FAIL;
            break;
        }
        str_copy(item->id, sizeof item->id, found[i].id);
        str_copy(item->key, sizeof item->key, found[i].key);
        item->elsewhere = strcmp(found[i].where, store->where) != 0;
        if (item->elsewhere)
            str_copy(item->where, sizeof item->where, found[i].where);
        item->size = found[i].kept;
        item->touched = found[i].touched * NS_PER_S;
        item->busy = found[i].busy;
    }
    free(found);
    return failed;
}

/* ---- in the bucket ---- */

/* Nobody else's: the bucket may hold more than images. */
static bool is_ours(const char *key)
{
    struct image_name name;
    char month[7];

    return key_parse_image(key, &name, month) ||
           strncmp(key, LEFTOVERS_FOLDER, strlen(LEFTOVERS_FOLDER)) == 0 ||
           strstr(key, "-archived-on-");
}

static bool is_in(const char *key, const char *folder)
{
    return folder[0] && strncmp(key, folder, strlen(folder)) == 0;
}

/* A push of this host that can go on needs it. */
static bool has_state(const struct list *list, const struct store_entry *entry)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].kind == UNFINISHED_PUSH && !list->items[i].elsewhere &&
            (strcmp(list->items[i].id, entry->info.etag) == 0 ||
             is_in(entry->key, list->items[i].folder)))
            return true;
    return false;
}

static int add_upload(void *arg, const struct store_entry *entry, struct err *err)
{
    struct list *list = arg;
    struct unfinished *item;

    if (!is_ours(entry->key) || has_state(list, entry))
        return 0;
    item = add(list, UNFINISHED_UPLOAD, err);
    if (!item)
        return ERR_FAIL;
    str_copy(item->key, sizeof item->key, entry->key);
    str_copy(item->id, sizeof item->id, entry->info.etag);
    item->touched = entry->info.modified;
    return 0;
}

/* `what` they are, for an error. */
static int add_listed(struct store *store, struct store_op *op, store_entry_fn *each, void *arg,
                      const char *what, struct err *err)
{
    if (store_each(store, op, each, arg, err) != STORE_FAILED) {
        if (!op->unsure || op->verb == STORE_UPLOADS) /* no upload is judged by another's absence */
            return 0;
        return err_set(err, ERR_INTEGRITY, "listing",
                       "the store did not say that its list of %s is complete", op->key);
    }
    return op->answer == STORE_FAILED ? err_wrap(err, "cannot list %s", what) : ERR_FAIL;
}

static int add_uploads(struct list *list, struct store *store, const char *prefix, struct err *err)
{
    struct store_op op = {.verb = STORE_UPLOADS, .key = prefix};

    return add_listed(store, &op, add_upload, list, "unfinished uploads", err);
}

static int add_object(void *arg, const struct store_entry *entry, struct err *err)
{
    struct unfinished *item;

    if (has_state(arg, entry))
        return 0;
    item = add(arg, UNFINISHED_OBJECT, err);
    if (!item)
        return ERR_FAIL;
    str_copy(item->key, sizeof item->key, entry->key);
    item->size = entry->info.size;
    item->touched = entry->info.modified;
    return 0;
}

/* The store lists by bytes: the metadata comes right before its archive. */
struct archives {
    struct list *list;
    char described[STORE_KEY_MAX]; /* the metadata that was met last */
};

static int meet(void *arg, const struct store_entry *entry, struct err *err)
{
    struct archives *archives = arg;
    struct image_name name;
    char month[7], metadata[KEY_MAX];
    struct unfinished *item;
    size_t size = strlen(entry->key);

    if (size > 5 && strcmp(entry->key + size - 5, ".json") == 0)
        str_copy(archives->described, sizeof archives->described, entry->key);
    if (!key_parse_image(entry->key, &name, month) ||
        !key_sibling(metadata, entry->key, KEY_METADATA) ||
        strcmp(metadata, archives->described) == 0)
        return 0;
    item = add(archives->list, UNFINISHED_ARCHIVE, err);
    if (!item)
        return ERR_FAIL;
    str_copy(item->key, sizeof item->key, entry->key);
    item->size = entry->info.size;
    item->touched = entry->info.modified;
    return 0;
}

static int add_archives(struct list *list, struct store *store, struct err *err)
{
    struct archives archives = {.list = list};
    struct store_op op = {.verb = STORE_LIST, .key = "images/"};

    return add_listed(store, &op, meet, &archives, "images", err);
}

int unfinished_list(struct store *store, struct unfinished **out, size_t *count, struct err *err)
{
    struct list list = {0};

    if (add_states(&list, store, err) || add_spools(&list, store, err) ||
        add_uploads(&list, store, "images/", err) || add_uploads(&list, store, "archive/", err) ||
        leftovers_find(store, INT64_MAX, add_object, &list, err) ||
        add_archives(&list, store, err)) {
        free(list.items);
        return ERR_FAIL;
    }
    *out = list.items;
    *count = list.count;
    return 0;
}

/* ---- removing ---- */

_Static_assert((int)SPOOL_IN_USE == (int)UNFINISHED_IN_USE, "spool_remove answers as we do");

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

/* Its push may have come to its end, or another one may be at it: then it stays. */
static int remove_archive(struct store *store, const struct unfinished *what, struct err *err)
{
    char metadata[KEY_MAX], index[KEY_MAX];
    struct store_info info = {0};

    if (!key_sibling(metadata, what->key, KEY_METADATA) ||
        !key_sibling(index, what->key, KEY_INDEX))
        return err_set(err, ERR_INTERNAL, "key", "%s is no archive", what->key);
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
        if (info.modified / NS_PER_S > what->touched / NS_PER_S)
            return UNFINISHED_IN_USE;
        break;
    default:
        break;
    }
    return remove_object(store, index, err) || remove_object(store, what->key, err) ? ERR_FAIL : 0;
}

/* The state is held while its upload goes, so that no push takes it up meanwhile. */
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
        remains_clear(store, what->folder);
    checkpoint_file_remove(&file);
    return UNFINISHED_REMOVED;
}

int unfinished_remove(struct store *store, const struct unfinished *what, struct err *err)
{
    switch (what->kind) {
    case UNFINISHED_PUSH:
        return remove_push(store, what, err);
    case UNFINISHED_PULL:
        return spool_remove(what->id, err); /* it answers as we do */
    case UNFINISHED_UPLOAD:
        return abort_upload(store, what, err);
    case UNFINISHED_OBJECT:
        return remove_object(store, what->key, err);
    case UNFINISHED_ARCHIVE:
        return remove_archive(store, what, err);
    }
    return UNFINISHED_REMOVED;
}
