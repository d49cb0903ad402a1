/*
 * engine_support - checks whether a Docker engine can unpack the layers that it will get.
 *
 * Docker reads layers packed by zstd since version 23. Older versions fail with "invalid tar
 * header" at the end of the load.
 */
#ifndef S3DOCK_PULL_ENGINE_SUPPORT_H
#define S3DOCK_PULL_ENGINE_SUPPORT_H

#include <stdbool.h>

#include "docker/docker.h"
#include "pack/image/image.h"

struct err;

/* Fails with unsupported.zstd if the engine cannot read a layer that is sent. `here`: for each
 * layer, whether the engine has it already; NULL: none. An engine of unknown version passes. */
int engine_supports(const struct docker_engine *engine, const struct image_info *image,
                    const bool *here, struct err *err);

#endif
