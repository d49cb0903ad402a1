/*
 * A graph driver finds layers by their content. Other engines find blobs by digest, and the digest
 * of a packed layer is not the diffID that was looked up: such layers are always sent.
 */
#include "pull/seed/local_layers.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "pull/seed/plain_layers.h"

static void send_packed_layers(struct local_layers *local, const struct image_info *image)
{
    if (!local_images_finds_blobs(local->images))
        return;
    for (unsigned i = 0; i < image->layer_count; i++)
        if (local->has[i] && strcmp(image->layers[i].digest, image->layers[i].diff_id) != 0) {
            local->has[i] = false;
            local->has_count--;
        }
}

static int find_layers(struct local_layers *local, const struct local_layers_options *o,
                       struct err *err)
{
    const struct digest_text *layers = o->metadata->layers;
    unsigned count = o->metadata->layer_count;
    struct platform platform;

    platform_parse(o->metadata->platform, &platform);
    local->images = local_images_create(o->docker, o->app, err);
    if (!local->images)
        return ERR_FAIL;
    if (local_images_is_containerd(local->images) &&
        plain_layers_add(local->images, o->store, &platform, layers, count, err))
        return ERR_FAIL;
    local->has_count = local_images_layers(local->images, layers, count, local->has);
    send_packed_layers(local, o->image);
    return 0;
}

struct local_layers *local_layers_find(const struct local_layers_options *options, struct err *err)
{
    struct local_layers *local = calloc(1, sizeof *local);

    if (!local) {
        err_memory(err, "the list of local layers");
        return NULL;
    }
    if (find_layers(local, options, err)) {
        local_layers_destroy(local);
        return NULL;
    }
    return local;
}

void local_layers_destroy(struct local_layers *local)
{
    if (!local)
        return;
    local_images_destroy(local->images);
    free(local);
}

uint64_t local_layers_size(const struct local_layers *local, const struct index *index)
{
    uint64_t size = 0;

    for (unsigned i = 0; i < index->section_count; i++)
        if (index->sections[i].layer >= 0 && local->has[index->sections[i].layer])
            size += index->sections[i].packed_size;
    return size;
}
