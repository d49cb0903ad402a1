/*
 * harvest - the thread that takes wanted chunks out of an image on this host: export -> cut -> name
 * -> spool.
 *
 * It owns the wanted chunks while it runs. The spool is a file without a name. A harvest that ends
 * early (no space, a broken export) is a smaller harvest and not a failure.
 */
#ifndef S3DOCK_MOVE_HARVEST_H
#define S3DOCK_MOVE_HARVEST_H

#include <stdint.h>

#include "flow/inbox.h"
#include "move/need.h"
#include "move/source.h"
#include "pack/chunker.h"

struct err;

struct harvest_options {
    struct source *source;      /* a save stream; borrowed until it is done */
    struct chunk_params params; /* of the index that the chunks are from */
    uint32_t file_min;          /* of that index, too */
    struct need *wanted;        /* borrowed until it is done */
    struct inbox *home;
    int kind_done; /* posted once, last */
};

struct harvest;
struct harvest *harvest_create(const struct harvest_options *options, struct err *err);
uint64_t harvest_read(const struct harvest *harvest); /* bytes of the export so far; any thread */
void harvest_stop(struct harvest *harvest);           /* asks it to end early */
/* After it is done. 0, or why it ended early. */
int harvest_result(struct harvest *harvest, struct err *err);
/* After it is done. Joins. Takes NULL. */
void harvest_destroy(struct harvest *harvest);

#endif
