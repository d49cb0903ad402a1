/* The objects are counted by group, and found by key. */
#include "cleanup/sweep_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/err.h"
#include "catalog/stems.h"

static int add_object(struct sweep_list *list, const char *key, const struct store_info *info,
                      struct err *err)
{
    struct sweep_object *object;

    if (!array_reserve(&list->objects, &list->object_room, list->object_count,
                       sizeof *list->objects))
        return err_memory(err, "the objects");
    object = &list->objects[list->object_count];
    *object = (struct sweep_object){.size = info->size, .modified = info->modified};
    object->key = strings_keep(&list->strings, key, err);
    object->etag = strings_keep(&list->strings, info->etag, err);
    if (!object->key || !object->etag)
        return ERR_FAIL;
    list->object_count++;
    list->groups[list->group_count - 1].count++;
    return 0;
}

static int add_group(struct sweep_list *list, const struct stem *stem, const char *unique,
                     struct err *err)
{
    char key[KEY_MAX];
    struct sweep_group *group;

    if (!array_reserve(&list->groups, &list->group_room, list->group_count, sizeof *list->groups))
        return err_memory(err, "the objects");
    group = &list->groups[list->group_count];
    *group = (struct sweep_group){.tombstone_etag = "", .first = list->object_count};
    key_data(key, &stem->name, stem->month, unique, DATA_RETIRED);
    group->tombstone = strings_keep(&list->strings, key, err);
    list->group_count += group->tombstone != NULL;
    return group->tombstone ? 0 : ERR_FAIL;
}

static int add_numbered(struct sweep_list *list, const struct stem_object *object, struct err *err)
{
    struct store_info info = {.size = object->size, .modified = object->modified};
    struct sweep_group *group = &list->groups[list->group_count - 1];

    str_copy(info.etag, sizeof info.etag, object->etag);
    if (object->kind != DATA_RETIRED)
        return add_object(list, object->key, &info, err);
    group->tombstone_etag = strings_keep(&list->strings, object->etag, err);
    group->announced = object->modified;
    return group->tombstone_etag ? 0 : ERR_FAIL;
}

/* Adds an archive with a fixed key: the metadata of the image may name other objects. */
static int add_archive(struct sweep_list *list, const struct stem *stem, struct err *err)
{
    char key[KEY_MAX];

    key_image(key, &stem->name, stem->month, KEY_ARCHIVE);
    if (add_object(list, key, &stem->archive, err))
        return ERR_FAIL;
    list->objects[list->object_count - 1].fixed = true;
    key_image(key, &stem->name, stem->month, KEY_INDEX);
    if (!stem->has_index)
        return 0;
    if (add_object(list, key, &stem->index, err))
        return ERR_FAIL;
    list->objects[list->object_count - 1].fixed = true;
    return 0;
}

static int add_objects(struct sweep_list *list, const struct stem *stem, struct err *err)
{
    bool fixed = stem->has_archive && stem_document(stem, "", KEY_METADATA), began = false;
    int failed = 0;

    for (unsigned i = 0; !failed && i < stem->object_count; i++) {
        const struct stem_object *object = &stem->objects[i];

        if (!i || strcmp(stem->objects[i - 1].unique, object->unique) != 0) {
            failed = add_group(list, stem, object->unique, err);
            if (!failed && fixed && strcmp(object->unique, KEY_UNIQUE_NONE) == 0) {
                began = true;
                failed = add_archive(list, stem, err);
            }
        }
        failed = failed || add_numbered(list, object, err);
    }
    if (!failed && fixed && !began && stem->object_count)
        failed = add_group(list, stem, KEY_UNIQUE_NONE, err) || add_archive(list, stem, err);
    return failed;
}

static int add_stones(struct sweep_list *list, const struct stem *stem, struct err *err)
{
    char key[KEY_MAX];

    key_image(key, &stem->name, stem->month, KEY_ARCHIVE);
    for (unsigned i = 0; i < stem->document_count; i++) {
        const struct stem_document *document = &stem->documents[i];
        struct sweep_stone *stone;

        if (document->kind != KEY_RETIRED)
            continue;
        if (!array_reserve(&list->stones, &list->stone_room, list->stone_count,
                           sizeof *list->stones))
            return err_memory(err, "the tombstones");
        stone = &list->stones[list->stone_count];
        *stone = (struct sweep_stone){.name = stem->name, .since = document->modified};
        stone->key = strings_keep(&list->strings, document->key, err);
        stone->archive_key = strings_keep(&list->strings, key, err);
        if (!stone->key || !stone->archive_key)
            return ERR_FAIL;
        stone->first_platform = !document->platform[0];
        stone->described = stem_document(stem, document->platform, KEY_METADATA) != NULL;
        list->stone_count++;
    }
    return 0;
}

static int add_stem(void *arg, const struct stem *stem, struct err *err)
{
    struct sweep_list *list = arg;

    return add_objects(list, stem, err) || add_stones(list, stem, err) ? ERR_FAIL : 0;
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(struct sweep_object *const *)a)->key, (*(struct sweep_object *const *)b)->key);
}

int sweep_list_read(struct store *store, const char *app, struct sweep_list *out, struct err *err)
{
    char prefix[KEY_MAX];

    *out = (struct sweep_list){.now = 0};
    snprintf(prefix, sizeof prefix, "images/%s/", app);
    if (stems_each(store, prefix, add_stem, out, NULL, NULL, &out->now, err))
        return ERR_FAIL;
    out->by_key = calloc(out->object_count + 1, sizeof(struct sweep_object *));
    if (!out->by_key)
        return err_memory(err, "the objects");
    for (size_t i = 0; i < out->object_count; i++)
        out->by_key[i] = &out->objects[i];
    qsort(out->by_key, out->object_count, sizeof(struct sweep_object *), by_key);
    return 0;
}

struct sweep_object *sweep_list_find(const struct sweep_list *list, const char *key)
{
    const struct sweep_object wanted = {.key = key}, *at = &wanted;
    struct sweep_object **found =
        bsearch(&at, list->by_key, list->object_count, sizeof(struct sweep_object *), by_key);

    return found ? *found : NULL;
}

void sweep_list_finish(struct sweep_list *list)
{
    strings_finish(&list->strings);
    free(list->by_key);
    free(list->objects);
    free(list->groups);
    free(list->stones);
    *list = (struct sweep_list){.now = 0};
}
