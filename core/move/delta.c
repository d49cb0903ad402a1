/*
 * The index is believed as far as the config goes: the config's bytes must have the SHA-256 that
 * the metadata calls the image id, and name the layers that the index lists. What the index says of
 * places and sizes is proven by the layers' own SHA-256, while they stream.
 *
 *   daemon:  images, inspects          -> layers it has
 *   bucket:  header | sections | config -> bundle, wanted chunks
 */
#include "move/delta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "move/donor.h"
#include "move/fetch_index.h"
#include "move/published.h"
#include "pack/member.h"

/* What an export costs: the daemon writes all of the image into a file, then sends it. */
#define EXPORT_RATE 150e6
#define EXPORT_LEAD 0.3 /* seconds, for any */
/* What reading its layers costs: read, cut, named, written to the spool. */
#define LAYERS_RATE 500e6
/* How fast a daemon takes in what it loads. */
#define LOAD_RATE 250e6
/* Seconds until it shows how fast a donor is read; and since what slows the disk slows the rest as
 * well, it has to be so many times slower. */
#define LAG      3.0
#define LAG_MORE 1.5
/* The link, as long as too little was seen of it. */
#define LINK_RATE  12.5e6
#define SEEN_LEAST (128 * KIB)
/* What an image is likely to hold of what is missing, by how it is related. */
#define OF_KIN           0.8
#define OF_COUSIN        0.3 /* shares layers */
#define OF_NOBODY        0.05
#define CONFIG_FETCH_MAX (BUNDLE_CONFIG_MAX + 2 * MIB)

struct preparation {
    const struct delta_options *options;
    struct delta *delta;
    struct raw_range config;
    unsigned range_count;
    struct raw_range ranges[IMAGE_LAYERS_MAX]; /* of the layers that are needed */
    double rate;                               /* seen so far; 0: too little */
};

/* ---- what is asked of the bucket ---- */

/* The layers of the index must be those of the metadata: by those it was decided what is here. */
static int compare_layers(const struct index *index, const struct metadata *metadata,
                          struct err *err)
{
    bool same = index->image.layer_count == metadata->layer_count;

    for (unsigned i = 0; same && i < metadata->layer_count; i++)
        same = strcmp(index->image.layers[i].diff_id, metadata->layers[i]) == 0;
    return same ? 0 : err_set(err, ERR_INTEGRITY, "index", "the index has layers of another image");
}

/* The section of each range, all of them in one go. */
static int fetch_sections(struct preparation *p, struct err *err)
{
    const struct delta_options *o = p->options;
    struct index *index = p->delta->index;
    bool *need = calloc(2 * (size_t)index->section_count, sizeof *need);
    bool *config;
    int failed;

    if (!need)
        return err_memory(err, "the index");
    config = need + index->section_count;
    need_sections(index, p->ranges, p->range_count, need);
    need_sections(index, &p->config, 1, config);
    for (unsigned i = 0; i < index->section_count; i++)
        need[i] |= config[i];
    failed = fetch_index_sections(o->store, &o->at->metadata, index, need, err);
    free(need);
    return failed;
}

/* Fetches, and says how fast that went. */
static int fetch_timed(struct preparation *p, struct err *err)
{
    struct store_stats before, after;
    int64_t began = clock_monotonic();
    double seconds;

    store_stats(p->options->store, &before);
    if (fetch_sections(p, err))
        return ERR_FAIL;
    store_stats(p->options->store, &after);
    seconds = (double)(clock_monotonic() - began) / (double)NS_PER_S;
    if (after.received - before.received >= SEEN_LEAST && seconds > 0)
        p->rate = (double)(after.received - before.received) / seconds;
    return 0;
}

static int unpack_config(const struct need *wanted, const uint8_t *packed, struct text *raw,
                         struct err *err)
{
    struct unpacker *unpacker = unpacker_create(err);
    uint8_t *room = malloc(CHUNK_MAX_LIMIT);
    int failed = unpacker && room ? 0 : err_memory(err, "the config");

