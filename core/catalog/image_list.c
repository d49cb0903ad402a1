/*
 * One listing of the application's folder. The image was pushed when the metadata of its first
 * platform was written.
 */
#include "catalog/image_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "catalog/stems.h"
#include "catalog/walk.h"

struct image_search {
    struct image_list *list;
    struct text *warnings;
};

static int newest_first(const void *a, const void *b)
{
    const struct listed_image *left = a, *right = b;
    int order = strcmp(right->tag, left->tag);

    return order ? order : strcmp(right->key, left->key);
}

/* Bytes of the archive; of an image of format 3, those of the objects that its pushes wrote. */
static uint64_t size_of(const struct stem *stem)
{
    uint64_t size = stem->has_archive ? stem->archive.size : 0;

    for (unsigned i = 0; i < stem->object_count && !stem->has_archive; i++)
        if (stem->objects[i].kind != DATA_INDEX && stem->objects[i].kind != DATA_RETIRED)
            size += stem->objects[i].size;
    return size;
}

static int add_image(struct image_search *search, const struct stem *stem, struct err *err)
{
    struct image_list *list = search->list;
    const struct stem_document *first = stem_document(stem, "", KEY_METADATA);
    struct listed_image *image;
    char key[KEY_MAX];

    if (!array_reserve(&list->items, &list->room, list->count, sizeof *list->items))
        return err_memory(err, "the list");
    image = &list->items[list->count];
    *image = (struct listed_image){.size = size_of(stem)};
    for (unsigned i = 0; i < stem->document_count; i++)
        if (stem->documents[i].kind == KEY_METADATA) {
            image->pushed = stem->documents[i].modified;
            image->platforms++;
        }
    if (first)
        image->pushed = first->modified;
    str_copy(image->month, sizeof image->month, stem->month);
    key_image(key, &stem->name, stem->month, KEY_ARCHIVE);
    image->ref = strings_keep(&list->strings, stem->name.ref, err);
    image->key = strings_keep(&list->strings, key, err);
    if (!image->ref || !image->key)
        return ERR_FAIL;
    image->tag = image->ref + strlen(stem->name.app) + 1;
    list->count++;
    return 0;
}

static int add_stem(void *arg, const struct stem *stem, struct err *err)
{
    struct image_search *search = arg;
    char key[KEY_MAX];

    if (stem_is_image(stem))
        return add_image(search, stem, err);
    if (stem->has_archive && !stem_document(stem, "", KEY_RETIRED)) {
        key_image(key, &stem->name, stem->month, KEY_ARCHIVE);
        text_printf(search->warnings, "%s: it has no metadata: its push was not completed\n", key);
    }
    return 0;
}

/* Drops images that the store has listed twice, as at the border of two pages. */
static void drop_duplicates(struct image_list *list)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++)
        if (!kept || strcmp(list->items[kept - 1].key, list->items[i].key) != 0)
            list->items[kept++] = list->items[i];
    list->count = kept;
}

int image_list_read(struct store *store, const char *app, const char *month, struct image_list *out,
                    struct text *warnings, struct err *err)
{
    char prefix[KEY_MAX];
    struct image_search search = {.list = out, .warnings = warnings};

    *out = (struct image_list){.items = NULL};
    snprintf(prefix, sizeof prefix, "images/%s/%s%s", app, month ? month : "", month ? "/" : "");
    if (stems_each(store, prefix, add_stem, &search, warnings, &out->unsure, NULL, err))
        return ERR_FAIL;
    if (out->unsure)
        walk_warn_unsure(prefix, warnings);
    if (out->count)
        qsort(out->items, out->count, sizeof *out->items, newest_first);
    drop_duplicates(out);
    return 0;
}

void image_list_finish(struct image_list *list)
{
    free(list->items);
    strings_finish(&list->strings);
    *list = (struct image_list){.items = NULL};
}
