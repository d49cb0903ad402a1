#include "pull/seed/delta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "pull/seed/plain_layers.h"
#include "pull/seed/seed.h"

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
#define LINK_RATE 12.5e6
/* What an image is likely to hold of what is missing, by how it is related. */
#define OF_KIN    0.8
#define OF_COUSIN 0.3 /* shares layers */
#define OF_NOBODY 0.05

struct preparation {
    const struct delta_options *options;
    struct delta *delta;
    double rate; /* of the link, as seen so far; 0: not known */
};

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

static unsigned count_shared(const struct local_image *donor, const struct metadata *metadata)
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
static struct source *open_donor(const struct preparation *p, const struct local_image *donor)
{
    char(*found)[80] = calloc(IMAGE_LAYERS_MAX, sizeof *found);
    struct seed_options options = {
        .docker = p->options->docker, .image = donor, .known = (const char(*)[80])found};
    struct source *source = NULL;
    struct err err;

    if (!found)
        return NULL;
    options.chunk_lookup_count = list_found(p, found);
    options.cancel = p->options->cancel;
    source = seed_open(&options, &err);
    if (!source)
        log_info("%s: %s", donor->name, err.text);
    free(found);
    return source;
}

static void say_why(const struct preparation *p, const struct harvest_estimate *e,
                    const char *donor)
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

void delta_choose_donor(const struct delta_options *options, struct delta *delta,
                        const struct needed_chunks *wanted, double rate)
{
    const struct preparation p = {.options = options, .delta = delta, .rate = rate};
    const struct metadata *metadata = &options->at->metadata;
    struct harvest_estimate estimate = {.missing = needed_missing(wanted),
                                        .layers = metadata->layer_count,
                                        .rate = rate > 0 ? rate : LINK_RATE};
    const struct local_image *donor;
    struct source *source;

    if (options->reuse == REUSE_NEVER || estimate.missing == 0)
        return;
    donor = local_images_closest(delta->host, (const char(*)[80])metadata->layers,
                                 metadata->layer_count, &estimate.kin);
    source = donor ? open_donor(&p, donor) : NULL;
    if (!source)
        return;
    for (uint32_t i = 0; i < wanted->count; i++)
        estimate.load += wanted->chunks[i].chunk.raw_size;
    estimate.donor_size = source->size_hint;
    estimate.direct = seed_is_direct(source);
    estimate.shared = count_shared(donor, metadata);
    delta->estimate = estimate;
    if (harvest_pays(&estimate) || options->reuse == REUSE_ALWAYS) {
        delta->donor = donor;
        delta->donor_source = source;
    }
    say_why(&p, &estimate, donor->name);
    if (!delta->donor)
        source_destroy(source);
}

/* ---- all of it ---- */

/* A graph driver finds layers by what they unpack to. Other engines find blobs by their digest,
 * which of a packed layer is not the diffID that the host was asked for. */
static void keep_packed_layers(struct delta *delta, const struct image_info *image)
{
    if (!local_images_finds_blobs(delta->host))
        return;
    for (unsigned i = 0; i < image->layer_count; i++)
        if (delta->has[i] && strcmp(image->layers[i].digest, image->layers[i].diff_id) != 0) {
            delta->has[i] = false;
            delta->has_count--;
        }
}

static int find_layers(const struct delta_options *o, struct delta *delta, struct err *err)
{
    const struct metadata *metadata = &o->at->metadata;
    const char(*layers)[80] = (const char(*)[80])metadata->layers;

    delta->host = local_images_create(o->docker, o->name->app, err);
    if (!delta->host)
        return ERR_FAIL;
    if (local_images_is_containerd(delta->host) &&
        plain_layers_add(delta->host, o->store, layers, metadata->layer_count, err))
        return ERR_FAIL;
    delta->has_count = local_images_layers(delta->host, layers, metadata->layer_count, delta->has);
    keep_packed_layers(delta, o->image);
    return 0;
}

struct delta *delta_create(const struct delta_options *options, struct err *err)
{
    struct delta *delta = calloc(1, sizeof *delta);

    if (!delta) {
        err_memory(err, "the plan of the pull");
        return NULL;
    }
    if (find_layers(options, delta, err)) {
        delta_destroy(delta);
        return NULL;
    }
    return delta;
}

void delta_destroy(struct delta *delta)
{
    if (!delta)
        return;
    source_destroy(delta->donor_source);
    local_images_destroy(delta->host);
    free(delta);
}

uint64_t delta_left_out(const struct delta *delta, const struct index *index)
{
    uint64_t size = 0;

    for (unsigned i = 0; i < index->section_count; i++)
        if (index->sections[i].layer >= 0 && delta->has[index->sections[i].layer])
            size += index->sections[i].packed_size;
    return size;
}
