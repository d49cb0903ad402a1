/*
 * First all new objects are written. Nothing names them yet. Then the images are moved, one after
 * the other. An image that is changed meanwhile keeps its former objects. The scattered images
 * follow; the first step may have mended them.
 */
#include "rewrite/compact.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "rewrite/compact_plan.h"
#include "rewrite/gather.h"
#include "rewrite/moved_image.h"
#include "rewrite/object_writer.h"
#include "transfer/fetch_index.h"

struct work {
    const struct compact_options *options;
    struct compact_result *result;
    struct compact_plan plan;
    struct metadata_object *written; /* the new object of each chosen one */
    uint64_t *placed;                /* of each run: its offset in the new object */
    struct object_runs copied;       /* of the new objects, by the store */
    struct plan_source source;
    /* The image that is moved. Its objects, or their successors, and their numbers in the plan. */
    struct metadata_object objects[METADATA_OBJECTS_MAX];
    long numbers[METADATA_OBJECTS_MAX];
};

/* ---- the new objects ---- */

static int set_key(const struct plan_object *old, struct metadata_object *out, struct err *err)
{
    char month[CLOCK_MONTH_SIZE], unique[KEY_UNIQUE_SIZE];
    struct image_name name;
    enum data_kind kind;

    if (!key_parse_data(old->object.key, &name, month, unique, &kind) &&
        !key_parse_image(old->object.key, &name, month))
        return err_set(err, ERR_INTERNAL, "key", "%s is not the key of data", old->object.key);
    if (key_unique(unique, err))
        return ERR_FAIL;
    key_data(out->key, &name, month, unique, DATA_THIN);
    out->codec = old->object.codec;
    return 0;
}

static int write_object(struct work *w, size_t number, struct err *err)
{
    const struct plan_object *old = &w->plan.objects[number];
    struct rewrite_piece *pieces = calloc(old->count, sizeof *pieces);
    struct object_writer writer = {.store = w->options->store,
                                   .key = w->written[number].key,
                                   .objects = &old->object,
                                   .pieces = pieces,
                                   .count = old->count};
    struct store_info info;
    uint64_t before, at = 0;
    int failed;

    if (!pieces)
        return err_memory(err, "the runs of an object");
    for (size_t i = 0; i < old->count; i++) {
        const struct object_run *run = &w->plan.runs.list[old->first + i];

        pieces[i] = (struct rewrite_piece){.offset = run->offset, .size = run->size};
        w->placed[old->first + i] = at;
        at += run->size;
    }
    before = object_runs_bytes(&w->copied);
    failed = object_writer_run(&writer, (unsigned)number, &info, &w->copied, err);
    free(pieces);
    if (failed)
        return ERR_FAIL;
    w->written[number].size = info.size;
    str_copy(w->written[number].etag, sizeof w->written[number].etag, info.etag);
    w->result->written += info.size;
    w->result->copied += object_runs_bytes(&w->copied) - before;
    return 0;
}

static int write_objects(struct work *w, struct err *err)
{
    for (size_t i = 0; i < w->plan.object_count; i++)
        if (w->plan.objects[i].chosen &&
            (set_key(&w->plan.objects[i], &w->written[i], err) || write_object(w, i, err)))
            return ERR_FAIL;
    return 0;
}

/* ---- the images ---- */

