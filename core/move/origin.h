/*
 * origin - where the bytes of a push come from: Docker's layers, its export, an archive file,
 * standard input.
 */
#ifndef S3DOCK_MOVE_ORIGIN_H
#define S3DOCK_MOVE_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "move/push.h"
#include "move/source.h"
#include "wire/docker.h"

struct err;

/* Opens it. `local`: what the daemon says of the image. `export_only`: not the layers. */
struct source *origin_open(const struct push_options *options, const struct docker_image *local,
                           bool export_only, struct err *err);
/* It can be read again from the start. */
bool origin_is_repeatable(const struct push_options *options);
/* The time that headers of the stream carry: the tag's, seconds since 1970. */
int64_t origin_time(const struct push_options *options);

#endif
