/*
 * The requests: one or two for the header of the index, a few for its sections, one for the config;
 * in a thin image, one for each run of its chunks.
 * The sections are large enough to measure the speed of the link by them.
 */
#include "pull/bundle_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "pack/codec/codec.h"
#include "transfer/fetch_index.h"

#define MEASURE_LEAST    (128 * KIB) /* bytes that suffice to measure the link */
#define CONFIG_FETCH_MAX (BUNDLE_CONFIG_MAX + 2 * MIB)

/* The arguments of one call of bundle_plan_make. */
struct request {
    const bool *leave_out;
    struct raw_range config;
    unsigned range_count;
    struct raw_range ranges[IMAGE_LAYERS_MAX]; /* of the layers that are sent, ascending */
};

/* ---- the header ---- */

/* The layers to leave out are found by the metadata, so the index must list the same ones. */
static int compare_layers(const struct index *index, const struct metadata *metadata,
                          struct err *err)
{
    bool same = index->image.layer_count == metadata->layer_count;

    for (unsigned i = 0; same && i < metadata->layer_count; i++)
        same = strcmp(index->image.layers[i].diff_id, metadata->layers[i].text) == 0;
    return same ? 0
                : err_set(err, ERR_INTEGRITY, "index",
                          "the index lists the layers of another image");
}

static int check_form(const struct index *index, struct err *err)
{
    if (bundle_possible(&index->image))
        return 0;
    return err_set(err, ERR_INTEGRITY, "index",
                   "the index has a layer or a config of an unknown format");
}

struct bundle_plan *bundle_plan_open(const struct bundle_plan_options *options, struct err *err)
{
    const struct metadata *metadata = &options->at->metadata;
    struct bundle_plan *plan = calloc(1, sizeof *plan);

    if (!plan) {
        err_memory(err, "the bundle");
        return NULL;
    }
    plan->options = *options;
    if (fetch_index_header(options->store, metadata, &plan->index, err) ||
        compare_layers(plan->index, metadata, err) || check_form(plan->index, err)) {
        bundle_plan_destroy(plan);
        return NULL;
    }
    return plan;
}

void bundle_plan_destroy(struct bundle_plan *plan)
{
    if (!plan)
        return;
    needed_destroy(plan->needed);
    needed_destroy(plan->config);
    bundle_destroy(plan->bundle);
    index_destroy(plan->index);
    free(plan);
}

/* ---- the sections ---- */

/* Fetches the sections of layers and config together. */
static int fetch_sections(const struct bundle_plan *plan, const struct request *request,
                          struct err *err)
{
    const struct bundle_plan_options *o = &plan->options;
    struct index *index = plan->index;
    bool *need = calloc(2 * (size_t)index->section_count, sizeof *need);
    bool *config;
    int failed;

    if (!need)
        return err_memory(err, "the index");
    config = need + index->section_count;
    needed_sections(index, request->ranges, request->range_count, need);
    needed_sections(index, &request->config, 1, config);
    for (unsigned i = 0; i < index->section_count; i++)
        need[i] |= config[i];
    failed = fetch_index_sections(o->store, &o->at->metadata, index, need, err);
    free(need);
    return failed;
}

/* Fetches the sections and measures the link. */
static int fetch_timed(struct bundle_plan *plan, const struct request *request, struct err *err)
{
    struct store_stats before, after;
    int64_t began = clock_monotonic();
    double seconds;

    store_stats(plan->options.store, &before);
    if (fetch_sections(plan, request, err))
        return ERR_FAIL;
    store_stats(plan->options.store, &after);
    seconds = (double)(clock_monotonic() - began) / (double)NS_PER_S;
    if (after.received - before.received >= MEASURE_LEAST && seconds > 0)
        plan->rate = (double)(after.received - before.received) / seconds;
    return 0;
}

/* ---- the config ---- */

/* Unpacks the chunks [first, end) of the config, whose packed bytes were fetched. */
static int unpack_config(const struct needed_chunks *needed, uint32_t first, uint32_t end,
                         const uint8_t *packed, struct text *raw, struct err *err)
{
    struct unpacker *unpacker = unpacker_create(err);
    uint8_t *room = malloc(CHUNK_MAX_LIMIT);
    int failed = unpacker && room ? 0 : err_memory(err, "the config");

    for (uint32_t i = first; failed == 0 && i < end; i++) {
        const struct needed_chunk *chunk = &needed->chunks[i];
        uint32_t size = chunk->chunk.packed_size;

        failed = unpacker_unpack(unpacker, needed->codecs[chunk->object], view_of(packed, size),
                                 room, chunk->chunk.raw_size, err);
        packed += size;
        text_add(raw, room, chunk->chunk.raw_size);
    }
    free(room);
    unpacker_destroy(unpacker);
    return failed ? failed : text_check(raw, "the config", err);
}

