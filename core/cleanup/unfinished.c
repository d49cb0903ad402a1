/*
 * Checkpoints of pushes are matched with the uploads that the bucket lists, so that each push is
 * listed once. An upload without a checkpoint on this host belongs to another user or host. It may
 * be running; only its age shows that it is not.
 */
#include "cleanup/unfinished.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "catalog/keys.h"
#include "catalog/references.h"
#include "catalog/stems.h"
#include "catalog/temp_objects.h"
#include "catalog/walk.h"
#include "pull/partial/partial.h"
#include "push/resume/checkpoint.h"
#include "push/resume/checkpoint_file.h"

#define LIST_MAX (1u << 22)

struct list {
    struct unfinished_list *out;
    struct err *err; /* for keep_string() */
    bool failed;
    /* Uploads and folders of the pushes that this host can resume, sorted. */
    const char **uploads, **folders;
    size_t upload_count, folder_count;
};

/* Appends an item and returns it; NULL, with err filled: no memory. */
static struct unfinished *add_item(struct list *list, enum unfinished_kind kind, struct err *err)
{
    struct unfinished_list *out = list->out;

    if (out->count == LIST_MAX ||
        !array_reserve(&out->items, &out->room, out->count, sizeof *out->items)) {
        err_memory(err, "the list of what is unfinished");
        return NULL;
    }
    out->items[out->count] = (struct unfinished){
        .kind = kind, .where = "", .key = "", .platform = "", .id = "", .state = "", .folder = ""};
    return &out->items[out->count++];
}

/* Returns a copy of a string. Without memory: returns "" and sets list->failed. */
static const char *keep_string(struct list *list, const char *text)
{
    const char *copy = text[0] ? strings_keep(&list->out->strings, text, list->err) : "";

    list->failed = list->failed || !copy;
    return copy ? copy : "";
}

/* ---- this host ---- */

static int add_states(struct list *list, const struct store *store, struct err *err)
{
    struct checkpoint_found *found;
    size_t count;
    int failed = 0;

    if (checkpoint_file_list(&found, &count, err))
        return ERR_FAIL;
    for (size_t i = 0; i < count; i++) {
        struct unfinished *item = add_item(list, UNFINISHED_PUSH, err);

        if (!item) {
            failed = ERR_FAIL;
            break;
        }
        item->state = keep_string(list, found[i].name);
        item->key = keep_string(list, found[i].key);
        item->id = keep_string(list, found[i].upload);
        item->folder = keep_string(list, found[i].folder);
        item->elsewhere = strcmp(found[i].store, store->identity) != 0;
        if (item->elsewhere)
            item->where = keep_string(list, found[i].store);
        item->size = found[i].size;
        item->touched = found[i].touched;
        item->busy = found[i].busy;
    }
    free(found);
    return failed || list->failed ? ERR_FAIL : 0;
}

/* The key of a pull of format 3 is "{image key} {platform}"; no key has a space. */
static void split_platform(struct list *list, struct unfinished *item, const char *text)
{
    size_t length = strcspn(text, " ");
    char key[KEY_MAX];

    snprintf(key, sizeof key, "%.*s", (int)length, text);
    item->key = keep_string(list, key);
    item->platform = keep_string(list, text[length] ? text + length + 1 : "");
}

static int add_spools(struct list *list, const struct store *store, struct err *err)
{
    struct partial_entry *found;
    size_t count;
    int failed = 0;

    if (partial_list(&found, &count, err))
        return ERR_FAIL;
    for (size_t i = 0; i < count; i++) {
        struct unfinished *item = add_item(list, UNFINISHED_PULL, err);

        if (!item) {
            failed = ERR_FAIL;
            break;
        }
        item->id = keep_string(list, found[i].id);
        split_platform(list, item, found[i].key);
        item->elsewhere = strcmp(found[i].where, store->where) != 0;
        if (item->elsewhere)
            item->where = keep_string(list, found[i].where);
        item->size = found[i].kept;
        item->touched = found[i].touched * NS_PER_S;
        item->busy = found[i].busy;
    }
    free(found);
    return failed || list->failed ? ERR_FAIL : 0;
}

/* ---- the bucket ---- */

/* Returns true for keys of s3dock: the bucket may contain other objects. */
static bool is_ours(const char *key)
{
    struct image_name name;
    char month[CLOCK_MONTH_SIZE], unique[KEY_UNIQUE_SIZE];
    enum data_kind kind;

    return key_parse_image(key, &name, month) || key_parse_data(key, &name, month, unique, &kind) ||
           strncmp(key, TEMP_OBJECTS_FOLDER, strlen(TEMP_OBJECTS_FOLDER)) == 0 ||
           strstr(key, "-archived-on-");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Collects the uploads and folders of the checkpoints, which are the first items of the list. */
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

/* Returns true if the key is in one of the sorted folders. Folders end in '/', and none contains
 * another. So only the greatest folder that is not after the key can contain it. */
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

/* Returns true if a push that this host can resume needs the upload or the object. */
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
    item = add_item(list, UNFINISHED_UPLOAD, err);
    if (!item)
        return ERR_FAIL;
    item->key = keep_string(list, entry->key);
    item->id = keep_string(list, entry->info.etag);
    item->touched = entry->info.modified;
    return list->failed ? ERR_FAIL : 0;
}