    for (uint32_t i = 0; failed == 0 && i < wanted->count; i++) {
        const struct index_chunk *chunk = &wanted->chunks[i].chunk;

        failed = member_unpack(unpacker, view_of(packed, chunk->packed_size), room, chunk->raw_size,
                               err);
        packed += chunk->packed_size;
        text_add(raw, room, chunk->raw_size);
    }
    free(room);
    unpacker_destroy(unpacker);
    return failed ? failed : text_check(raw, "the config", err);
}

/* Chunks of one range are neighbours in the archive. */
static int fetch_config(const struct preparation *p, const struct need *wanted, struct text *raw,
                        struct err *err)
{
    struct text packed;
    struct store_op op = {.verb = STORE_GET,
                          .key = p->options->at->archive_key,
                          .if_match = p->options->archive->etag,
                          .text = &packed};
    int failed = 0;

    if (wanted->count == 0 || wanted->packed_size > CONFIG_FETCH_MAX)
        return err_set(err, ERR_INTEGRITY, "index", "the index places the config nowhere");
    op.offset = wanted->chunks[0].packed_offset;
    op.length = wanted->packed_size;
    text_init(&packed, CONFIG_FETCH_MAX);
    switch (store_run(p->options->store, &op, err)) {
    case STORE_DONE:
        break;
    case STORE_FAILED:
        failed = ERR_FAIL;
        break;
    default:
        failed = err_set(err, ERR_NOT_FOUND, "archive", "the archive is being replaced");
    }
    if (failed == 0 && packed.size != wanted->packed_size)
        failed = err_set(err, ERR_INTEGRITY, "archive", "the archive is cut short");
    if (failed == 0)
        failed = unpack_config(wanted, (const uint8_t *)packed.data, raw, err);
    text_finish(&packed);
    return failed;
}

/* The bundle, from the config that lies in the archive. */
static int make_bundle(struct preparation *p, struct err *err)
{
    const struct image_info *image = &p->delta->index->image;
    struct need *wanted = need_create(p->delta->index, &p->config, 1, err);
    struct bundle_options options = {
        .image = image, .reference = p->options->name->ref, .leave_out = p->delta->has};
    struct text raw;
    int failed = wanted ? 0 : ERR_FAIL;

    text_init(&raw, BUNDLE_CONFIG_MAX + 2 * CHUNK_MAX_LIMIT);
    if (failed == 0)
        failed = fetch_config(p, wanted, &raw, err);
    if (failed == 0) {
        size_t skip = (size_t)(image->config_offset - wanted->chunks[0].raw_offset);

        clock_parse_stamp(p->options->name->time, &options.mtime);
        if (skip + image->config_size > raw.size)
            failed = err_set(err, ERR_INTEGRITY, "index", "the index places the config nowhere");
        else
            options.config = view_of(raw.data + skip, (size_t)image->config_size);
    }
    if (failed == 0)
        p->delta->bundle = bundle_create(&options, err);
    text_finish(&raw);
    need_destroy(wanted);
    return p->delta->bundle ? 0 : ERR_FAIL;
}

/* ---- what is needed ---- */

/* From the index alone, before the bundle checks it: overlaps come out there. */
static int compare_ranges(const void *a, const void *b)
{
    const struct raw_range *left = a, *right = b;

    return (left->offset > right->offset) - (left->offset < right->offset);
}

static void list_ranges(struct preparation *p)
{
    const struct image_info *image = &p->delta->index->image;

    p->config = (struct raw_range){image->config_offset, image->config_size};
    for (unsigned i = 0; i < image->layer_count; i++)
        if (!p->delta->has[i])
            p->ranges[p->range_count++] =
                (struct raw_range){image->layers[i].raw_offset, image->layers[i].raw_size};
    if (p->range_count)
        qsort(p->ranges, p->range_count, sizeof p->ranges[0], compare_ranges);
}

static int plan_it(struct preparation *p, struct err *err)
{
    const struct delta_options *o = p->options;
    struct delta *delta = p->delta;

    if (fetch_index_header(o->store, &o->at->metadata, &delta->index, err) ||
        compare_layers(delta->index, &o->at->metadata, err))
        return ERR_FAIL;
    if (!bundle_possible(&delta->index->image)) {
        log_info("%s has compressed layers: pulling all of it", o->name->ref);
        return DELTA_POINTLESS;
    }
    list_ranges(p);
    if (fetch_timed(p, err) || make_bundle(p, err))
        return ERR_FAIL;
    delta->wanted = need_create(delta->index, p->ranges, p->range_count, err);
    if (delta->wanted && o->spool)
        need_kept(delta->wanted, o->spool);
    return delta->wanted ? 0 : ERR_FAIL;
}

