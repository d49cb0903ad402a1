/*
 * engine_support - whether an engine can unpack the layers that it is to be given.
 *
 * Docker reads layers packed by zstd since 23.0; before, a load of them fails with "invalid tar
 * header" after everything was fetched.
 */
#ifndef S3DOCK_PULL_ENGINE_SUPPORT_H
#define S3DOCK_PULL_ENGINE_SUPPORT_H

#include <stdbool.h>

#include "docker/docker.h"
#include "pack/image/image.h"

struct err;

/* Fails with unsupported.zstd when the engine is known not to read a layer that is sent. `here`:
 * for each layer, whether the engine has it already; NULL: none. An engine whose version is not
 * known is taken for one that reads all. */
int engine_supports(const struct docker_engine *engine, const struct image_info *image,
                    const bool *here, struct err *err);

#endif