/* Returns the number behind the last chunk of a run that lies in one piece from `first` on. */
static uint32_t run_end(const struct needed_chunks *needed, uint32_t first, uint64_t *size)
{
    const struct needed_chunk *chunks = needed->chunks;
    uint32_t end = first;

    for (*size = 0; end < needed->count && chunks[end].object == chunks[first].object &&
                    chunks[end].packed_offset == chunks[first].packed_offset + *size;
         end++)
        *size += chunks[end].chunk.packed_size;
    return end;
}

/* Fetches a range. If its object differs from the metadata, searches the object once. An archive of
 * a format up to 2 is not searched: a new try reads its new metadata. */
static int fetch_range(const struct bundle_plan *plan, uint64_t address, uint64_t size,
                       struct text *packed, struct err *err)
{
    const struct bundle_plan_options *o = &plan->options;
    unsigned tries = o->at->metadata.format > METADATA_ARCHIVE_FORMAT ? 2 : 1;
    enum store_answer answer = STORE_ABSENT;

    for (unsigned i = 0; i < tries; i++) {
        struct store_op op = {.verb = STORE_GET, .text = packed};

        if (i && object_map_refresh(o->objects, o->store, err))
            return ERR_FAIL;
        object_map_aim(o->objects, address, size, &op);
        answer = store_run(o->store, &op, err);
        if (answer == STORE_FAILED)
            return ERR_FAIL;
        if (answer == STORE_DONE)
            break;
    }
    if (answer != STORE_DONE)
        return err_set(err, ERR_NOT_FOUND, CODE_ARCHIVE, "the archive is being replaced");
    if (packed->size != size)
        return err_set(err, ERR_INTEGRITY, "archive", "the archive is too short");
    return 0;
}

/* Fetches the config with one request for each run of chunks. */
static int fetch_config(const struct bundle_plan *plan, const struct needed_chunks *needed,
                        struct text *raw, struct err *err)
{
    uint32_t end;
    int failed = 0;

    if (needed->count == 0 || needed->packed_size > CONFIG_FETCH_MAX)
        return err_set(err, ERR_INTEGRITY, "index", "the index does not contain the config");
    for (uint32_t i = 0; failed == 0 && i < needed->count; i = end) {
        _cleanup_text_ struct text packed = {0};
        uint64_t size;

        end = run_end(needed, i, &size);
        text_init(&packed, CONFIG_FETCH_MAX);
        failed = fetch_range(plan, needed->chunks[i].packed_offset, size, &packed, err) ||
                 unpack_config(needed, i, end, (const uint8_t *)packed.data, raw, err);
    }
    return failed ? ERR_FAIL : 0;
}

/* ---- the bundle ---- */

static int create_bundle(struct bundle_plan *plan, const struct request *request,
                         const struct needed_chunks *config, struct view raw, struct err *err)
{
    const struct image_info *image = &plan->index->image;
    struct bundle_options options = {
        .image = image, .reference = plan->options.name->ref, .leave_out = request->leave_out};
    size_t skip = (size_t)(image->config_offset - config->chunks[0].raw_offset);

    if (skip + image->config_size > raw.size)
        return err_set(err, ERR_INTEGRITY, "index", "the index does not contain the config");
    options.config = view_of(raw.data + skip, (size_t)image->config_size);
    clock_parse_stamp(plan->options.name->time, &options.mtime);
    plan->bundle = bundle_create(&options, err);
    return plan->bundle ? 0 : ERR_FAIL;
}

/* Fetches the config and makes the bundle. */
static int make_bundle(struct bundle_plan *plan, const struct request *request, struct err *err)
{
    struct text raw;
    int failed;

    plan->config = needed_create(plan->index, &request->config, 1, err);
    if (!plan->config)
        return ERR_FAIL;
    text_init(&raw, BUNDLE_CONFIG_MAX + 2 * CHUNK_MAX_LIMIT);
    failed = fetch_config(plan, plan->config, &raw, err);
    if (failed == 0)
        failed = create_bundle(plan, request, plan->config, text_view(&raw), err);
    text_finish(&raw);
    return failed;
}

int bundle_plan_make(struct bundle_plan *plan, const bool *leave_out, const struct partial *partial,
                     struct err *err)
{
    struct request *request = calloc(1, sizeof *request);
    int failed;

    if (!request)
        return err_memory(err, "the bundle");
    request->leave_out = leave_out;
    request->config =
        (struct raw_range){plan->index->image.config_offset, plan->index->image.config_size};
    request->range_count = needed_layer_ranges(&plan->index->image, leave_out, request->ranges);
    failed = fetch_timed(plan, request, err) || make_bundle(plan, request, err);
    if (!failed)
        plan->needed = needed_create(plan->index, request->ranges, request->range_count, err);
    free(request);
    if (plan->needed && partial)
        needed_kept(plan->needed, partial);
    return plan->needed ? 0 : ERR_FAIL;
}

uint64_t bundle_plan_missing(const struct bundle_plan *plan)
{
    const struct needed_chunks *config = plan->config;
    uint64_t missing = needed_missing(plan->needed);

    for (uint32_t i = 0; i < config->count; i++)
        if (!config->chunks[i].repeat && !needed_misses(plan->needed, config->chunks[i].raw_offset))
            missing += config->chunks[i].chunk.packed_size;
    return missing;
}
