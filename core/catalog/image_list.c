/*
 * One listing of the application's folder. The image was pushed at the time of the metadata before
 * its archive.
 */
#include "catalog/image_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "catalog/archive_scan.h"
#include "catalog/walk.h"

struct image_search {
    struct image_list *list;
    struct text *warnings;
    struct archive_scan scan;
};

static int newest_first(const void *a, const void *b)
{
    const struct listed_image *left = a, *right = b;
    int order = strcmp(right->tag, left->tag);

    return order ? order : strcmp(right->key, left->key);
}

static int add_image(struct image_search *search, const struct store_entry *entry,
                     const struct image_name *name, const char *month, struct err *err)
{
    struct image_list *list = search->list;
    struct listed_image *image;

    if (!array_reserve(&list->items, &list->room, list->count, sizeof *list->items))
        return err_memory(err, "the list");
    image = &list->items[list->count];
    *image = (struct listed_image){.size = entry->info.size, .pushed = search->scan.metadata_time};
    str_copy(image->month, sizeof image->month, month);
    image->ref = strings_keep(&list->strings, name->ref, err);
    image->key = strings_keep(&list->strings, entry->key, err);
    if (!image->ref || !image->key)
        return ERR_FAIL;
    image->tag = image->ref + strlen(name->app) + 1;
    list->count++;
    return 0;
}

static int add_entry(void *arg, const struct store_entry *entry, struct err *err)
{
    struct image_search *search = arg;
    char month[CLOCK_MONTH_SIZE];
    struct image_name name;

    switch (archive_scan_next(&search->scan, entry, &name, month)) {
    case ARCHIVE_SCAN_IMAGE:
        return add_image(search, entry, &name, month, err);
    case ARCHIVE_SCAN_MISNAMED:
        text_printf(search->warnings, "%s: the name is not APP-YYYYMMDD-HHMM-hash\n", entry->key);
        break;
    case ARCHIVE_SCAN_UNDESCRIBED:
        text_printf(search->warnings, "%s: it has no metadata: its push was not completed\n",
                    entry->key);
        break;
    case ARCHIVE_SCAN_RETIRED:
    case ARCHIVE_SCAN_OTHER:
        break;
    }
    return 0;
}

/* Drops archives that the store has listed twice, as at the border of two pages. */
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
    struct store_op op = {.verb = STORE_LIST, .key = prefix};

    *out = (struct image_list){.items = NULL};
    snprintf(prefix, sizeof prefix, "images/%s/%s%s", app, month ? month : "", month ? "/" : "");
    if (walk_each(store, &op, add_entry, &search, err))
        return ERR_FAIL;
    out->unsure = op.unsure;
    if (op.unsure)
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
