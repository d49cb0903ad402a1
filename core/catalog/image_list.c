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
#include "catalog/fetch.h"
#include "catalog/metadata.h"
#include "catalog/stems.h"
#include "catalog/walk.h"
#include "catalog/warnings.h"

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

/* Adds the platforms that have metadata of their own to `out`. Returns when the first of all
 * documents was written; wall ns. */
static int64_t list_documents(const struct stem *stem, struct text *out)
{
    const struct stem_document *first = stem_document(stem, "", KEY_METADATA);
    int64_t pushed = 0;

    for (unsigned i = 0; i < stem->document_count; i++) {
        const struct stem_document *document = &stem->documents[i];
        char text[PLATFORM_TEXT_SIZE];
        struct platform platform;

        if (document->kind != KEY_METADATA || !platform_parse_key(document->platform, &platform))
            continue;
        platform_text(&platform, text);
        text_printf(out, "%s%s", out->size ? ", " : "", text);
        pushed = pushed && pushed < document->modified ? pushed : document->modified;
    }
    return first ? first->modified : pushed;
}

static int fill_image(struct image_list *list, const struct stem *stem, struct listed_image *image,
                      struct err *err)
{
    _cleanup_text_ struct text further = {0};
    char key[KEY_MAX];

    text_init(&further, MIB);
    image->pushed = list_documents(stem, &further);
    key_image(key, &stem->name, stem->month, KEY_ARCHIVE);
    image->ref = strings_keep(&list->strings, stem->name.ref, err);
    image->key = strings_keep(&list->strings, key, err);
    image->further = further.size ? strings_keep(&list->strings, further.data, err) : "";
    image->first = "";
    return image->ref && image->key && image->further ? 0 : ERR_FAIL;
}

static int add_image(struct image_search *search, const struct stem *stem, struct err *err)
{
    struct image_list *list = search->list;
    struct listed_image *image;

    if (!array_reserve(&list->items, &list->room, list->count, sizeof *list->items))
        return err_memory(err, "the list");
    image = &list->items[list->count];
    *image = (struct listed_image){.size = size_of(stem)};
    str_copy(image->month, sizeof image->month, stem->month);
    if (fill_image(list, stem, image, err))
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
        warnings_add(search->warnings, "%s: it has no metadata: its push was not completed", key);
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

/* ---- the first platforms ---- */

struct firsts {
    struct image_list *list;
    struct text *warnings;
    char **keys;
    size_t *numbers; /* numbers[i]: the image of keys[i] */
    size_t count;
    struct err *err;
    bool failed; /* no memory */
};

static void take_first(void *arg, size_t at, enum store_answer answer, struct view text,
                       const struct err *why)
{
    struct firsts *f = arg;
    struct metadata metadata;
    struct platform platform;
    char normal[PLATFORM_TEXT_SIZE];
    struct err err;
    const char *kept;

    if (answer == STORE_FAILED)
        err = *why;
    else if (answer != STORE_DONE) /* only further platforms were pushed */
        return;
    if (answer == STORE_FAILED || metadata_parse(text, &metadata, &err)) {
        warnings_add_error(f->warnings, f->keys[at], &err);
        return;
    }
    platform_parse(metadata.platform, &platform);
    platform_text(&platform, normal);
    kept = strings_keep(&f->list->strings, normal, f->err);
    metadata_finish(&metadata);
    if (kept)
        f->list->items[f->numbers[at]].first = kept;
    else
        f->failed = true;
}

static int choose_firsts(struct firsts *f, struct err *err)
{
    f->keys = calloc(f->list->count + 1, sizeof *f->keys);
    f->numbers = calloc(f->list->count + 1, sizeof *f->numbers);
    if (!f->keys || !f->numbers)
        return err_memory(err, "the list");
    for (size_t i = 0; i < f->list->count; i++) {
        char key[KEY_MAX];

        if (!f->list->items[i].further[0] || !key_sibling(key, f->list->items[i].key, KEY_METADATA))
            continue;
        f->keys[f->count] = strdup(key);
        if (!f->keys[f->count])
            return err_memory(err, "the list");
        f->numbers[f->count++] = i;
    }
    return 0;
}

int image_list_platforms(struct store *store, struct image_list *list, struct text *warnings,
                         struct err *err)
{
    struct firsts f = {.list = list, .warnings = warnings, .err = err};
    int failed = choose_firsts(&f, err) || fetch_run(store, f.keys, f.count, take_first, &f, err);

    for (size_t i = 0; i < f.count; i++)
        free(f.keys[i]);
    free(f.keys);
    free(f.numbers);
    return failed || f.failed ? ERR_FAIL : 0;
}

void image_list_finish(struct image_list *list)
{
    free(list->items);
    strings_finish(&list->strings);
    *list = (struct image_list){.items = NULL};
}
