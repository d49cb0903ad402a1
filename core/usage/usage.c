/*
 * For each application: read its holdings, read the indexes of its thin images, measure which bytes
 * are used, add up. A whole image uses all bytes of its object, so its index is not read.
 */
#include "usage/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "catalog/listing.h"
#include "catalog/metadata.h"
#include "catalog/temp_objects.h"
#include "catalog/walk.h"
#include "catalog/warnings.h"
#include "pack/index/index.h"
#include "pack/index/object_runs.h"
#include "transfer/fetch_index.h"
#include "usage/coverage.h"
#include "usage/holdings.h"

#define SPANS_MAX ((size_t)1024 * 1024) /* 24 bytes each, and 48 while they are measured */

struct measure {
    struct store *store;
    struct text *warnings;
    bool quick;
    struct holdings holdings;
    struct coverage_span *spans;
    size_t span_count, span_room;
    uint64_t *live;  /* of each object */
    uint64_t *alone; /* of each document */
};

/* ---- spans ---- */

static int add_span(struct measure *m, const struct coverage_span *span, struct err *err)
{
    if (m->span_count == SPANS_MAX)
        return err_set(err, ERR_UNSUPPORTED, CODE_RUNS,
                       "the images have more than %zu runs of chunks", SPANS_MAX);
    if (!array_reserve(&m->spans, &m->span_room, m->span_count, sizeof *m->spans))
        return err_memory(err, "the use of the bucket");
    m->spans[m->span_count++] = *span;
    return 0;
}

static int add_whole(struct measure *m, unsigned owner, struct err *err)
{
    const struct holding_document *document = &m->holdings.documents[owner];

    for (unsigned i = 0; i < document->use_count; i++) {
        uint32_t at = document->uses[i].holding;

        if (at != HOLDING_NONE &&
            add_span(m, &(struct coverage_span){at, owner, 0, m->holdings.list[at].size}, err))
            return ERR_FAIL;
    }
    return 0;
}

/* Adds the runs of an index, and counts what the document uses of each object. */
static int add_runs(struct measure *m, unsigned owner, const struct object_runs *runs,
                    struct err *err)
{
    struct holding_document *document = &m->holdings.documents[owner];

    for (unsigned i = 0; i < document->use_count; i++)
        document->uses[i].used = 0;
    for (size_t i = 0; i < runs->count; i++) {
        const struct object_run *run = &runs->list[i];
        struct holding_use *use = &document->uses[run->object];

        use->used += run->size;
        if (use->holding != HOLDING_NONE &&
            add_span(m, &(struct coverage_span){use->holding, owner, run->offset, run->size}, err))
            return ERR_FAIL;
    }
    return 0;
}

static int add_index(struct measure *m, unsigned owner, const struct index *index, struct err *err)
{
    struct object_runs runs = {0};
    int failed = index->object_count != m->holdings.documents[owner].use_count
                     ? err_set(err, ERR_INTEGRITY, "index", "the index has other objects")
                     : 0;

    for (unsigned i = 0; !failed && i < index->section_count; i++)
        failed = object_runs_add_section(&runs, &index->sections[i], err);
    if (!failed) {
        object_runs_sort(&runs);
        failed = add_runs(m, owner, &runs, err);
    }
    object_runs_finish(&runs);
    return failed;
}

/* Returns true if the index is damaged, missing, or of a newer program. */
static bool is_unusable(const struct err *err)
{
    return err->family == ERR_INTEGRITY || err->family == ERR_NOT_FOUND ||
           (err->family == ERR_UNSUPPORTED && !err_is(err, ERR_UNSUPPORTED, CODE_RUNS));
}

/* Reads the index of a thin image. An index that cannot be used is a warning, and the image counts
 * as one that uses its objects as a whole. */
