/*
 * scan - the thread that looks for needed chunks in a local image: source -> cut -> name -> seed
 * file.
 *
 * While it runs, the thread owns the needed chunks from its watermark on. The engine may plan those
 * before the watermark. A scan that ends early (full disk, broken export) is not a failure: the
 * pull fetches the chunks that were not found.
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
    struct source *source;        /* the save stream of the seed; borrowed */
    struct chunk_params params;   /* of the index that lists the needed chunks */
    struct needed_chunks *needed; /* borrowed */
    uint64_t leave;               /* bytes of the disk that must stay free */
    struct inbox *inbox;
    int kind_moved; /* posted when the watermark has moved, and again after seed_scan_settled */
    int kind_done;  /* posted once, last */
};

struct seed_scan;
/* Starts the thread. Borrows source and needed until seed_scan_destroy. */
struct seed_scan *seed_scan_create(const struct seed_scan_options *options, struct err *err);
/* Returns the bytes of the seed that were read so far. Any thread. */
uint64_t seed_scan_read(const struct seed_scan *scan);
/* Returns how many needed chunks, from the first on, are settled: the scan has found them, or will
 * not find them any more. All are settled when the scan is done. Any thread. */
uint32_t seed_scan_settled(struct seed_scan *scan);
void seed_scan_stop(struct seed_scan *scan); /* asks the thread to end early */
/* Returns 0, or fails with the reason why the scan ended early. Call it after the message
 * kind_done. */
int seed_scan_result(struct seed_scan *scan, struct err *err);
/* Stops the thread and waits for its end. Takes NULL. */
void seed_scan_destroy(struct seed_scan *scan);

#endif
