/*
 * The documents are found by lists and read in parallel. A document may move meanwhile: an image is
 * retired (its metadata becomes a tombstone), restored (the reverse), or replaced (its metadata
 * goes to archive/). Each of these writes the new place before it deletes or replaces the old one.
 * So rounds are repeated until one lists what the round before has read: nothing new, nothing
 * changed, nothing missing. images/ is listed before archive/, because documents only move in this
 * direction.
 */
#include "catalog/object_refs.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "catalog/fetch.h"
#include "catalog/image_objects.h"
#include "catalog/strings.h"
#include "catalog/tombstone.h"
#include "catalog/walk.h"
#include "catalog/warnings.h"

#define ROUNDS_MAX 8

/* One state of an object, as documents describe it. */
struct variant {
    struct variant *next; /* another state of the same key */
    const char *etag;     /* "": not known */
    uint64_t size;
    unsigned documents;
};

struct object {
    const char *key;
    struct variant *variants;
};

struct document {
    const char *key, *etag;
    struct variant **needs; /* owned; each once */
    unsigned need_count;
    bool listed; /* in this round */
    bool stale;  /* it must be read */
};

struct object_refs {
    char app[NAME_APP_MAX];
    struct strings strings;
    void *objects; /* a tree of struct object, by key */
    struct document *documents;
    size_t count, room, sorted; /* the first `sorted` are sorted by key */
    object_refs_fn *each;
    void *arg;
    unsigned round;
    bool unsettled;     /* the documents of this round differ from those of the one before */
    struct located *at; /* of the document that is read */
    struct err *err;
    bool failed;
};

/* ---- objects ---- */

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct object *)a)->key, ((const struct object *)b)->key);
}

static struct object *find_object(const struct object_refs *refs, const char *key)
{
    const struct object wanted = {.key = key};
    void *const *found = tfind(&wanted, &refs->objects, by_key);

    return found ? *found : NULL;
}

/* Returns NULL, with refs->err filled, without memory. */
static struct object *make_object(struct object_refs *refs, const char *key)
{
    struct object *object = find_object(refs, key);

    if (object)
        return object;
    object = calloc(1, sizeof *object);
    if (object)
        object->key = strings_keep(&refs->strings, key, refs->err);
    if (object && object->key && tsearch(object, &refs->objects, by_key))
        return object;
    free(object);
    err_memory(refs->err, "the objects in use");
    return NULL;
}

static struct variant *make_variant(struct object_refs *refs, const char *key, const char *etag,
                                    uint64_t size)
{
    struct object *object = make_object(refs, key);
    struct variant *variant = object ? object->variants : NULL;

    while (variant && (variant->size != size || strcmp(variant->etag, etag) != 0))
        variant = variant->next;
    if (variant || !object)
        return variant;
    variant = calloc(1, sizeof *variant);
    if (!variant) {
        err_memory(refs->err, "the objects in use");
        return NULL;
    }
    variant->etag = etag[0] ? strings_keep(&refs->strings, etag, refs->err) : "";
    if (!variant->etag) {
        free(variant);
        return NULL;
    }
    variant->size = size;
    variant->next = object->variants;
    object->variants = variant;
    return variant;
}

/* Adds a need to the document, whose list has room. */
static int add_need(struct object_refs *refs, struct document *document, const char *key,
                    const char *etag, uint64_t size)
{
    struct variant *variant = make_variant(refs, key, etag, size);

    if (!variant)
        return ERR_FAIL;
    for (unsigned i = 0; i < document->need_count; i++)
        if (document->needs[i] == variant)
            return 0;
    variant->documents++;
    document->needs[document->need_count++] = variant;
    return 0;
}

static void drop_needs(struct document *document)
{
    for (unsigned i = 0; i < document->need_count; i++)
        document->needs[i]->documents--;
    free(document->needs);
    document->needs = NULL;
    document->need_count = 0;
}

/* ---- one document ---- */

/* Sets the keys of the image that the document describes. */
static void set_keys(struct located *at, const char *key)
{
    char month[CLOCK_MONTH_SIZE], platform[PLATFORM_KEY_SIZE];
    int stem = (int)(strrchr(key, '.') - key);
    struct image_name name;
    enum key_kind kind;

    snprintf(at->metadata_key, sizeof at->metadata_key, "%.*s.json", stem, key);
    if (key_parse_document(key, &name, month, platform, &kind))
        key_image(at->archive_key, &name, month, KEY_ARCHIVE);
    else
        snprintf(at->archive_key, sizeof at->archive_key, "%.*s.tar.gz", stem, key);
}

static int parse_metadata(struct view text, struct located *at, struct err *err)
{
    return metadata_parse(text, &at->metadata, err) ||
                   metadata_check_place(&at->metadata, at->metadata_key, err)
               ? ERR_FAIL
               : 0;
}

/* Parses metadata or a tombstone. Returns 1 if it needs nothing. */
static int parse_document(const struct document *document, struct view text, struct located *at,
                          struct err *err)
{
    struct tombstone tombstone;
    int answer;