static int add_thin(struct measure *m, unsigned owner, struct err *err)
{
    const struct holding_document *document = &m->holdings.documents[owner];
    struct metadata metadata = {.size = document->size};
    struct index *index = NULL;
    int failed;

    str_copy(metadata.index_key, sizeof metadata.index_key, document->index.key);
    str_copy(metadata.index_sha256, sizeof metadata.index_sha256, document->index_sha256);
    str_copy(metadata.image_id, sizeof metadata.image_id, document->image_id);
    failed = fetch_index(m->store, &metadata, &index, err) || add_index(m, owner, index, err);
    index_destroy(index);
    if (!failed || !is_unusable(err))
        return failed ? ERR_FAIL : 0;
    warnings_add_error(m->warnings, document->index.key, err);
    return add_whole(m, owner, err);
}

static int measure_bytes(struct measure *m, struct err *err)
{
    m->live = calloc(m->holdings.count + 1, sizeof *m->live);
    m->alone = calloc(m->holdings.document_count + 1, sizeof *m->alone);
    if (!m->live || !m->alone)
        return err_memory(err, "the use of the bucket");
    for (unsigned i = 0; !m->quick && i < m->holdings.document_count; i++)
        if (m->holdings.documents[i].thin ? add_thin(m, i, err) : add_whole(m, i, err))
            return ERR_FAIL;
    return coverage_measure(m->spans, m->span_count, m->live, m->alone, err);
}

/* Sets live[] to a lower bound: the most that one document uses. */
static void estimate_live(struct measure *m)
{
    for (size_t i = 0; i < m->holdings.document_count; i++) {
        const struct holding_document *document = &m->holdings.documents[i];

        for (unsigned j = 0; j < document->use_count; j++) {
            const struct holding_use *use = &document->uses[j];
            uint64_t used = document->thin ? use->used : use->size;

            if (use->holding != HOLDING_NONE && used > m->live[use->holding])
                m->live[use->holding] = used;
        }
    }
}

/* ---- one image ---- */

/* Returns true if the push that wrote the index wrote the object, too: their keys have one unique
 * number. */
static bool is_own(const char *index_key, const char *key)
{
    size_t size = strlen(index_key), tail = strlen(".index");

    return size > tail && strncmp(index_key, key, size - tail) == 0 && key[size - tail] == '.';
}

static uint64_t alone_of(const struct holdings *holdings, const struct holding_use *use)
{
    const struct holding *holding =
        use->holding == HOLDING_NONE ? NULL : &holdings->list[use->holding];

    return holding && holding->documents == 1 ? holding->size : 0;
}

static void fill_image(const struct measure *m, unsigned number, struct usage_image *image)
{
    const struct holdings *holdings = &m->holdings;
    const struct holding_document *document = &holdings->documents[number];

    *image = (struct usage_image){.thin = document->thin,
                                  .objects = document->use_count,
                                  .size = document->size,
                                  .alone_after_compact = m->alone[number]};
    str_copy(image->ref, sizeof image->ref, document->ref);
    str_copy(image->platform, sizeof image->platform, document->platform);
    image->alone_bytes = alone_of(holdings, &document->index);
    for (unsigned i = 0; i < document->use_count; i++) {
        const struct holding_use *use = &document->uses[i];

        image->alone_bytes += alone_of(holdings, use);
        if (document->thin && !is_own(document->index.key, use->key))
            image->refers_bytes += use->used;
    }
    if (!m->quick)
        image->alone_after_compact += alone_of(holdings, &document->index);
}

/* Newest first: the time follows the name of the application. */
static int by_name(const void *a, const void *b)
{
    const struct usage_image *x = a, *y = b;
    int order = strcmp(y->ref, x->ref);

    return order ? order : strcmp(x->platform, y->platform);
}

/* ---- sums ---- */

static bool is_known(const struct usage_app *app, size_t before, const char *platform)
{
    for (size_t i = 0; i < before; i++)
        if (strcmp(app->images[i].platform, platform) == 0)
            return true;
    return false;
}

