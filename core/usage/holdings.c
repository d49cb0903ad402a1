/*
 * The lists come first: an object that a document names, but that is not listed, was written or
 * moved in between, or does not exist. An archive that was replaced under its fixed key is found as
 * its copy below archive/, whose metadata has the wanted ETag.
 */
#include "usage/holdings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/err.h"
#include "catalog/image_objects.h"
#include "catalog/keys.h"
#include "catalog/object_refs.h"
#include "catalog/walk.h"
#include "catalog/warnings.h"

/* ---- objects ---- */

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct holding *)a)->key, ((const struct holding *)b)->key);
}

static uint32_t find(const struct holdings *holdings, const char *key)
{
    const struct holding wanted = {.key = key};
    const struct holding *found =
        holdings->count ? bsearch(&wanted, holdings->list, holdings->count, sizeof wanted, by_key)
                        : NULL;

    return found ? (uint32_t)(found - holdings->list) : HOLDING_NONE;
}

static int add_entry(void *arg, const struct store_entry *entry, struct err *err)
{
    struct holdings *holdings = arg;
    struct holding *holding;

    if (!array_reserve(&holdings->list, &holdings->room, holdings->count, sizeof *holding))
        return err_memory(err, "the objects");
    holding = &holdings->list[holdings->count];
    *holding = (struct holding){.size = entry->info.size, .document = HOLDING_NONE};
    holding->key = strings_keep(&holdings->strings, entry->key, err);
    holding->etag = strings_keep(&holdings->strings, entry->info.etag, err);
    holdings->count += holding->key && holding->etag;
    return holding->key && holding->etag ? 0 : ERR_FAIL;
}

static int list_objects(struct holdings *holdings, struct store *store, const char *root,
                        const char *app, struct err *err)
{
    char prefix[KEY_MAX];
    struct store_op op = {.verb = STORE_LIST, .key = prefix};

    snprintf(prefix, sizeof prefix, "%s/%s/", root, app);
    return walk_each_sure(store, &op, add_entry, holdings, "objects", err);
}

/* Sorts the objects; of those that a store listed twice, one remains. */
static void sort_objects(struct holdings *holdings)
{
    size_t kept = 0;

    if (holdings->count)
        qsort(holdings->list, holdings->count, sizeof *holdings->list, by_key);
    for (size_t i = 0; i < holdings->count; i++)
        if (!kept || strcmp(holdings->list[kept - 1].key, holdings->list[i].key) != 0)
            holdings->list[kept++] = holdings->list[i];
    holdings->count = kept;
}

/* ---- documents ---- */

static bool is_wanted(const struct holding *holding, const struct holding_use *use)
{
    return !use->etag[0] || holding->size == use->size || strcmp(holding->etag, use->etag) == 0;
}

static int keep_use(struct holdings *holdings, struct holding_use *use, const char *key,
                    const char *etag, uint64_t size, uint64_t used, struct err *err)
{
    uint32_t found = find(holdings, key);

    *use = (struct holding_use){HOLDING_NONE, NULL, NULL, size, used};
    use->key = strings_keep(&holdings->strings, key, err);
    use->etag = strings_keep(&holdings->strings, etag, err);
    if (!use->key || !use->etag)
        return ERR_FAIL;
    if (found != HOLDING_NONE && is_wanted(&holdings->list[found], use))
        use->holding = found;
    return 0;
}

static int keep_uses(struct holdings *holdings, struct holding_document *document,
                     const struct located *at, struct err *err)
{
    const struct metadata *metadata = &at->metadata;

    document->use_count = image_objects_count(at);
    document->uses = calloc(document->use_count, sizeof *document->uses);
    if (!document->uses)
        return err_memory(err, "the documents");
    for (unsigned i = 0; i < document->use_count; i++) {
        struct image_object object = image_objects_get(at, i);

        if (keep_use(holdings, &document->uses[i], object.key, object.etag, object.size,
                     object.used, err))
            return ERR_FAIL;
    }
    return keep_use(holdings, &document->index, metadata->index_key, "", metadata->index_size, 0,
                    err);
}

static int fill_document(struct holdings *holdings, struct holding_document *document,
                         const struct located *at, struct err *err)
{
    const struct metadata *metadata = &at->metadata;
    char month[CLOCK_MONTH_SIZE], platform[PLATFORM_KEY_SIZE];
    struct platform normal;
    struct image_name name;
    enum key_kind kind;

    if (key_parse_document(at->metadata_key, &name, month, platform, &kind))
        str_copy(document->ref, sizeof document->ref, name.ref);
    if (platform_parse(metadata->platform, &normal))
        platform_text(&normal, document->platform);
    else
        str_copy(document->platform, sizeof document->platform, metadata->platform);
    document->thin = metadata->thin;
    document->size = metadata->size;
    document->archive_etag = strings_keep(&holdings->strings, metadata->archive_etag, err);
    document->index_sha256 = strings_keep(&holdings->strings, metadata->index_sha256, err);
    document->image_id = strings_keep(&holdings->strings, metadata->image_id, err);
    if (!document->archive_etag || !document->index_sha256 || !document->image_id)
        return ERR_FAIL;
    return keep_uses(holdings, document, at, err);
}

static enum holder holder_of(const struct located *at)
{
    if (at->retired)
        return HOLDER_RETIRED;
    return strncmp(at->metadata_key, "archive/", 8) == 0 ? HOLDER_REPLACED : HOLDER_IMAGE;
}