/* Returns the run of an object that contains the offset; the plan has it. */
static size_t find_run(const struct compact_plan *plan, const struct plan_object *object,
                       uint64_t offset)
{
    size_t low = object->first, high = object->first + object->count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (plan->runs.list[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The type of moved_image. NOLINTNEXTLINE(readability-non-const-parameter) */
static void place(void *arg, const struct index_place *from, uint32_t *size, struct index_place *to)
{
    const struct work *w = arg;
    long number = w->numbers[from->object];
    size_t run;

    (void)size;
    *to = *from;
    if (number < 0)
        return;
    run = find_run(&w->plan, &w->plan.objects[number], from->offset);
    to->offset = w->placed[run] + (from->offset - w->plan.runs.list[run].offset);
}

/* An object that is not rewritten stays as it is. */
static bool is_copied(void *arg, unsigned object, uint64_t offset, uint32_t size)
{
    const struct work *w = arg;

    return w->numbers[object] < 0 ||
           object_runs_contain(&w->copied, (unsigned)w->numbers[object], offset, size);
}

/* Returns the number of chosen objects that the image uses. */
static unsigned choose_objects(struct work *w)
{
    const struct metadata_object *places = w->source.places;
    unsigned count = 0;

    for (unsigned i = 0; i < w->source.at.metadata.object_count; i++) {
        long at = compact_plan_find(&w->plan, &places[i]);
        bool chosen = at >= 0 && w->plan.objects[at].chosen;

        w->numbers[i] = chosen ? at : -1;
        w->objects[i] = chosen && !w->options->dry_run ? w->written[at] : places[i];
        count += chosen;
    }
    return count;
}

/* All chunks that the image has in chosen objects lie in the runs of the plan, unless the image was
 * changed after the plan. */
static bool is_planned(const struct work *w, const struct index *index)
{
    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_chunk *chunk;
        struct index_cursor cursor;
        struct index_place at;

        index_cursor_init(&cursor, &index->sections[i]);
        while ((chunk = index_cursor_next(&cursor, &at)))
            if (w->numbers[at.object] >= 0 &&
                !object_runs_contain(&w->plan.runs, (unsigned)w->numbers[at.object], at.offset,
                                     chunk->packed_size))
                return false;
    }
    return true;
}

static int move_image(struct work *w, const struct index *index, struct err *err)
{
    struct moved_image moved = {.store = w->options->store,
                                .signing = w->options->signing,
                                .at = &w->source.at,
                                .index = index,
                                .thin = true,
                                .objects = w->objects,
                                .object_count = w->source.at.metadata.object_count,
                                .place = place,
                                .arg = w,
                                .copied = is_copied};
    char month[CLOCK_MONTH_SIZE], unique[KEY_UNIQUE_SIZE];
    struct image_name name;
    int answer;

    if (!is_planned(w, index)) {
        err_set(err, ERR_CONFLICT, "changed", "%s was changed meanwhile",
                w->source.at.metadata_key);
        return MOVED_NOT;
    }
    if (!key_parse_image(w->source.at.archive_key, &name, month))
        return err_set(err, ERR_INTERNAL, "key", "%s is not the key of an image",
                       w->source.at.archive_key);
    if (key_unique(unique, err))
        return ERR_FAIL;
    moved.name = &name;
    moved.month = month;
    moved.unique = unique;
    answer = moved_image_run(&moved, err);
    return answer == MOVED_FAILED ? ERR_FAIL : answer;
}

static int visit_image(struct work *w, struct err *err)
{
    struct index *index = NULL;
    int answer;

    if (w->source.at.metadata.format < 3 || !choose_objects(w))
        return 0;
    w->result->images++;
    if (w->options->dry_run)
        return 0;
    answer = fetch_index_needed(w->options->store, &w->source.at.metadata, &index, err);
    if (answer == 0)
        answer = move_image(w, index, err);
    index_destroy(index);
    if (answer == MOVED_NOT)
        log_info("compact: %s", err->text);
    w->result->moved += answer == 0;
    w->result->skipped += answer == MOVED_NOT;
    return answer < 0 ? ERR_FAIL : 0;
}

static int visit_images(struct work *w, struct err *err)
{
    for (size_t i = 0; i < w->plan.image_count; i++) {
        int answer = compact_plan_locate(w->options->store, w->plan.images[i].key, &w->source, err);

        if (answer == LOCATE_ABSENT)
            continue;
        if (answer == LOCATE_FOUND)
            answer = visit_image(w, err);
        located_finish(&w->source.at);
        if (answer)
            return ERR_FAIL;
    }
    return 0;
}

/* ---- scattered images ---- */

static int gather_image(struct work *w, struct err *err)
{
    const struct compact_options *o = w->options;
    struct gather_result written = {0};
    struct gather_cost cost;
    struct index *index = NULL;
    bool scattered = false;
    int answer = w->source.at.metadata.format < 3
                     ? 0
                     : fetch_index_needed(o->store, &w->source.at.metadata, &index, err);

    if (answer == 0 && index)
        answer = gather_check(index, o->scatter, &scattered, &cost, err);
    if (answer == 0 && scattered) {
        answer = gather_run(&(struct gather){.store = o->store,
                                             .signing = o->signing,
                                             .at = &w->source.at,
                                             .places = w->source.places,
                                             .index = index,
                                             .limits = o->scatter},
                            &written, err);
        w->result->gathered += answer == 0;
        w->result->skipped += answer == MOVED_NOT;
        if (answer == MOVED_NOT)
            log_info("compact: %s", err->text);
    }
    w->result->written += written.written;
    w->result->copied += written.copied;
    index_destroy(index);
    return answer < 0 ? ERR_FAIL : 0;
}

static int gather_images(struct work *w, struct err *err)
{
    for (size_t i = 0; i < w->plan.image_count; i++) {
        int answer = LOCATE_ABSENT;

        if (w->plan.images[i].scattered)
            answer = compact_plan_locate(w->options->store, w->plan.images[i].key, &w->source, err);
        if (answer == LOCATE_ABSENT)
            continue;
        if (answer == LOCATE_FOUND)
            answer = gather_image(w, err);
        located_finish(&w->source.at);
        if (answer)
            return ERR_FAIL;
    }
    return 0;
}

/* ---- the whole ---- */

static void report_images(struct work *w)
{
    for (size_t i = 0; i < w->plan.image_count; i++) {
        const struct plan_image *image = &w->plan.images[i];

        if (!image->scattered)
            continue;
        w->result->scattered++;
        w->options->each_image(w->options->arg,
                               &(struct compact_image){.key = image->key,
                                                       .size = image->size,
                                                       .ranges = image->cost.ranges,
                                                       .whole = image->cost.whole});
    }
}

static void report(struct work *w)
{
    for (size_t i = 0; i < w->plan.object_count; i++) {
        const struct plan_object *object = &w->plan.objects[i];

        w->result->kept += object->needed;
        if (!object->chosen)
            continue;
        w->result->objects++;
        w->result->unused += object->object.size - object->used;
        w->options->each(w->options->arg, &(struct compact_object){.key = object->object.key,
                                                                   .size = object->object.size,
                                                                   .used = object->used,
                                                                   .images = object->images});
    }
}

static int compact(struct work *w, struct err *err)
{
    const struct compact_options *o = w->options;

    if (compact_plan_read(&w->plan,
                          &(struct compact_scope){.store = o->store,
                                                  .signing = o->signing,
                                                  .app = o->app,
                                                  .least = o->least,
                                                  .scatter = o->scatter},
                          err))
        return ERR_FAIL;
    w->result->has_images = w->plan.has_images;
    w->result->signed_images = (unsigned)w->plan.signed_count;
    report(w);
    report_images(w);
    if (!w->result->objects)
        return o->dry_run ? 0 : gather_images(w, err);
    w->written = calloc(w->plan.object_count, sizeof *w->written);
    w->placed = calloc(w->plan.runs.count, sizeof *w->placed);
    if (!w->written || !w->placed)
        return err_memory(err, "the objects");
    if ((!o->dry_run && write_objects(w, err)) || visit_images(w, err))
        return ERR_FAIL;
    return o->dry_run ? 0 : gather_images(w, err);
}

int compact_run(const struct compact_options *options, struct compact_result *result,
                struct err *err)
{
    struct work *w = calloc(1, sizeof *w);
    int failed;

    *result = (struct compact_result){.objects = 0};
    if (!w)
        return err_memory(err, "the objects");
    w->options = options;
    w->result = result;
    failed = compact(w, err);
    compact_plan_finish(&w->plan);
    free(w->written);
    free(w->placed);
    object_runs_finish(&w->copied);
    free(w);
    return failed;
}