static int list_images(const struct measure *m, struct usage_app *app, struct err *err)
{
    app->images = calloc(m->holdings.document_count + 1, sizeof *app->images);
    if (!app->images)
        return err_memory(err, "the images");
    for (unsigned i = 0; i < m->holdings.document_count; i++)
        if (m->holdings.documents[i].holder == HOLDER_IMAGE)
            fill_image(m, i, &app->images[app->image_count++]);
    if (app->image_count)
        qsort(app->images, app->image_count, sizeof *app->images, by_name);
    return 0;
}

static void add_images(struct usage_app *app)
{
    struct usage_sums *sums = &app->sums;

    for (size_t i = 0; i < app->image_count; i++) {
        const struct usage_image *image = &app->images[i];

        sums->images++;
        sums->thin += image->thin;
        sums->whole += !image->thin;
        sums->whole_bytes += image->size;
        sums->platforms += image->platform[0] && !is_known(app, i, image->platform);
    }
}

static uint64_t *sum_of_document(struct usage_sums *sums, enum holder holder)
{
    switch (holder) {
    case HOLDER_RETIRED:
        return &sums->retired_bytes;
    case HOLDER_REPLACED:
        return &sums->replaced_bytes;
    default:
        return &sums->document_bytes;
    }
}

/* Returns the sum that an object counts in. */
static uint64_t *sum_of(struct usage_sums *sums, const struct holdings *holdings,
                        const struct holding *holding)
{
    if (holding->document != HOLDING_NONE)
        return sum_of_document(sums, holdings->documents[holding->document].holder);
    if (holding->holders & HOLDER_IMAGE)
        return holding->is_index ? &sums->index_bytes : &sums->data_bytes;
    if (holding->holders & HOLDER_REPLACED || strncmp(holding->key, "archive/", 8) == 0)
        return &sums->replaced_bytes; /* metadata below archive/ state the index of before */
    if (holding->holders || str_ends(holding->key, ".retired"))
        return &sums->retired_bytes;
    return str_ends(holding->key, ".first") ? &sums->document_bytes : &sums->unfinished_bytes;
}

static void add_objects(const struct measure *m, struct usage_sums *sums)
{
    const struct holdings *holdings = &m->holdings;

    for (size_t i = 0; i < holdings->count; i++) {
        const struct holding *holding = &holdings->list[i];
        uint64_t *sum = sum_of(sums, holdings, holding);

        *sum += holding->size;
        sums->bytes += holding->size;
        if (sum == &sums->data_bytes && m->live[i] < holding->size)
            sums->dead_bytes += holding->size - m->live[i];
    }
}

/* ---- unfinished uploads ---- */

struct uploads {
    struct store *store;
    uint64_t bytes;
};

static int add_part(void *arg, const struct store_entry *entry, struct err *err)
{
    (void)err;
    *(uint64_t *)arg += entry->info.size;
    return 0;
}

static int add_upload(void *arg, const struct store_entry *entry, struct err *err)
{
    struct uploads *uploads = arg;
    struct store_op op = {.verb = STORE_UPLOAD_PARTS,
                          .key = entry->key,
                          .upload_id_in = entry->info.etag,
                          .optional = true};

    return store_each(uploads->store, &op, add_part, &uploads->bytes, err) == STORE_FAILED
               ? ERR_FAIL
               : 0;
}

/* Adds the parts of unfinished uploads. A store that does not list them is a warning. */
static int add_uploads(const struct measure *m, const char *app, struct usage_sums *sums,
                       struct err *err)
{
    char prefix[KEY_MAX];
    struct store_op op = {.verb = STORE_UPLOADS, .key = prefix, .optional = true};
    struct uploads uploads = {.store = m->store};

    snprintf(prefix, sizeof prefix, "images/%s/", app);
    if (store_each(m->store, &op, add_upload, &uploads, err) == STORE_FAILED) {
        if (err->family != ERR_UNSUPPORTED && err->family != ERR_AUTH)
            return ERR_FAIL;
        warnings_add(m->warnings, "unfinished uploads are not counted: %s", err->text);
    }
    sums->unfinished_bytes += uploads.bytes;
    sums->bytes += uploads.bytes;
    return 0;
}

/* ---- applications ---- */