    at->retired = str_ends(document->key, ".retired");
    at->metadata_etag[0] = '\0';
    set_keys(at, document->key);
    if (!at->retired) {
        str_copy(at->metadata_etag, sizeof at->metadata_etag, document->etag);
        return parse_metadata(text, at, err);
    }
    if (tombstone_parse(text, &tombstone, err))
        return ERR_FAIL;
    answer = tombstone.deleting || !tombstone.metadata.size
                 ? 1
                 : parse_metadata(text_view(&tombstone.metadata), at, err);
    tombstone_finish(&tombstone);
    return answer;
}

static int add_needs(struct object_refs *refs, struct document *document, const struct located *at)
{
    unsigned count = image_objects_count(at);
    int failed = 0;

    document->needs = calloc(count + 1, sizeof(struct variant *));
    if (!document->needs)
        return err_memory(refs->err, "the objects in use");
    for (unsigned i = 0; !failed && i < count; i++) {
        struct image_object object = image_objects_get(at, i);

        failed = add_need(refs, document, object.key, object.etag, object.size);
    }
    if (!failed && at->metadata.index_key[0])
        failed = add_need(refs, document, at->metadata.index_key, "", at->metadata.index_size);
    return failed;
}

static int refuse(struct object_refs *refs, const char *key, const char *why)
{
    key = warnings_key(key, why);
    err_set(refs->err, ERR_CONFLICT, CODE_REFERENCED,
            "cannot find out which data of %s are in use: %s%s%s", refs->app, key,
            key[0] ? ": " : "", why);
    return err_about(refs->err, "%s", refs->app);
}

/* Refuses because of a document that was read, but cannot be used. */
static int refuse_document(struct object_refs *refs, const char *key, const struct err *why)
{
    refuse(refs, key, why->text);
    if (why->hint[0])
        return err_hint(refs->err, "%s", why->hint);
    return why->family != ERR_INTEGRITY
               ? ERR_FAIL
               : err_hint(refs->err,
                          "no data of %s are deleted until this can be read: repair that "
                          "document, or delete it with another program for S3 and push "
                          "the image again",
                          refs->app);
}

static int read_one(struct object_refs *refs, struct document *document, struct view text)
{
    struct located *at = refs->at;
    struct err why;
    int answer = parse_document(document, text, at, &why);

    drop_needs(document);
    document->stale = false;
    if (answer == 0) {
        answer = add_needs(refs, document, at);
        if (answer == 0 && refs->each)
            answer = refs->each(refs->arg, at, refs->err);
    } else if (answer < 0) {
        answer = refuse_document(refs, document->key, &why);
    }
    metadata_finish(&at->metadata);
    return answer < 0 ? ERR_FAIL : 0;
}

/* ---- a round ---- */

static int by_document(const void *a, const void *b)
{
    return strcmp(((const struct document *)a)->key, ((const struct document *)b)->key);
}

static struct document *find_document(const struct object_refs *refs, const char *key)
{
    const struct document wanted = {.key = key};

    return refs->sorted
               ? bsearch(&wanted, refs->documents, refs->sorted, sizeof wanted, by_document)
               : NULL;
}

/* Tombstones of objects need nothing. */
static bool is_document(const char *key)
{
    char month[CLOCK_MONTH_SIZE], unique[KEY_UNIQUE_SIZE];
    struct image_name name;
    enum data_kind kind;

    return str_ends(key, ".json") ||
           (str_ends(key, ".retired") && !key_parse_data(key, &name, month, unique, &kind));
}

static int add_entry(void *arg, const struct store_entry *entry, struct err *err)
{
    struct object_refs *refs = arg;
    struct document *document;

    if (!is_document(entry->key))
        return 0;
    document = find_document(refs, entry->key);
    if (!document) {
        if (!array_reserve(&refs->documents, &refs->room, refs->count, sizeof *refs->documents))
            return err_memory(err, "the documents");
        document = &refs->documents[refs->count];
        *document = (struct document){.etag = "", .stale = true};
        refs->unsettled = true;
        document->key = strings_keep(&refs->strings, entry->key, err);
        refs->count += document->key != NULL;
    }
    if (!document->key)
        return ERR_FAIL;
    document->listed = true;
    if (strcmp(document->etag, entry->info.etag) == 0 && (entry->info.etag[0] || refs->round))
        return 0;
    document->stale = refs->unsettled = true;
    document->etag = strings_keep(&refs->strings, entry->info.etag, err);
    return document->etag ? 0 : ERR_FAIL;
}

static int list_documents(struct object_refs *refs, struct store *store, const char *root,
                          struct err *err)
{
    char prefix[KEY_MAX];
    struct store_op op = {.verb = STORE_LIST, .key = prefix};

    snprintf(prefix, sizeof prefix, "%s/%s/", root, refs->app);
    return walk_each_sure(store, &op, add_entry, refs, "documents", err);
}

