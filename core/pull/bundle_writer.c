/*
 * The writer walks through the parts of the bundle. Texts come from the bundle, layers from the
 * stream; a layer goes through layer_digest on its way to the sink.
 */
#include "pull/bundle_writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/hash.h"
#include "pack/codec/layer_digest.h"
#include "pack/tar/tar.h"

struct bundle_writer {
    const struct bundle *bundle;
    const struct image_info *image;
    struct sink *sink;
    struct layer_digest *digest; /* of the layer that is being written */
    unsigned part;               /* the part that is written now or next */
    uint64_t done;               /* bytes of its payload */
};

static const uint8_t zeros[TAR_BLOCK];

struct bundle_writer *bundle_writer_create(const struct bundle *bundle,
                                           const struct image_info *image, struct sink *sink)
{
    struct bundle_writer *writer = calloc(1, sizeof *writer);

    if (!writer)
        return NULL;
    writer->bundle = bundle;
    writer->image = image;
    writer->sink = sink;
    writer->digest = layer_digest_create();
    if (writer->digest)
        return writer;
    free(writer);
    return NULL;
}

void bundle_writer_destroy(struct bundle_writer *writer)
{
    if (!writer)
        return;
    layer_digest_destroy(writer->digest);
    free(writer);
}

static bool is_digest(const char *name, const uint8_t sum[SHA256_SIZE])
{
    uint8_t expected[SHA256_SIZE];

    return digest_text_read(name, expected) && memcmp(sum, expected, sizeof expected) == 0;
}

/* Compares a whole layer with the documents of the bundle. */
static int end_layer(struct bundle_writer *writer, const struct bundle_part *part, struct err *err)
{
    const struct image_layer *layer = &writer->image->layers[part->layer];
    size_t padding = (size_t)(-part->raw_size % TAR_BLOCK);
    uint8_t stored[SHA256_SIZE], diff[SHA256_SIZE];
    bool packed;

    layer_digest_end(writer->digest, stored, diff, &packed);
    if (!is_digest(layer->digest, stored) || !is_digest(layer->diff_id, diff))
        return err_set(err, ERR_INTEGRITY, "layer",
                       "layer %d differs from the one that the config names", part->layer + 1);
    if (strcmp(layer->media_type, layer_digest_media_type(writer->digest)) != 0)
        return err_set(err, ERR_INTEGRITY, "layer", "layer %d does not have the media type %s",
                       part->layer + 1, layer->media_type);
    layer_digest_reset(writer->digest);
    writer->part++;
    writer->done = 0;
    return padding ? sink_write(writer->sink, view_of(zeros, padding), err) : 0;
}

/* Writes what precedes the next layer that needs bytes. *out NULL: no layer needs bytes; the
 * documents behind the last layer are left to bundle_writer_finish. */
static int next_layer(struct bundle_writer *writer, const struct bundle_part **out, struct err *err)
{
    while (writer->part + 1 < writer->bundle->count) {
        const struct bundle_part *part = &writer->bundle->parts[writer->part];

        if (part->layer == BUNDLE_NO_LAYER) {
            if (sink_write(writer->sink, part->bytes, err))
                return ERR_FAIL;
            writer->part++;
        } else if (writer->done == part->raw_size) {
            if (end_layer(writer, part, err))
                return ERR_FAIL;
        } else {
            *out = part;
            return 0;
        }
    }
    *out = NULL;
    return 0;
}

int bundle_writer_feed(struct bundle_writer *writer, uint64_t raw_offset, struct view bytes,
                       struct err *err)
{
    const struct bundle_part *part;

    while (bytes.size) {
        uint64_t here, skip, take;

        if (next_layer(writer, &part, err))
            return ERR_FAIL;
        if (!part)
            return 0;
        here = part->raw_offset + writer->done;
        if (raw_offset > here)
            return err_set(err, ERR_INTEGRITY, "index", "the index lacks bytes of a layer");
        skip = here - raw_offset;
        if (skip >= bytes.size)
            return 0;
        bytes = view_of(bytes.data + skip, bytes.size - (size_t)skip);
        take = part->raw_size - writer->done;
        if (take > bytes.size)
            take = bytes.size;
        layer_digest_add(writer->digest, bytes.data, (size_t)take);
        if (sink_write(writer->sink, view_of(bytes.data, (size_t)take), err))
            return ERR_FAIL;
        writer->done += take;
        raw_offset = here + take;
        bytes = view_of(bytes.data + take, bytes.size - (size_t)take);
    }
    return 0;
}

int bundle_writer_finish(struct bundle_writer *writer, struct err *err)
{
    const struct bundle_part *part;

    if (next_layer(writer, &part, err))
        return ERR_FAIL;
    if (part)
        return err_set(err, ERR_INTEGRITY, "index", "the index lacks bytes of a layer");
    part = &writer->bundle->parts[writer->bundle->count - 1];
    if (sink_write(writer->sink, part->bytes, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < BUNDLE_TRAILER / TAR_BLOCK; i++)
        if (sink_write(writer->sink, view_of(zeros, TAR_BLOCK), err))
            return ERR_FAIL;
    return 0;
}
