/*
 * open_source - where the bytes of a push come from: Docker's layers, its export, an archive file,
 * standard input.
 */
#ifndef S3DOCK_PUSH_OPEN_SOURCE_H
#define S3DOCK_PUSH_OPEN_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "docker/docker.h"
#include "push/plan/bases.h"
#include "push/push.h"
#include "transfer/source.h"

struct err;

/* About how many bytes will come; 0: not known. `local`: what the daemon says of the image. */
uint64_t open_source_size(const struct push_options *options, const struct docker_image *local);

struct open_source_wanted {
    const struct push_options *push;
    const struct docker_image *local;
    bool export_only; /* not the layers */
    const struct bases
        *bases;    /* that may hold layers of it: borrowed as long as the source is there */
    uint64_t lead; /* packed bytes that are read in any case (unread.h) */
};
struct source *open_source(const struct open_source_wanted *wanted, struct err *err);
/* It can be read again from the start. */
bool open_source_is_repeatable(const struct push_options *options);
/* The time that headers of the stream are to carry: the tag's, seconds since 1970; or -1: they are
 * as they should be. */
int64_t open_source_time(const struct push_options *options, const struct source *source);

#endif
