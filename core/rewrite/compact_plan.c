/* Only the runs of all images are in memory at a time, united. */
#include "rewrite/compact_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "catalog/image_objects.h"
#include "catalog/object_places.h"
#include "catalog/object_refs.h"
#include "pack/index/index.h"
#include "rewrite/signed_image.h"
#include "transfer/fetch_index.h"

#define UNITE 65536 /* runs that are added before all are united */

static int add_retired(struct compact_plan *plan, const struct located *at, struct err *err)
{
    for (unsigned i = 0; i < image_objects_count(at); i++) {
        if (!array_reserve(&plan->retired, &plan->retired_room, plan->retired_count,
                           sizeof(const char *)))
            return err_memory(err, "the images");
        plan->retired[plan->retired_count] =
            strings_keep(&plan->strings, image_objects_get(at, i).key, err);
        if (!plan->retired[plan->retired_count])
            return ERR_FAIL;
        plan->retired_count++;
    }
    return 0;
}

/* Collects the images, and what retired images need. */
static int add_image(void *arg, const struct located *at, struct err *err)
{
    struct compact_plan *plan = arg;
    const char *key;

    if (at->retired)
        return add_retired(plan, at, err);
    if (strncmp(at->metadata_key, "images/", 7) != 0)
        return 0;
    plan->has_images = true;
    if (at->metadata.format < 3)
        return 0;
    for (size_t i = 0; i < plan->image_count;
         i++) /* it was changed while the documents were read */
        if (strcmp(plan->images[i].key, at->metadata_key) == 0)
            return 0;
    if (!array_reserve(&plan->images, &plan->image_room, plan->image_count, sizeof *plan->images))
        return err_memory(err, "the images");
    key = strings_keep(&plan->strings, at->metadata_key, err);
    if (!key)
        return ERR_FAIL;
    plan->images[plan->image_count++] = (struct plan_image){.key = key};
    return 0;
}

int compact_plan_locate(struct store *store, const char *key, struct plan_source *source,
                        struct err *err)
{
    struct located *out = &source->at;
    _cleanup_text_ struct text text = {0};
    char month[CLOCK_MONTH_SIZE], platform[PLATFORM_KEY_SIZE];
    struct image_name name;
    enum key_kind kind;

    memset(out, 0, sizeof *out);
    text_init(&text, METADATA_SIZE_MAX);
    switch (store_get_document(store, key, &text, out->metadata_etag, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        break;
    default:
        return LOCATE_ABSENT;
    }
    str_copy(out->metadata_key, sizeof out->metadata_key, key);
    if (!key_parse_document(key, &name, month, platform, &kind))
        return LOCATE_ABSENT;
    key_image(out->archive_key, &name, month, KEY_ARCHIVE);
    if (metadata_parse(text_view(&text), &out->metadata, err) ||
        metadata_check_place(&out->metadata, key, err)) {
        metadata_finish(&out->metadata);
        return err_wrap(err, "%s", key);
    }
    if (object_places_find(store, &out->metadata, source->places, err)) {
        metadata_finish(&out->metadata);
        return ERR_FAIL;
    }
    return LOCATE_FOUND;
}

long compact_plan_find(const struct compact_plan *plan, const struct metadata_object *object)
{
    for (size_t i = 0; i < plan->object_count; i++)
        if (strcmp(plan->objects[i].object.key, object->key) == 0 &&
            strcmp(plan->objects[i].object.etag, object->etag) == 0)
            return (long)i;
    return -1;
}

static int add_objects(struct compact_plan *plan, const struct metadata_object *objects,
                       unsigned count, unsigned numbers[], struct err *err)
{
    for (unsigned i = 0; i < count; i++) {
        long at = compact_plan_find(plan, &objects[i]);

        if (at < 0) {
            if (!array_reserve(&plan->objects, &plan->object_room, plan->object_count,
                               sizeof *plan->objects))
                return err_memory(err, "the objects");
            at = (long)plan->object_count++;
            plan->objects[at] = (struct plan_object){.object = objects[i]};
        }
        plan->objects[at].images++;
        numbers[i] = (unsigned)at;
    }
    return 0;
}

static int add_runs(struct compact_plan *plan, const struct index *index, const unsigned numbers[],
                    struct err *err)
{
    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_chunk *chunk;
        struct index_cursor cursor;
        struct index_place place;

        index_cursor_init(&cursor, &index->sections[i]);
        while ((chunk = index_cursor_next(&cursor, &place)))
            if (object_runs_add(&plan->runs,
                                &(struct object_run){.object = numbers[place.object],
                                                     .offset = place.offset,
                                                     .size = chunk->packed_size},
                                err))
                return ERR_FAIL;
    }
    if (plan->runs.count > 2 * plan->united + UNITE) {
        object_runs_sort(&plan->runs);
        plan->united = plan->runs.count;
    }
    return 0;
}

/* Leaves an image as it is, with all of its objects. */
static void leave_image(struct compact_plan *plan, struct plan_image *image,
                        const unsigned numbers[], unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        plan->objects[numbers[i]].fixed = true;
    image->scattered = false;
    plan->signed_count++;
}

