/*
 * engine_platform - the platform that a daemon runs.
 */
#ifndef S3DOCK_TRANSFER_ENGINE_PLATFORM_H
#define S3DOCK_TRANSFER_ENGINE_PLATFORM_H

#include "catalog/platform.h"

struct docker;

/* Any platform if the daemon does not report it, or `docker` is NULL. */
struct platform engine_platform(const struct docker *docker);

#endif
