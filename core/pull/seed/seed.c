/*
 * If this host cannot read the layers of the image, the daemon exports it.
 */
#include "pull/seed/seed.h"

#include "base/err.h"
#include "base/log.h"
#include "docker/docker.h"
#include "transfer/source_layers.h"

/* The name of the image in the save stream. Nothing reads it. */
#define NAME "seed:latest"

bool seed_is_direct(const struct source *source)
{
    return source->kind == SOURCE_LAYERS;
}

struct source *seed_open(const struct seed_options *options, struct err *err)
{
    const struct local_image *image = options->image;
    struct source *source = source_layers(
        &(struct source_layers_options){.image = {.engine = docker_engine(options->docker),
                                                  .image_id = image->id,
                                                  .diff_ids = image->diff_ids,
                                                  .diff_id_count = image->layer_count},
                                        .reference = NAME,
                                        .without = options->skip,
                                        .without_count = options->skip_count,
                                        .cancel = options->cancel},
        err);

    if (source || err->family == ERR_CANCELLED)
        return source;
    log_debug("%s: %s", image->name, err->text);
    return source_docker(options->docker, image->name, NULL, image->size, err);
}
