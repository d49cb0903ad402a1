/*
 * The closest image of the host is opened as a seed. The estimate then decides, unless the user
 * does (--reuse).
 */
#include "pull/seed/seed_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/log.h"
#include "pull/seed/seed.h"

/* Bytes a second of a link that has not been measured. */
#define LINK_RATE 12.5e6

static unsigned count_shared(const struct local_image *seed, const struct metadata *metadata)
{
    unsigned shared = 0;

    for (unsigned i = 0; i < metadata->layer_count && i < seed->layer_count; i++)
        shared += strcmp(seed->diff_ids[i].text, metadata->layers[i].text) == 0;
    return shared;
}

/* Lists the layers that the bundle leaves out: the scan skips them. A layer that the seed has but
 * the daemon cannot find (other layers lie below it) is scanned: most of its chunks are needed. */
static unsigned list_left_out(const struct seed_choice_options *o, struct digest_text *out)
{
    unsigned count = 0;

    for (unsigned i = 0; i < o->metadata->layer_count; i++)
        if (o->local->has[i])
            out[count++] = o->metadata->layers[i];
    return count;
}

/* NULL: the image cannot be read, for example because it was removed meanwhile. */
static struct source *open_seed(const struct seed_choice_options *o, const struct local_image *seed)
{
    struct digest_text *left_out = calloc(IMAGE_LAYERS_MAX, sizeof *left_out);
    struct source *source;
    struct err err;

    if (!left_out)
        return NULL;
    source = seed_open(&(struct seed_options){.docker = o->docker,
                                              .image = seed,
                                              .skip = left_out,
                                              .skip_count = list_left_out(o, left_out),
                                              .cancel = o->cancel},
                       &err);
    if (!source)
        log_info("%s: %s", seed->name, err.text);
    free(left_out);
    return source;
}

static void explain(struct seed_choice *choice, const struct local_image *seed, bool measured)
{
    const struct seed_estimate *e = &choice->estimate;
    double gain = estimate_gain(e);
    char effect[48] = "change the time by less than 1 s";

    if (gain >= 0.5 || gain <= -0.5)
        snprintf(effect, sizeof effect, "%s about %.0f s", gain > 0 ? "save" : "cost",
                 gain > 0 ? gain : -gain);
    snprintf(choice->reason, sizeof choice->reason,
             "%s chunks of %.100s: %.1f MB are missing, the link is %s %.1f MB/s, %s would %s",
             choice->image ? "reusing" : "not reusing", seed->name, (double)e->missing / 1e6,
             measured ? "measured at" : "assumed to have", e->rate / 1e6,
             e->direct ? "reading its layers" : "exporting it", effect);
}

void seed_choice_make(struct seed_choice *choice, const struct seed_choice_options *o)
{
    struct seed_estimate *estimate = &choice->estimate;
    const struct local_image *seed;
    struct source *source;

    *choice = (struct seed_choice){.estimate = {.missing = needed_missing(o->needed),
                                                .rate = o->rate > 0 ? o->rate : LINK_RATE}};
    if (o->reuse == REUSE_NEVER || estimate->missing == 0)
        return;
    seed = local_images_closest(o->local->images, o->metadata->layers, o->metadata->layer_count,
                                &estimate->same_app);
    source = seed ? open_seed(o, seed) : NULL;
    if (!source)
        return;
    for (uint32_t i = 0; i < o->needed->count; i++)
        estimate->load += o->needed->chunks[i].chunk.raw_size;
    estimate->seed_size = source->size_hint;
    estimate->direct = seed_is_direct(source);
    estimate->shared = count_shared(seed, o->metadata);
    if (estimate_pays(estimate) || o->reuse == REUSE_ALWAYS) {
        choice->image = seed;
        choice->source = source;
    }
    explain(choice, seed, o->rate > 0);
    if (!choice->source)
        source_destroy(source);
}

void seed_choice_finish(struct seed_choice *choice)
{
    source_destroy(choice->source);
    *choice = (struct seed_choice){0};
}