/* Removes the documents that are no longer listed, and those that were listed twice. Sorts. */
static void drop_unlisted(struct object_refs *refs)
{
    size_t kept = 0;

    if (refs->count)
        qsort(refs->documents, refs->count, sizeof *refs->documents, by_document);
    for (size_t i = 0; i < refs->count; i++) {
        struct document *document = &refs->documents[i];

        if (document->listed &&
            (!kept || strcmp(refs->documents[kept - 1].key, document->key) != 0)) {
            refs->documents[kept++] = *document;
            continue;
        }
        refs->unsettled = refs->unsettled || (!document->listed && document->need_count);
        drop_needs(document);
    }
    refs->count = refs->sorted = kept;
}

struct reading {
    struct object_refs *refs;
    char **keys;
    struct document **documents;
    size_t count;
};

static void take_document(void *arg, size_t at, enum store_answer answer, struct view text,
                          const struct err *why)
{
    struct reading *reading = arg;
    struct object_refs *refs = reading->refs;
    struct document *document = reading->documents[at];

    if (refs->failed)
        return;
    if (answer == STORE_DONE)
        refs->failed = read_one(refs, document, text) != 0;
    else if (answer != STORE_ABSENT) /* if it is absent, the next round does not list it */
        refs->failed = refuse(refs, document->key, why->text) != 0;
}

static int read_stale(struct object_refs *refs, struct store *store, struct err *err)
{
    struct reading reading = {.refs = refs};
    int failed;

    reading.keys = calloc(refs->count + 1, sizeof *reading.keys);
    reading.documents = calloc(refs->count + 1, sizeof(struct document *));
    if (!reading.keys || !reading.documents) {
        failed = err_memory(err, "the documents");
    } else {
        for (size_t i = 0; i < refs->count; i++)
            if (refs->documents[i].stale) {
                reading.documents[reading.count] = &refs->documents[i];
                reading.keys[reading.count++] = (char *)refs->documents[i].key;
            }
        failed = fetch_run(store, reading.keys, reading.count, take_document, &reading, err) ||
                 refs->failed;
    }
    free(reading.keys);
    free(reading.documents);
    return failed ? ERR_FAIL : 0;
}

static int run_round(struct object_refs *refs, struct store *store, struct err *err)
{
    refs->unsettled = false;
    for (size_t i = 0; i < refs->count; i++)
        refs->documents[i].listed = false;
    if (list_documents(refs, store, "images", err) || list_documents(refs, store, "archive", err))
        return ERR_FAIL;
    drop_unlisted(refs);
    return read_stale(refs, store, err);
}

int object_refs_again(struct store *store, struct object_refs *refs, struct err *err)
{
    refs->err = err;
    refs->failed = false;
    for (refs->round = 0; refs->round < ROUNDS_MAX; refs->round++) {
        if (run_round(refs, store, err))
            return ERR_FAIL;
        if (!refs->unsettled)
            return 0;
    }
    return refuse(refs, "its documents", "other programs changed them during each try");
}

int object_refs_read(struct store *store, const char *app, object_refs_fn *each, void *arg,
                     struct object_refs **out, struct err *err)
{
    struct object_refs *refs = calloc(1, sizeof *refs);

    *out = NULL;
    if (refs)
        refs->at = calloc(1, sizeof *refs->at);
    if (!refs || !refs->at) {
        object_refs_destroy(refs);
        return err_memory(err, "the objects in use");
    }
    str_copy(refs->app, sizeof refs->app, app);
    refs->each = each;
    refs->arg = arg;
    if (object_refs_again(store, refs, err)) {
        object_refs_destroy(refs);
        return ERR_FAIL;
    }
    *out = refs;
    return 0;
}

/* ---- results ---- */

/* Returns 1 if the document needs this variant. */
static unsigned needs(const struct document *document, const struct variant *variant)
{
    for (unsigned i = 0; document && i < document->need_count; i++)
        if (document->needs[i] == variant)
            return 1;
    return 0;
}

unsigned object_refs_count(const struct object_refs *refs, const char *except, const char *key,
                           const char *etag, uint64_t size)
{
    const struct document *without = except ? find_document(refs, except) : NULL;
    const struct object *object = find_object(refs, key);
    unsigned count = 0;

    for (const struct variant *v = object ? object->variants : NULL; v; v = v->next)
        if (!etag[0] || !v->etag[0] || v->size == size || strcmp(v->etag, etag) == 0)
            count += v->documents - needs(without, v);
    return count;
}

static void free_object(struct object *object)
{
    for (struct variant *v = object->variants, *next; v; v = next) {
        next = v->next;
        free(v);
    }
    free(object);
}

/* Removes the root, again and again: POSIX has no call that frees a whole tree. */
static void free_objects(struct object_refs *refs)
{
    while (refs->objects) {
        struct object *object = *(struct object **)refs->objects;

        tdelete(object, &refs->objects, by_key);
        free_object(object);
    }
}

void object_refs_destroy(struct object_refs *refs)
{
    if (!refs)
        return;
    for (size_t i = 0; i < refs->count; i++)
        free(refs->documents[i].needs);
    free(refs->documents);
    free_objects(refs);
    strings_finish(&refs->strings);
    free(refs->at);
    free(refs);
}
