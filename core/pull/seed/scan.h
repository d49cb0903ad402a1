/*
 * scan - the thread that takes wanted chunks out of an image on this host: layers or export ->
 * cut -> name -> spool.
 *
 * It owns the wanted chunks from its front on (front.h) while it runs; those before may be planned.
 * The spool is a file without a name. A harvest that ends early (no space, a broken export) is a
 * smaller harvest and not a failure.
 */
#ifndef S3DOCK_PULL_SEED_SCAN_H
#define S3DOCK_PULL_SEED_SCAN_H

#include <stdint.h>

#include "flow/inbox.h"
#include "pack/chunk/chunker.h"
#include "pull/plan/needed_chunks.h"
#include "transfer/source.h"

struct err;

struct seed_scan_options {
    struct source *source;        /* a save stream; borrowed until it is done */
    struct chunk_params params;   /* of the index that the chunks are from */
    uint32_t file_min;            /* of that index, too */
    struct needed_chunks *wanted; /* borrowed until it is done */
    uint64_t leave;               /* bytes of the disk that are not for the spool */
    struct inbox *home;
    int kind_moved; /* posted when the front has moved, once until somebody looks */
    int kind_done;  /* posted once, last */
};

struct seed_scan;
struct seed_scan *seed_scan_create(const struct seed_scan_options *options, struct err *err);
uint64_t
seed_scan_read(const struct seed_scan *harvest); /* bytes of the donor so far; any thread */
/* How many wanted chunks, from the first on, are settled: all of them when it is done. Any thread.
 */
uint32_t seed_scan_front(struct seed_scan *harvest);
void seed_scan_stop(struct seed_scan *harvest); /* asks it to end early */
/* After it is done. 0, or why it ended early. */
int seed_scan_result(struct seed_scan *harvest, struct err *err);
/* Joins: asks it to stop first, if it is not done. Takes NULL. */
void seed_scan_destroy(struct seed_scan *harvest);

#endif
