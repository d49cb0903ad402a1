/*
 * States of pushes are matched with the uploads that the bucket lists, so that each push is told
 * once. An upload under a key of ours that has no state here is another user's or another host's:
 * it may be at work, and only its age says that it is not.
 */
#include "cleanup/unfinished.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "catalog/keys.h"
#include "catalog/references.h"
#include "catalog/retired.h"
#include "catalog/temp_objects.h"
#include "catalog/walk.h"
#include "pull/partial/partial.h"
#include "push/resume/checkpoint.h"
#include "push/resume/checkpoint_file.h"
#include "push/resume/remote_state.h"

#define LIST_MAX (1u << 22)

struct list {
    struct unfinished_list *out;
    struct err *err; /* of keep() */
    bool failed;
    /* What pushes of this host that can go on need, sorted: their uploads and folders. */
    const char **uploads, **folders;
    size_t upload_count, folder_count;
};

/* A new one, zeroed; NULL and err when there is no memory. */
static struct unfinished *add(struct list *list, enum unfinished_kind kind, struct err *err)
{
    struct unfinished_list *out = list->out;

    if (out->count == LIST_MAX ||
        !array_reserve(&out->items, &out->room, out->count, sizeof *out->items)) {
        err_memory(err, "the list of what is unfinished");
        return NULL;
    }
    out->items[out->count] = (struct unfinished){
        .kind = kind, .where = "", .key = "", .id = "", .state = "", .folder = ""};
    return &out->items[out->count++];
}

/* Copies a string of an item; list->failed when there is no memory. */
static const char *keep(struct list *list, const char *text)
{
    const char *copy = text[0] ? strings_keep(&list->out->strings, text, list->err) : "";

    list->failed = list->failed || !copy;
    return copy ? copy : "";
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
        item->state = keep(list, found[i].name);
        item->key = keep(list, found[i].key);
        item->id = keep(list, found[i].upload);
        item->folder = keep(list, found[i].folder);
        item->elsewhere = strcmp(found[i].store, store->identity) != 0;
        if (item->elsewhere)
            item->where = keep(list, found[i].store);
        item->size = found[i].size;
        item->touched = found[i].touched;
        item->busy = found[i].busy;
    }
    free(found);
    return failed || list->failed ? ERR_FAIL : 0;
}

static int add_spools(struct list *list, const struct store *store, struct err *err)
{
    struct partial_entry *found;
    size_t count;
    int failed = 0;

    if (partial_list(&found, &count, err))
        return ERR_FAIL;
    for (size_t i = 0; i < count; i++) {
        struct unfinished *item = add(list, UNFINISHED_PULL, err);

        if (!item) {
            failed = ERR_FAIL;
            break;
        }
        item->id = keep(list, found[i].id);
        item->key = keep(list, found[i].key);
        item->elsewhere = strcmp(found[i].where, store->where) != 0;
        if (item->elsewhere)
            item->where = keep(list, found[i].where);
        item->size = found[i].kept;
        item->touched = found[i].touched * NS_PER_S;
        item->busy = found[i].busy;
    }
    free(found);
    return failed || list->failed ? ERR_FAIL : 0;
}

/* ---- in the bucket ---- */

static bool is_like(const char *key, const char *ending)
{
    size_t size = strlen(key), tail = strlen(ending);

    return size >= tail && strcmp(key + size - tail, ending) == 0;
}