/* Returns the key of the document itself, which differs from metadata_key for a tombstone. */
static void own_key(const struct located *at, char out[KEY_MAX])
{
    if (at->retired)
        snprintf(out, KEY_MAX, "%.*s.retired", (int)(strlen(at->metadata_key) - strlen(".json")),
                 at->metadata_key);
    else
        snprintf(out, KEY_MAX, "%s", at->metadata_key);
}

/* Adds a document, or replaces what was read of it before. One that was written after the lists is
 * left out. */
static int take_document(void *arg, const struct located *at, struct err *err)
{
    struct holdings *holdings = arg;
    struct holding_document *document;
    char key[KEY_MAX];
    uint32_t itself;

    own_key(at, key);
    itself = find(holdings, key);
    if (itself == HOLDING_NONE)
        return 0;
    if (holdings->list[itself].document == HOLDING_NONE) {
        if (!array_reserve(&holdings->documents, &holdings->document_room, holdings->document_count,
                           sizeof *document))
            return err_memory(err, "the documents");
        holdings->list[itself].document = (uint32_t)holdings->document_count;
        document = &holdings->documents[holdings->document_count++];
    } else {
        document = &holdings->documents[holdings->list[itself].document];
        free(document->uses);
    }
    *document = (struct holding_document){.holding = itself, .holder = holder_of(at)};
    return fill_document(holdings, document, at, err);
}

/* ---- connecting ---- */

/* The documents of replaced archives, by ETag and size. */
struct copies {
    const struct holding_document **list;
    size_t count;
};

static int by_archive(const void *a, const void *b)
{
    const struct holding_document *left = *(const struct holding_document *const *)a,
                                  *right = *(const struct holding_document *const *)b;
    uint64_t left_size = left->uses[0].size, right_size = right->uses[0].size;
    int order = strcmp(left->archive_etag, right->archive_etag);

    if (order == 0)
        order = (left_size > right_size) - (left_size < right_size);
    return order ? order : (left > right) - (left < right);
}

static int find_copies(const struct holdings *holdings, struct copies *out, struct err *err)
{
    *out = (struct copies){
        .list = malloc((holdings->document_count + 1) * sizeof(struct holding_document *))};
    if (!out->list)
        return err_memory(err, "the replaced archives");
    for (size_t i = 0; i < holdings->document_count; i++)
        if (holdings->documents[i].holder == HOLDER_REPLACED &&
            holdings->documents[i].use_count == 1)
            out->list[out->count++] = &holdings->documents[i];
    if (out->count)
        qsort(out->list, out->count, sizeof(struct holding_document *), by_archive);
    return 0;
}

/* Finds the copy of an archive that was replaced: the archive of a document below archive/. */
static uint32_t find_copy(const struct copies *copies, const struct holding_use *use)
{
    size_t low = 0, high = copies->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct holding_document *document = copies->list[middle];
        int order = strcmp(document->archive_etag, use->etag);

        if (order < 0 || (order == 0 && document->uses[0].size < use->size))
            low = middle + 1;
        else
            high = middle;
    }
    if (!use->etag[0] || low == copies->count || copies->list[low]->uses[0].size != use->size ||
        strcmp(copies->list[low]->archive_etag, use->etag) != 0)
        return HOLDING_NONE;
    return copies->list[low]->uses[0].holding;
}

static void hold(struct holdings *holdings, const struct holding_document *document,
                 const struct holding_use *use, bool is_index)
{
    struct holding *holding;

    if (use->holding == HOLDING_NONE)
        return;
    holding = &holdings->list[use->holding];
    holding->documents++;
    holding->holders |= document->holder;
    holding->is_index = is_index;
}

static void connect(struct holdings *holdings, const struct copies *copies,
                    struct holding_document *document, struct text *warnings)
{
    for (unsigned i = 0; i < document->use_count; i++) {
        struct holding_use *use = &document->uses[i];

        if (use->holding == HOLDING_NONE)
            use->holding = find_copy(copies, use);
        if (use->holding == HOLDING_NONE && document->holder == HOLDER_IMAGE)
            warnings_add(warnings, "%s: its object %s does not exist",
                         holdings->list[document->holding].key, use->key);
        hold(holdings, document, use, false);
    }
    hold(holdings, document, &document->index, true);
}

int holdings_read(struct holdings *holdings, struct store *store, const char *app,
                  struct text *warnings, struct err *err)
{
    struct object_refs *refs = NULL;
    struct copies copies;

    if (list_objects(holdings, store, "images", app, err) ||
        list_objects(holdings, store, "archive", app, err))
        return ERR_FAIL;
    sort_objects(holdings);
    if (object_refs_read(store, app, take_document, holdings, &refs, err))
        return ERR_FAIL;
    object_refs_destroy(refs);
    if (find_copies(holdings, &copies, err))
        return ERR_FAIL;
    for (size_t i = 0; i < holdings->document_count; i++)
        connect(holdings, &copies, &holdings->documents[i], warnings);
    free(copies.list);
    return 0;
}

void holdings_finish(struct holdings *holdings)
{
    for (size_t i = 0; i < holdings->document_count; i++)
        free(holdings->documents[i].uses);
    free(holdings->documents);
    free(holdings->list);
    strings_finish(&holdings->strings);
    *holdings = (struct holdings){0};
}
