/*
 * Podman and containerd's store read zstd in all versions; for Docker's graph drivers, the version
 * of the engine decides.
 */
#include "pull/engine_support.h"

#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "pack/codec/layer_digest.h"

#define ZSTD_SINCE 23 /* major version of Docker */

static bool reads_zstd(const struct docker_engine *engine)
{
    long major = strtol(engine->version, NULL, 10);

    return engine->podman || engine->containerd_store || major <= 0 || major >= ZSTD_SINCE;
}

int engine_supports(const struct docker_engine *engine, const struct image_info *image,
                    const bool *here, struct err *err)
{
    if (reads_zstd(engine))
        return 0;
    for (unsigned i = 0; i < image->layer_count; i++) {
        if ((here && here[i]) || strcmp(image->layers[i].media_type, LAYER_PLAIN_TAR "+zstd") != 0)
            continue;
        return err_set(
            err, ERR_UNSUPPORTED, CODE_ZSTD,
            "layer %u of the image is packed by zstd, which Docker reads since %d.0; this is "
            "Docker %s",
            i + 1, ZSTD_SINCE, engine->version);
    }
    return 0;
}