/* Nobody else's: the bucket may hold more than images. */
static bool is_ours(const char *key)
{
    struct image_name name;
    char month[7];

    return key_parse_image(key, &name, month) ||
           strncmp(key, TEMP_OBJECTS_FOLDER, strlen(TEMP_OBJECTS_FOLDER)) == 0 ||
           strstr(key, "-archived-on-");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Gathers the uploads and folders of the states, which stand first in the list. */
static int sort_states(struct list *list, struct err *err)
{
    size_t count = list->out->count;

    list->uploads = calloc(count + 1, sizeof *list->uploads);
    list->folders = calloc(count + 1, sizeof *list->folders);
    if (!list->uploads || !list->folders)
        return err_memory(err, "the list of what is unfinished");
    for (size_t i = 0; i < count; i++) {
        const struct unfinished *item = &list->out->items[i];

        if (item->elsewhere)
            continue;
        if (item->id[0])
            list->uploads[list->upload_count++] = item->id;
        if (item->folder[0])
            list->folders[list->folder_count++] = item->folder;
    }
    qsort(list->uploads, list->upload_count, sizeof *list->uploads, by_text);
    qsort(list->folders, list->folder_count, sizeof *list->folders, by_text);
    return 0;
}

/* Whether one of the sorted folders is a beginning of the key. Folders end in '/', and none lies in
 * another: the greatest that is not after the key is the only candidate. */
static bool is_in_folder(const struct list *list, const char *key)
{
    size_t low = 0, high = list->folder_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(list->folders[middle], key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low && strncmp(list->folders[low - 1], key, strlen(list->folders[low - 1])) == 0;
}

/* Whether a push of this host that can go on needs it. */
static bool has_state(const struct list *list, const struct store_entry *entry)
{
    const char *id = entry->info.etag;

    return bsearch(&id, list->uploads, list->upload_count, sizeof *list->uploads, by_text) ||
           is_in_folder(list, entry->key);
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
    item->key = keep(list, entry->key);
    item->id = keep(list, entry->info.etag);
    item->touched = entry->info.modified;
    return list->failed ? ERR_FAIL : 0;
}

/* `what` they are, for an error. */
static int add_listed(struct store *store, struct store_op *op, store_entry_fn *each, void *arg,
                      const char *what, struct err *err)
{
    switch (store_each(store, op, each, arg, err)) {
    case STORE_FAILED:
        return op->answer == STORE_FAILED ? err_wrap(err, "cannot list %s", what) : ERR_FAIL;
    case STORE_DONE:
        break;
    default:
        return walk_no_bucket(store, err);
    }
    if (!op->unsure || op->verb == STORE_UPLOADS) /* no upload is judged by another's absence */
        return 0;
    return walk_refuse_unsure(op->key, err);
}

static int add_uploads(struct list *list, struct store *store, const char *prefix, struct err *err)
{
    struct store_op op = {.verb = STORE_UPLOADS, .key = prefix};

    return add_listed(store, &op, add_upload, list, "unfinished uploads", err);
}

static int add_object(void *arg, const struct store_entry *entry, struct err *err)
{
    struct list *list = arg;
    struct unfinished *item;

    if (has_state(list, entry))
        return 0;
    item = add(list, UNFINISHED_OBJECT, err);
    if (!item)
        return ERR_FAIL;
    item->key = keep(list, entry->key);
    item->size = entry->info.size;
    item->touched = entry->info.modified;
    return list->failed ? ERR_FAIL : 0;
}

/* The store lists by bytes: metadata and tombstone come right before their archive. */
struct archives {
    struct list *list;
    char described[STORE_KEY_MAX]; /* the metadata that was met last */
    char retired[KEY_MAX];         /* the archive of the tombstone that was met last; "": told */
    int64_t since;                 /* when that was written */
};

static int add_archive(struct list *list, enum unfinished_kind kind, const char *key, uint64_t size,
                       int64_t touched, struct err *err)
{
    struct unfinished *item = add(list, kind, err);

    if (!item)
        return ERR_FAIL;
    item->key = keep(list, key);
    item->size = size;
    item->touched = touched;
    return list->failed ? ERR_FAIL : 0;
}

/* The tombstone that was met last belongs to no archive of the list, or to one that is in use. */
static int add_tombstone(struct archives *archives, struct err *err)
{
    char key[KEY_MAX];

    if (!archives->retired[0])
        return 0;
    str_copy(key, sizeof key, archives->retired);
    archives->retired[0] = '\0';
    return add_archive(archives->list, UNFINISHED_TOMBSTONE, key, 0, archives->since, err);
}

static int meet_tombstone(struct archives *archives, const struct store_entry *entry,
                          struct err *err)
{
    if (add_tombstone(archives, err))
        return ERR_FAIL;
    if (key_of_retired(archives->retired, entry->key))
        archives->since = entry->info.modified;
    return 0;
}

static int meet(void *arg, const struct store_entry *entry, struct err *err)
{
    struct archives *archives = arg;
    char month[7], metadata[KEY_MAX];
    struct image_name name;

    if (is_like(entry->key, ".json"))
        str_copy(archives->described, sizeof archives->described, entry->key);
    if (is_like(entry->key, ".retired"))
        return meet_tombstone(archives, entry, err);
    if (!key_parse_image(entry->key, &name, month) ||
        !key_sibling(metadata, entry->key, KEY_METADATA) ||
        strcmp(metadata, archives->described) == 0)
        return 0;
    if (strcmp(archives->retired, entry->key) != 0)
        return add_archive(archives->list, UNFINISHED_ARCHIVE, entry->key, entry->info.size,
                           entry->info.modified, err);
    archives->retired[0] = '\0';
    return add_archive(archives->list, UNFINISHED_RETIRED, entry->key, entry->info.size,
                       archives->since, err);
}

static int add_archives(struct list *list, struct store *store, struct err *err)
{
    struct archives archives = {.list = list};
    struct store_op op = {.verb = STORE_LIST, .key = "images/"};

    if (add_listed(store, &op, meet, &archives, "images", err) || add_tombstone(&archives, err))
        return ERR_FAIL;
    /* A store's date has whole seconds. */
    list->out->now = op.server_time ? op.server_time + NS_PER_S - 1 : clock_wall();
    return 0;
}

int unfinished_read(struct store *store, struct unfinished_list *out, struct err *err)
{
    struct list list = {.out = out, .err = err};
    int failed;

    *out = (struct unfinished_list){.items = NULL};
    failed = add_states(&list, store, err) || sort_states(&list, err) ||
             add_spools(&list, store, err) || add_uploads(&list, store, "images/", err) ||
             add_uploads(&list, store, "archive/", err) ||
             temp_objects_find(store, INT64_MAX, add_object, &list, err) ||
             add_archives(&list, store, err);
    free(list.uploads);
    free(list.folders);
    return failed ? ERR_FAIL : 0;
}

void unfinished_finish(struct unfinished_list *list)
{
    free(list->items);
    strings_finish(&list->strings);
    references_finish(&list->references);
    *list = (struct unfinished_list){.items = NULL};
}

/* ---- removing ---- */

_Static_assert((int)PARTIAL_IN_USE == (int)UNFINISHED_IN_USE, "partial_remove answers as we do");

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
static int announce(struct store *store, const struct unfinished *what, struct err *err)
{
    char metadata[KEY_MAX];
    struct store_info info = {0};

    if (!key_sibling(metadata, what->key, KEY_METADATA))
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
        break;
    default:
        return UNFINISHED_IN_USE;
    }
    if (info.modified / NS_PER_S > what->touched / NS_PER_S)
        return UNFINISHED_IN_USE;
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
    if (references_read(store, app, &list->references, err))
        return ERR_FAIL;
    str_copy(list->app, sizeof list->app, app);
    return 0;
}

int unfinished_restore(struct store *store, struct unfinished_list *list,
                       const struct unfinished *what, struct err *err)
{
    char month[7], key[KEY_MAX];
    struct image_name name;
    struct store_info info;

    if (!key_parse_image(what->key, &name, month) || !key_sibling(key, what->key, KEY_METADATA))
        return err_set(err, ERR_INTERNAL, "key", "%s is no archive", what->key);
    if (read_references(store, list, name.app, err))
        return ERR_FAIL;
    if (!references_have(&list->references, name.ref))
        return 0;
    switch (retired_restore(store, &name, what->key, err)) {
    case 0: /* it may be there in another month, pushed again */
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
    answer = retired_delete(store, what->key, list->now - what->touched, err);
    return answer < 0                 ? ERR_FAIL
           : answer == RETIRED_STANDS ? UNFINISHED_IN_USE
                                      : UNFINISHED_REMOVED;
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
        return partial_remove(what->id, err); /* it answers as we do */
    case UNFINISHED_UPLOAD:
        return abort_upload(store, what, err);
    case UNFINISHED_OBJECT:
        return remove_object(store, what->key, err);
    case UNFINISHED_ARCHIVE:
        return announce(store, what, err);
    case UNFINISHED_RETIRED:
        return remove_retired(store, list, what, err);
    case UNFINISHED_TOMBSTONE:
        return retired_delete(store, what->key, list->now - what->touched, err) < 0
                   ? ERR_FAIL
                   : UNFINISHED_REMOVED;
    }
    return UNFINISHED_REMOVED;
}