/* ---- whether to harvest ---- */

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Layers are read while the rest is fetched and the daemon takes in what is there, so the slowest
 * of the three decides. An export keeps the daemon from loading. */
double harvest_gain(const struct harvest_estimate *e)
{
    double share = e->kin ? OF_KIN : e->shared ? OF_COUSIN : OF_NOBODY;
    double load = (double)e->load / LOAD_RATE;
    double fetch = (double)e->missing / e->rate, rest = fetch * (1 - share);
    double read = (double)e->donor_size / LAYERS_RATE;

    if (!e->direct)
        return fetch - rest - (EXPORT_LEAD + (double)e->donor_size / EXPORT_RATE);
    return larger(fetch, load) - larger(larger(read, rest), load);
}

bool harvest_pays(const struct harvest_estimate *e)
{
    return e->direct ? harvest_gain(e) >= 0 : harvest_gain(e) > 0;
}

bool harvest_lags(const struct harvest_estimate *e, double seconds, uint64_t read,
                  uint64_t open_packed, uint64_t open_raw)
{
    double fetch = larger((double)open_packed / e->rate, (double)open_raw / LOAD_RATE);
    double worth = LAG + LAG_MORE * fetch;

    if (seconds < LAG || read >= e->donor_size)
        return false;
    if (read == 0)
        return e->direct && seconds > worth;
    return (double)(e->donor_size - read) * seconds / (double)read > worth;
}

static unsigned count_shared(const struct host_image *donor, const struct metadata *metadata)
{
    unsigned shared = 0;

    for (unsigned i = 0; i < metadata->layer_count && i < donor->layer_count; i++)
        shared += strcmp(donor->diff_ids[i], metadata->layers[i]) == 0;
    return shared;
}

/* The layers that need not be looked at: those that the image finds here. (One that it shares with
 * the donor and does not find, since other layers are below it, is the best of what there is.) */
static unsigned list_found(const struct preparation *p, char (*out)[80])
{
    const struct metadata *metadata = &p->options->at->metadata;
    unsigned count = 0;

    for (unsigned i = 0; i < metadata->layer_count; i++)
        if (p->delta->has[i])
            memcpy(out[count++], metadata->layers[i], sizeof out[0]);
    return count;
}

/* Where the donor's bytes would come from. NULL: from nowhere, it is gone by now. */
static struct source *open_donor(const struct preparation *p, const struct host_image *donor)
{
    char(*found)[80] = calloc(IMAGE_LAYERS_MAX, sizeof *found);
    struct donor_options options = {
        .docker = p->options->docker, .image = donor, .known = (const char(*)[80])found};
    struct source *source = NULL;
    struct err err;

    if (!found)
        return NULL;
    options.known_count = list_found(p, found);
    options.cancel = p->options->cancel;
    source = donor_open(&options, &err);
    if (!source)
        log_info("%s: %s", donor->name, err.text);
    free(found);
    return source;
}

static void say_why(struct preparation *p, const struct harvest_estimate *e, const char *donor)
{
    double gain = harvest_gain(e);
    char effect[32] = "cost no time";

    if (gain >= 0.5 || gain <= -0.5)
        snprintf(effect, sizeof effect, "%s about %.0f s", gain > 0 ? "save" : "cost",
                 gain > 0 ? gain : -gain);
    snprintf(p->options->reason, DELTA_REASON,
             "%s chunks of %.100s: %.1f MB are missing, the link is %s %.1f MB/s, %s would %s",
             p->delta->donor ? "taking" : "not looking for", donor, (double)e->missing / 1e6,
             p->rate > 0 ? "seen at" : "taken for", e->rate / 1e6,
             e->direct ? "reading its layers" : "exporting it", effect);
    log_info("%s", p->options->reason);
}