static int add_uploads(struct list *list, struct store *store, const char *prefix, struct err *err)
{
    struct store_op op = {.verb = STORE_UPLOADS, .key = prefix};

    if (walk_each_sure(store, &op, add_upload, list, "unfinished uploads", err) == 0)
        return 0;
    list->out->uploads_unknown = op.answer == STORE_FAILED &&
                                 (op.failure == STORE_UNSUPPORTED || op.failure == STORE_REJECTED);
    return list->out->uploads_unknown ? 0 : ERR_FAIL;
}

static int add_object(void *arg, const struct store_entry *entry, struct err *err)
{
    struct list *list = arg;
    struct unfinished *item;

    if (has_state(list, entry))
        return 0;
    item = add_item(list, UNFINISHED_OBJECT, err);
    if (!item)
        return ERR_FAIL;
    item->key = keep_string(list, entry->key);
    item->size = entry->info.size;
    item->touched = entry->info.modified;
    return list->failed ? ERR_FAIL : 0;
}

static int add_archive(struct list *list, enum unfinished_kind kind, const char *key, uint64_t size,
                       int64_t touched, struct err *err)
{
    struct unfinished *item = add_item(list, kind, err);

    if (!item)
        return ERR_FAIL;
    item->key = keep_string(list, key);
    item->size = size;
    item->touched = touched;
    return list->failed ? ERR_FAIL : 0;
}

/* Stores an application with objects that only a sweep can judge. */
static int note_app(struct list *list, const struct stem *stem, struct err *err)
{
    struct unfinished_list *out = list->out;
    bool noted = stem->object_count == 0;

    for (unsigned i = 0; i < stem->document_count; i++)
        noted = noted && stem->documents[i].kind != KEY_RETIRED;
    if (noted || (out->app_count && strcmp(out->apps[out->app_count - 1], stem->name.app) == 0))
        return 0;
    if (!array_reserve(&out->apps, &out->app_room, out->app_count, sizeof(const char *)))
        return err_memory(err, "the list of what is unfinished");
    out->apps[out->app_count] = keep_string(list, stem->name.app);
    out->app_count += !list->failed;
    return list->failed ? ERR_FAIL : 0;
}

/* Adds an archive without metadata, or a tombstone without such an archive, and a claim: that of a
 * running push is new. */
static int add_stem(void *arg, const struct stem *stem, struct err *err)
{
    const struct stem_document *retired = stem_document(stem, "", KEY_RETIRED);
    bool useless = stem->has_archive && !stem_document(stem, "", KEY_METADATA);
    char key[KEY_MAX];

    if (note_app(arg, stem, err))
        return ERR_FAIL;
    key_image(key, &stem->name, stem->month, KEY_CLAIM);
    if (stem->claimed &&
        add_archive(arg, UNFINISHED_OBJECT, key, stem->claim.size, stem->claim.modified, err))
        return ERR_FAIL;
    key_image(key, &stem->name, stem->month, KEY_ARCHIVE);
    if (useless && !retired)
        return add_archive(arg, UNFINISHED_ARCHIVE, key, stem->archive.size, stem->archive.modified,
                           err);
    if (useless)
        return add_archive(arg, UNFINISHED_RETIRED, key, stem->archive.size, retired->modified,
                           err);
    return retired ? add_archive(arg, UNFINISHED_TOMBSTONE, key, 0, retired->modified, err) : 0;
}

int unfinished_read(struct store *store, struct unfinished_list *out, struct err *err)
{
    struct list list = {.out = out, .err = err};
    int failed;

    *out = (struct unfinished_list){.items = NULL};
    failed = add_states(&list, store, err) || sort_states(&list, err) ||
             add_spools(&list, store, err) || add_uploads(&list, store, "images/", err) ||
             (!out->uploads_unknown && add_uploads(&list, store, "archive/", err)) ||
             temp_objects_find(store, INT64_MAX, add_object, &list, err) ||
             stems_each(store, "images/", add_stem, &list, NULL, NULL, &out->now, err);
    free(list.uploads);
    free(list.folders);
    return failed ? ERR_FAIL : 0;
}

void unfinished_finish(struct unfinished_list *list)
{
    free(list->items);
    free(list->apps);
    strings_finish(&list->strings);
    references_finish(&list->references);
    object_refs_destroy(list->refs);
    *list = (struct unfinished_list){.items = NULL};
}