static int read_app(struct measure *m, struct usage_app *app, struct err *err)
{
    if (holdings_read(&m->holdings, m->store, app->name, m->warnings, err) || measure_bytes(m, err))
        return ERR_FAIL;
    if (m->quick)
        estimate_live(m);
    if (list_images(m, app, err))
        return ERR_FAIL;
    add_images(app);
    add_objects(m, &app->sums);
    return add_uploads(m, app->name, &app->sums, err);
}

static void finish_measure(struct measure *m)
{
    holdings_finish(&m->holdings);
    free(m->spans);
    free(m->live);
    free(m->alone);
    *m = (struct measure){.store = m->store, .warnings = m->warnings, .quick = m->quick};
}

static void add_sums(struct usage_sums *to, const struct usage_sums *from)
{
    to->images += from->images;
    to->whole += from->whole;
    to->thin += from->thin;
    to->platforms = from->platforms > to->platforms ? from->platforms : to->platforms;
    to->bytes += from->bytes;
    to->data_bytes += from->data_bytes;
    to->index_bytes += from->index_bytes;
    to->document_bytes += from->document_bytes;
    to->replaced_bytes += from->replaced_bytes;
    to->retired_bytes += from->retired_bytes;
    to->unfinished_bytes += from->unfinished_bytes;
    to->dead_bytes += from->dead_bytes;
    to->whole_bytes += from->whole_bytes;
}

static int name_apps(struct usage *usage, struct store *store, const char *app,
                     struct text *warnings, struct err *err)
{
    struct listed_app *apps = NULL;
    size_t count = 1;
    int failed = app ? 0 : listing_apps(store, &apps, &count, warnings, err);

    usage->apps = failed ? NULL : calloc(count + 1, sizeof *usage->apps);
    if (!failed && !usage->apps)
        failed = err_memory(err, "the applications");
    for (size_t i = 0; !failed && i < count; i++)
        str_copy(usage->apps[i].name, NAME_APP_MAX, app ? app : apps[i].name);
    usage->app_count = failed ? 0 : count;
    free(apps);
    return failed;
}

static int add_temporary(struct store *store, struct usage_sums *total, struct err *err)
{
    struct store_op op = {.verb = STORE_LIST, .key = TEMP_OBJECTS_FOLDER};
    uint64_t bytes = 0;

    if (walk_each_sure(store, &op, add_part, &bytes, "temporary objects", err))
        return ERR_FAIL;
    total->unfinished_bytes += bytes;
    total->bytes += bytes;
    return 0;
}

static int read_all(struct usage *usage, struct store *store, const char *app,
                    struct text *warnings, struct err *err)
{
    struct measure m = {.store = store, .warnings = warnings, .quick = usage->quick};
    int failed = name_apps(usage, store, app, warnings, err);

    for (size_t i = 0; !failed && i < usage->app_count; i++) {
        failed = read_app(&m, &usage->apps[i], err);
        finish_measure(&m);
        add_sums(&usage->total, &usage->apps[i].sums);
    }
    return failed || (!app && add_temporary(store, &usage->total, err)) ? ERR_FAIL : 0;
}

int usage_read(struct store *store, const char *app, bool quick, struct usage **out,
               struct text *warnings, struct err *err)
{
    struct usage *usage = calloc(1, sizeof *usage);

    *out = NULL;
    if (!usage)
        return err_memory(err, "the use of the bucket");
    usage->quick = quick;
    if (read_all(usage, store, app, warnings, err)) {
        usage_destroy(usage);
        return ERR_FAIL;
    }
    *out = usage;
    return 0;
}

void usage_destroy(struct usage *usage)
{
    if (!usage)
        return;
    for (size_t i = 0; i < usage->app_count; i++)
        free(usage->apps[i].images);
    free(usage->apps);
    free(usage);
}

uint64_t usage_saved(const struct usage_sums *sums)
{
    return sums->whole_bytes > sums->data_bytes ? sums->whole_bytes - sums->data_bytes : 0;
}