static int add_index(struct compact_plan *plan, const struct compact_scope *scope,
                     const struct plan_source *source, struct plan_image *image, struct err *err)
{
    const struct located *at = &source->at;
    unsigned numbers[METADATA_OBJECTS_MAX] = {0};
    struct index *index = NULL;
    int owner = signed_image_find(scope->store, scope->signing, at, err);
    int failed =
        owner < 0 ? ERR_FAIL : fetch_index_needed(scope->store, &at->metadata, &index, err);

    if (!failed && index->object_count != at->metadata.object_count)
        failed = err_set(err, ERR_INTEGRITY, "index", "%s has other objects than its metadata",
                         at->metadata.index_key);
    if (!failed)
        failed = add_objects(plan, source->places, index->object_count, numbers, err) ||
                 add_runs(plan, index, numbers, err) ||
                 gather_check(index, scope->scatter, &image->scattered, &image->cost, err);
    if (!failed && owner == SIGNED_BY_OTHER)
        leave_image(plan, image, numbers, at->metadata.object_count);
    image->size = at->metadata.size;
    index_destroy(index);
    return failed ? ERR_FAIL : 0;
}

/* Reads the use of one image. An image that was removed meanwhile is ignored. */
static int read_image(struct compact_plan *plan, const struct compact_scope *scope,
                      struct plan_image *image, struct plan_source *source, struct err *err)
{
    int answer = compact_plan_locate(scope->store, image->key, source, err);

    if (answer)
        return answer == LOCATE_ABSENT ? 0 : ERR_FAIL;
    answer = source->at.metadata.format < 3 ? 0 : add_index(plan, scope, source, image, err);
    located_finish(&source->at);
    return answer;
}

/* ---- the choice ---- */

static void find_runs(struct compact_plan *plan)
{
    for (size_t i = 0; i < plan->runs.count; i++) {
        struct plan_object *object = &plan->objects[plan->runs.list[i].object];

        if (!object->count)
            object->first = i;
        object->count++;
        object->used += plan->runs.list[i].size;
    }
}

static unsigned count_retired(const struct compact_plan *plan, const char *key)
{
    unsigned count = 0;

    for (size_t i = 0; i < plan->retired_count; i++)
        count += strcmp(plan->retired[i], key) == 0;
    return count;
}

/* Returns true for the objects that pushes and rewrites write. The copy of a replaced archive is
 * below archive/, and stays there. */
static bool is_of_push(const char *key)
{
    char month[CLOCK_MONTH_SIZE], unique[KEY_UNIQUE_SIZE];
    struct image_name name;
    enum data_kind kind;

    return key_parse_data(key, &name, month, unique, &kind) || key_parse_image(key, &name, month);
}

/* Returns true if documents need the object that are not images of the plan. */
static bool is_needed(const struct compact_plan *plan, const struct object_refs *refs,
                      const struct plan_object *object)
{
    const struct metadata_object *o = &object->object;

    return !is_of_push(o->key) || object_refs_count(refs, NULL, o->key, o->etag, o->size) >
                                      object->images + count_retired(plan, o->key);
}

static void choose(struct compact_plan *plan, const struct object_refs *refs, uint64_t least)
{
    for (size_t i = 0; i < plan->object_count; i++) {
        struct plan_object *object = &plan->objects[i];
        uint64_t unused = object->object.size - object->used;
        bool mostly = object->used && object->used <= object->object.size && unused >= least &&
                      unused > object->object.size / 2;

        object->needed = mostly && is_needed(plan, refs, object);
        object->chosen = mostly && !object->needed && !object->fixed;
    }
}

static int read_plan(struct compact_plan *plan, const struct compact_scope *scope,
                     const struct object_refs *refs, struct err *err)
{
    struct plan_source *source = calloc(1, sizeof *source);
    int failed = 0;

    if (!source)
        return err_memory(err, "the images");
    for (size_t i = 0; !failed && i < plan->image_count; i++)
        failed = read_image(plan, scope, &plan->images[i], source, err);
    free(source);
    if (failed)
        return ERR_FAIL;
    object_runs_sort(&plan->runs);
    find_runs(plan);
    choose(plan, refs, scope->least);
    return 0;
}

int compact_plan_read(struct compact_plan *plan, const struct compact_scope *scope, struct err *err)
{
    struct object_refs *refs;
    int failed;

    *plan = (struct compact_plan){.object_count = 0};
    if (object_refs_read(scope->store, scope->app, add_image, plan, &refs, err))
        return ERR_FAIL;
    failed = read_plan(plan, scope, refs, err);
    object_refs_destroy(refs);
    return failed;
}

void compact_plan_finish(struct compact_plan *plan)
{
    free(plan->objects);
    free(plan->images);
    free(plan->retired);
    object_runs_finish(&plan->runs);
    strings_finish(&plan->strings);
    *plan = (struct compact_plan){.object_count = 0};
}
