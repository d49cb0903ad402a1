/*
 * The bundle lists the parts of the stream: texts, and layers with their padding. A layer that is
 * longer or shorter than it was measured fails the stream.
 */
#include "transfer/source_layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "layers/open_layers.h"
#include "pack/codec/layer_digest.h"
#include "pack/image/bundle.h"
#include "pack/tar/tar.h"

struct layers_source {
    struct source source;
    struct layer_store *store;
    struct bundle *bundle;
    unsigned part;            /* the layer that is being read; count: the trailer */
    uint64_t done;            /* of it */
    struct layer_stream *tar; /* of it, when it is a layer */
};

static uint64_t padded(uint64_t size)
{
    return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

/* ---- reading ---- */

static void close_tar(struct layers_source *s)
{
    if (s->tar)
        s->tar->close(s->tar);
    s->tar = NULL;
}

static size_t at_most(uint64_t left, size_t cap)
{
    return left < cap ? (size_t)left : cap;
}

static long read_text(struct layers_source *s, struct view text, uint8_t *out, size_t cap)
{
    size_t size = at_most(text.size - s->done, cap);

    memcpy(out, text.data + s->done, size);
    return (long)size;
}

static long read_zeros(uint64_t end, uint64_t done, uint8_t *out, size_t cap)
{
    size_t size = at_most(end - done, cap);

    memset(out, 0, size);
    return (long)size;
}

static int wrong_length(const struct bundle_part *part, struct err *err)
{
    return err_set(err, ERR_INTEGRITY, "layer", "layer %d changed while it was read",
                   part->layer + 1);
}

static long read_tar(struct layers_source *s, const struct bundle_part *part, uint8_t *out,
                     size_t cap, struct err *err)
{
    size_t want = at_most(part->raw_size - s->done, cap);
    long got;

    if (!s->tar) {
        s->tar = layer_store_stream(s->store, (unsigned)part->layer, err);
        if (!s->tar)
            return ERR_FAIL;
    }
    got = s->tar->read(s->tar, out, want, s->source.stop, err);
    if (got < 0)
        return err_wrap(err, "layer %d", part->layer + 1);
    if (got == 0 && s->source.stop && atomic_load(s->source.stop))
        return err_set(err, ERR_CANCELLED, "stopped", "reading was stopped");
    return got > 0 ? got : wrong_length(part, err);
}

/* Checks that a layer ends after the bytes that were measured. */
static int end_layer(struct layers_source *s, const struct bundle_part *part, struct err *err)
{
    uint8_t more;
    long got = s->tar->read(s->tar, &more, 1, NULL, err);

    close_tar(s);
    if (got < 0)
        return ERR_FAIL;
    return got ? wrong_length(part, err) : 0;
}

static long read_part(struct layers_source *s, uint8_t *out, size_t cap, struct err *err)
{
    const struct bundle_part *part = &s->bundle->parts[s->part];

    if (s->part == s->bundle->count)
        return read_zeros(BUNDLE_TRAILER, s->done, out, cap);
    if (part->layer == BUNDLE_NO_LAYER)
        return read_text(s, part->bytes, out, cap);
    if (s->done < part->raw_size)
        return read_tar(s, part, out, cap, err);
    return read_zeros(padded(part->raw_size), s->done, out, cap);
}

static int advance(struct layers_source *s, size_t got, struct err *err)
{
    const struct bundle_part *part = &s->bundle->parts[s->part];

    s->done += got;
    if (s->part == s->bundle->count)
        return 0;
    if (part->layer == BUNDLE_NO_LAYER) {
        if (s->done < part->bytes.size)
            return 0;
    } else {
        if (s->done == part->raw_size && s->tar && end_layer(s, part, err))
            return ERR_FAIL;
        if (s->done < padded(part->raw_size))
            return 0;
    }
    s->part++;
    s->done = 0;
    return 0;
}

static long layers_read(struct source *source, uint8_t *out, size_t cap, struct err *err)
{
    struct layers_source *s = (struct layers_source *)source;
    bool ended;
    long got;

    do { /* a layer may have no bytes at all */
        ended = s->part == s->bundle->count;
        got = read_part(s, out, cap, err);
        if (got < 0 || advance(s, (size_t)got, err))
            return ERR_FAIL;
    } while (got == 0 && !ended);
    return got;
}

/* Skips the rest of a layer and its padding; nothing else can be skipped. */
static int layers_skip(struct source *source, uint64_t size, struct err *err)
{
    struct layers_source *s = (struct layers_source *)source;
    const struct bundle_part *part = &s->bundle->parts[s->part];

    if (s->part == s->bundle->count || part->layer == BUNDLE_NO_LAYER ||
        size != padded(part->raw_size) - s->done)
        return err_set(err, ERR_INTERNAL, "layer", "only the rest of a layer can be skipped");
    close_tar(s);
    s->part++;
    s->done = 0;
    return 0;
}

static void layers_destroy(struct source *source)
{
    struct layers_source *s = (struct layers_source *)source;

    close_tar(s);
    bundle_destroy(s->bundle);
    layer_store_close(s->store);
    free(s->source.unread);
    free(s);
}

/* ---- the bundle ---- */

static bool is_left_out(const struct source_layers_options *o, const struct stored_layer *layer)
{
    for (unsigned i = 0; i < o->without_count; i++)
        if (strcmp(o->without[i].text, layer->diff_id) == 0)
            return true;
    return false;
}

/* Finds the sizes of the layers. An index that lists a layer of the same diffID has its size,
 * because equal diffIDs mean equal bytes. */
static int measure_layers(struct layer_store *store, const struct source_layers_options *o,
                          struct err *err)
{
    for (unsigned i = 0; i < store->count; i++) {
        struct stored_layer *layer = &store->layers[i];

        if (is_left_out(o, layer))
            continue;
        for (unsigned k = 0; k < o->held_count && layer->size == 0; k++)
            skippable_section(o->held[k].index, layer->diff_id, &o->params, &layer->size);
        if (layer->size == 0 && layer_store_measure(store, i, o->cancel, err))
            return ERR_FAIL;
    }
    return 0;
}

static void list_layers(const struct layer_store *store, struct image_info *info,
                        struct image_layer *layers)
{
    uint64_t offset = TAR_BLOCK;

    *info = (struct image_info){
        .config_size = store->config.size, .layer_count = store->count, .layers = layers};
    memcpy(info->id, store->id, sizeof info->id);
    for (unsigned i = 0; i < store->count; i++) {
        struct image_layer *layer = &layers[i];

        memcpy(layer->diff_id, store->layers[i].diff_id, sizeof layer->diff_id);
        memcpy(layer->digest, store->layers[i].diff_id, sizeof layer->digest);
        snprintf(layer->media_type, sizeof layer->media_type, LAYER_PLAIN_TAR);
        layer->raw_offset = offset;
        layer->raw_size = store->layers[i].size;
        offset += padded(layer->raw_size) + TAR_BLOCK;
    }
}

static struct bundle *make_bundle(const struct layer_store *store,
                                  const struct source_layers_options *o, struct err *err)
{
    struct image_layer *layers = calloc(store->count, sizeof *layers);
    bool *leave_out = calloc(store->count, sizeof *leave_out);
    struct bundle *bundle = NULL;
    struct image_info info;

    if (layers && leave_out) {
        list_layers(store, &info, layers);
        for (unsigned i = 0; i < store->count; i++)
            leave_out[i] = is_left_out(o, &store->layers[i]);
        bundle = bundle_create(&(struct bundle_options){.image = &info,
                                                        .config = text_view(&store->config),
                                                        .reference = o->reference,
                                                        .leave_out = leave_out,
                                                        .mtime = SOURCE_LAYERS_TIME},
                               err);
    } else {
        err_memory(err, "the layers");
    }
    free(layers);
    free(leave_out);
    return bundle;
}

static int list_unread(struct layers_source *s, const struct source_layers_options *options,
                       struct err *err)
{
    uint64_t offset = 0;

    if (options->held_count == 0)
        return 0;
    s->source.unread = malloc(sizeof *s->source.unread);
    if (!s->source.unread)
        return err_memory(err, "the layers");
    skippable_init(s->source.unread, options->lead);
    for (unsigned i = 0; i < s->bundle->count; i++) {
        const struct bundle_part *part = &s->bundle->parts[i];

        if (part->layer == BUNDLE_NO_LAYER) {
            offset += part->bytes.size;
            continue;
        }
        skippable_add(s->source.unread, s->store->layers[part->layer].diff_id, offset,
                      part->raw_size, options->held, options->held_count, &options->params);
        offset += padded(part->raw_size);
    }
    return 0;
}

struct source *source_layers(const struct source_layers_options *options, struct err *err)
{
    static const struct source_table table = {
        .read = layers_read, .destroy = layers_destroy, .skip = layers_skip};
    struct layers_source *s = calloc(1, sizeof *s);

    if (!s) {
        err_memory(err, "the layers");
        return NULL;
    }
    s->source = (struct source){.table = &table, .kind = SOURCE_LAYERS};
    s->store = open_layers(&options->image, err);
    if (!s->store || measure_layers(s->store, options, err) ||
        !(s->bundle = make_bundle(s->store, options, err)) || list_unread(s, options, err)) {
        layers_destroy(&s->source);
        return NULL;
    }
    s->source.size_hint = s->bundle->size;
    s->source.others = s->store->others;
    return &s->source;
}