static void choose_donor(struct preparation *p)
{
    const struct metadata *metadata = &p->options->at->metadata;
    struct delta *delta = p->delta;
    struct harvest_estimate estimate = {.missing = need_missing(delta->wanted),
                                        .layers = metadata->layer_count,
                                        .rate = p->rate > 0 ? p->rate : LINK_RATE};
    const struct host_image *donor;
    struct source *source;

    if (p->options->reuse == REUSE_NEVER || estimate.missing == 0)
        return;
    donor = host_closest(delta->host, (const char(*)[80])metadata->layers, metadata->layer_count,
                         &estimate.kin);
    source = donor ? open_donor(p, donor) : NULL;
    if (!source)
        return;
    for (uint32_t i = 0; i < delta->wanted->count; i++)
        estimate.load += delta->wanted->chunks[i].chunk.raw_size;
    estimate.donor_size = source->size_hint;
    estimate.direct = donor_is_direct(source);
    estimate.shared = count_shared(donor, metadata);
    delta->estimate = estimate;
    if (harvest_pays(&estimate) || p->options->reuse == REUSE_ALWAYS) {
        delta->donor = donor;
        delta->donor_source = source;
    }
    say_why(p, &estimate, donor->name);
    if (!delta->donor)
        source_destroy(source);
}

/* ---- all of it ---- */

/* What the daemon need not be given. */
static int find_layers(struct preparation *p, struct err *err)
{
    const struct delta_options *o = p->options;
    const struct metadata *metadata = &o->at->metadata;
    const char(*layers)[80] = (const char(*)[80])metadata->layers;
    struct delta *delta = p->delta;

    delta->host = host_create(o->docker, o->name->app, err);
    if (!delta->host)
        return ERR_FAIL;
    if (host_is_containerd(delta->host) &&
        published_add(delta->host, o->store, layers, metadata->layer_count, err))
        return ERR_FAIL;
    delta->has_count = host_layers(delta->host, layers, metadata->layer_count, delta->has);
    return 0;
}

/* A containerd store is given a bundle in any case: by the manifest in it the next pull knows the
 * image again. */
static bool is_pointless(const struct preparation *p, bool donor)
{
    return !host_is_containerd(p->delta->host) && p->delta->has_count == 0 && !donor;
}

static int prepare(struct preparation *p, struct err *err)
{
    const struct delta_options *o = p->options;
    const struct metadata *metadata = &o->at->metadata;
    struct delta *delta = p->delta;
    bool kin;
    int answer;

    if (find_layers(p, err))
        return ERR_FAIL;
    if (is_pointless(p, o->reuse != REUSE_NEVER &&
                            host_closest(delta->host, (const char(*)[80])metadata->layers,
                                         metadata->layer_count, &kin)))
        return DELTA_POINTLESS;
    answer = plan_it(p, err);
    if (answer == 0)
        choose_donor(p);
    if (answer == 0 && is_pointless(p, delta->donor))
        answer = DELTA_POINTLESS;
    return answer;
}

int delta_prepare(const struct delta_options *options, struct delta **out, struct err *err)
{
    struct preparation *p = calloc(1, sizeof *p);
    int answer;

    *out = NULL;
    if (p)
        p->delta = calloc(1, sizeof *p->delta);
    if (!p || !p->delta) {
        free(p);
        return err_memory(err, "the plan of the pull");
    }
    p->options = options;
    answer = prepare(p, err);
    if (answer == DELTA_READY)
        *out = p->delta;
    else
        delta_destroy(p->delta);
    free(p);
    return answer;
}

void delta_destroy(struct delta *delta)
{
    if (!delta)
        return;
    source_destroy(delta->donor_source);
    need_destroy(delta->wanted);
    bundle_destroy(delta->bundle);
    index_destroy(delta->index);
    host_destroy(delta->host);
    free(delta);
}

uint64_t delta_left_out(const struct delta *delta)
{
    const struct index *index = delta->index;
    uint64_t size = 0;

    for (unsigned i = 0; i < index->section_count; i++)
        if (index->sections[i].layer >= 0 && delta->has[index->sections[i].layer])
            size += index->sections[i].packed_size;
    return size;
}
