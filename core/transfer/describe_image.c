/*
 * The config's id, the platform and the diffIDs are copied from the image. The manifest's id is
 * computed from the bundle that a pull would write.
 */
#include "transfer/describe_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "pack/image/bundle.h"

static bool has_packed_layers(const struct image_info *image)
{
    for (unsigned i = 0; i < image->layer_count; i++)
        if (strcmp(image->layers[i].digest, image->layers[i].diff_id) != 0)
            return true;
    return false;
}

/* A containerd store names the image by the manifest of its bundle. A program that loads the
 * archive unchanged (0.2.0 does, when layers are packed) gets the manifest of the save stream. */
static int set_engine_ids(const struct image_info *image, struct metadata *out, struct err *err)
{
    out->packed_layers = has_packed_layers(image);
    if (out->packed_layers && !out->engine_id[0] && strcmp(image->manifest_id, image->id) != 0)
        str_copy(out->engine_id, sizeof out->engine_id, image->manifest_id);
    return bundle_manifest_id(image, out->manifest_id, err);
}

int describe_image(const struct image_info *image, struct metadata *out, struct err *err)
{
    struct digest_text *layers =
        calloc(image->layer_count ? image->layer_count : 1, sizeof *layers);

    if (!layers)
        return err_memory(err, "the metadata");
    for (unsigned i = 0; i < image->layer_count; i++)
        str_copy(layers[i].text, sizeof layers[i].text, image->layers[i].diff_id);
    free(out->layers);
    out->layers = layers;
    out->layer_count = image->layer_count;
    out->format = METADATA_ARCHIVE_FORMAT;
    out->raw_size = image->raw_size;
    str_copy(out->image_id, sizeof out->image_id, image->id);
    snprintf(out->platform, sizeof out->platform, "%s/%s%s%s", image->os, image->architecture,
             image->variant[0] ? "/" : "", image->variant);
    return set_engine_ids(image, out, err);
}
