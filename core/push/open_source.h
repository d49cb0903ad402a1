/*
 * open_source - opens the source of a push: Docker's layers, its export, an archive file or
 * standard input.
 */
#ifndef S3DOCK_PUSH_OPEN_SOURCE_H
#define S3DOCK_PUSH_OPEN_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/name.h"
#include "docker/docker.h"
#include "pack/chunk/chunker.h"
#include "push/options.h"
#include "push/plan/bases.h"
#include "transfer/source.h"

struct err;

/* The place of the image. All members are borrowed. */
struct image_input {
    struct docker *docker;            /* NULL: an archive */
    const struct docker_image *local; /* the daemon's description of the image; id "": no daemon */
    const struct docker_platform *platform; /* to export; NULL: the daemon chooses */
    const char *path;                       /* of the archive; "-": standard input */
    enum push_source from;                  /* how to read the daemon's image */
};

/* Returns the approximate size of the save stream in bytes; 0: not known. */
uint64_t open_source_size(const struct image_input *input);
/* Returns true if the source can be read again from its beginning. */
bool open_source_is_repeatable(const struct image_input *input);

struct open_source_wanted {
    const struct image_input *input;
    const char *reference;
    struct chunk_params params; /* of the push */
    bool export_only;           /* do not read the layers */
    const struct bases *bases;  /* may hold layers of the image; borrowed while the source lives */
    uint64_t lead;              /* packed bytes that are always read (skippable_layers.h) */
    const struct cancel *cancel;
};
struct source *open_source(const struct open_source_wanted *wanted, struct err *err);

/* Returns the time for the headers of the stream, in seconds since 1970: the time of the image's
 * name; or -1: the headers stay as they are. */
int64_t open_source_time(const struct source *source, const struct image_name *name);

#endif
