/*
 * Objects are collected until the key of another image, or the end of the list. A key that is
 * listed twice within an image counts once.
 */
#include "catalog/stems.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/err.h"
#include "catalog/strings.h"
#include "catalog/walk.h"
#include "catalog/warnings.h"

/* Objects and documents of one image. An image needs a few for each of its pushes. */
#define STEM_MOST 100000

struct grouping {
    stem_fn *each;
    void *arg;
    struct text *warnings;
    struct stem stem; /* the image that is being collected, if `open` */
    bool open;
    size_t document_room, object_room;
    struct strings strings; /* of this image */
};

/* ---- one image ---- */

const struct stem_document *stem_document(const struct stem *stem, const char *platform,
                                          enum key_kind kind)
{
    for (unsigned i = 0; i < stem->document_count; i++)
        if (stem->documents[i].kind == kind && strcmp(stem->documents[i].platform, platform) == 0)
            return &stem->documents[i];
    return NULL;
}

bool stem_is_image(const struct stem *stem)
{
    bool described = false, whole = stem->has_archive;

    for (unsigned i = 0; i < stem->document_count; i++)
        described = described || stem->documents[i].kind == KEY_METADATA;
    for (unsigned i = 0; i < stem->object_count; i++)
        whole = whole || stem->objects[i].kind == DATA_INDEX;
    return described && whole;
}

/* Reports the collected image and empties the collection. */
static int close_stem(struct grouping *g, struct err *err)
{
    int failed = g->open ? g->each(g->arg, &g->stem, err) : 0;

    strings_finish(&g->strings);
    g->open = false;
    g->stem = (struct stem){.documents = g->stem.documents, .objects = g->stem.objects};
    return failed;
}

/* Continues the image of the key, or begins it. */
static int choose_stem(struct grouping *g, const struct image_name *name, const char *month,
                       struct err *err)
{
    if (g->open && strcmp(g->stem.name.ref, name->ref) == 0 && strcmp(g->stem.month, month) == 0)
        return 0;
    if (close_stem(g, err))
        return ERR_FAIL;
    g->stem.name = *name;
    memcpy(g->stem.month, month, sizeof g->stem.month);
    g->open = true;
    return 0;
}

static int refuse_more(const struct grouping *g, struct err *err)
{
    return err_set(err, ERR_UNSUPPORTED, "listing", "%s has more than %d objects", g->stem.name.ref,
                   STEM_MOST);
}

static int add_object(struct grouping *g, const struct store_entry *entry, const char *unique,
                      enum data_kind kind, struct err *err)
{
    struct stem *stem = &g->stem;
    struct stem_object *object;

    if (stem->object_count && strcmp(stem->objects[stem->object_count - 1].key, entry->key) == 0)
        return 0;
    if (stem->object_count == STEM_MOST)
        return refuse_more(g, err);
    if (!array_reserve(&stem->objects, &g->object_room, stem->object_count, sizeof *object))
        return err_memory(err, "the listing");
    object = &stem->objects[stem->object_count];
    *object = (struct stem_object){
        .kind = kind, .size = entry->info.size, .modified = entry->info.modified};
    memcpy(object->unique, unique, sizeof object->unique);
    object->key = strings_keep(&g->strings, entry->key, err);
    object->etag = strings_keep(&g->strings, entry->info.etag, err);
    if (!object->key || !object->etag)
        return ERR_FAIL;
    stem->object_count++;
    return 0;
}

static int add_document(struct grouping *g, const struct store_entry *entry, const char *platform,
                        enum key_kind kind, struct err *err)
{
    struct stem *stem = &g->stem;
    struct stem_document *document;

    if (stem_document(stem, platform, kind))
        return 0;
    if (stem->document_count == STEM_MOST)
        return refuse_more(g, err);
    if (!array_reserve(&stem->documents, &g->document_room, stem->document_count, sizeof *document))
        return err_memory(err, "the listing");
    document = &stem->documents[stem->document_count];
    *document = (struct stem_document){
        .kind = kind, .size = entry->info.size, .modified = entry->info.modified};
    str_copy(document->platform, sizeof document->platform, platform);
    document->key = strings_keep(&g->strings, entry->key, err);
    document->etag = strings_keep(&g->strings, entry->info.etag, err);
    if (!document->key || !document->etag)
        return ERR_FAIL;
    stem->document_count++;
    return 0;
}

static int add_fixed(struct grouping *g, const struct store_entry *entry, enum key_kind kind,
                     struct err *err)
{
    struct stem *stem = &g->stem;

    switch (kind) {
    case KEY_ARCHIVE:
        stem->archive = entry->info;
        stem->has_archive = true;
        return 0;
    case KEY_INDEX:
        stem->index = entry->info;
        stem->has_index = true;
        return 0;
    case KEY_CLAIM:
        stem->claim = entry->info;
        stem->claimed = true;
        return 0;
    default:
        return add_document(g, entry, "", kind, err);
    }
}

/* ---- the listing ---- */

static int add_entry(void *arg, const struct store_entry *entry, struct err *err)
{
    struct grouping *g = arg;
    char month[CLOCK_MONTH_SIZE], unique[KEY_UNIQUE_SIZE], platform[PLATFORM_KEY_SIZE];
    struct image_name name;
    enum key_kind fixed;
    enum data_kind data;

    if (key_parse_fixed(entry->key, &name, month, &fixed))
        return choose_stem(g, &name, month, err) || add_fixed(g, entry, fixed, err) ? ERR_FAIL : 0;
    if (key_parse_data(entry->key, &name, month, unique, &data))
        return choose_stem(g, &name, month, err) || add_object(g, entry, unique, data, err)
                   ? ERR_FAIL
                   : 0;
    if (key_parse_document(entry->key, &name, month, platform, &fixed))
        return choose_stem(g, &name, month, err) || add_document(g, entry, platform, fixed, err)
                   ? ERR_FAIL
                   : 0;
    if (g->warnings && str_ends(entry->key, ".tar.gz"))
        warnings_add(g->warnings, "%s: the name is not APP-YYYYMMDD-HHMM-hash", entry->key);
    return 0;
}

int stems_each(struct store *store, const char *prefix, stem_fn *each, void *arg,
               struct text *warnings, bool *unsure, int64_t *now, struct err *err)
{
    struct grouping g = {.each = each, .arg = arg, .warnings = warnings};
    struct store_op op = {.verb = STORE_LIST, .key = prefix};
    int failed = unsure ? walk_each(store, &op, add_entry, &g, err)
                        : walk_each_sure(store, &op, add_entry, &g, prefix, err);

    if (failed)
        g.open = false;
    failed = close_stem(&g, err) || failed;
    free(g.stem.documents);
    free(g.stem.objects);
    if (unsure)
        *unsure = op.unsure;
    if (now) /* the store's date has whole seconds */
        *now = op.server_time ? op.server_time + NS_PER_S - 1 : clock_wall();
    return failed ? ERR_FAIL : 0;
}
