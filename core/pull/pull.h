/*
 * pull - an image out of the bucket, into a daemon or a file.
 */
#ifndef S3DOCK_PULL_PULL_H
#define S3DOCK_PULL_PULL_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/keys.h"
#include "catalog/name.h"
#include "catalog/reference.h"
#include "pull/seed/delta.h"
#include "transfer/transfer.h"

struct err;
struct docker;
struct metadata;
struct store;
struct layer_report;

struct pull_options {
    struct transfer_options transfer;
    struct store *store;
    struct image_name name; /* the image wanted */
    const char *key;        /* its archive, when a pointer named it; NULL: looked up */
    /* One of the two, or neither: then the image is only read and verified. */
    struct docker *docker;
    const struct reference *also; /* further names that the daemon gives it in the end */
    unsigned also_count;
    const char *output;       /* a file; "-": standard output */
    struct metadata *learned; /* may be NULL: gets the image's identity (describe_image) */
    bool dry_run;
    bool force;       /* pull even when the daemon has this very image, and all of it */
    enum reuse reuse; /* of chunks in local images; layers are reused in any case */
    bool prove; /* read all of the archive, hold all of the metadata against it, and fail where a
                   pull would find another way. Without a daemon and with no_resume */
    bool no_resume; /* what is fetched is not kept for a rerun, and what was kept is not used */
};

struct pull_result {
    char key[KEY_MAX];
    char image_ref[512]; /* metadata.image_tag */
    char image_id[80];
    char checksum[40];            /* MD5 of the archive by its metadata, or "" */
    uint32_t chunks;              /* that its index lists, when all of it is pulled; or 0 */
    uint64_t size;                /* of the archive */
    bool skipped;                 /* the host had it already */
    unsigned layers, layers_here; /* of the image; those that did not move */
    uint64_t to_fetch;            /* bytes of the archive that were (or, dry, would be) fetched */
    uint64_t kept;                /* bytes that an earlier, unfinished pull had fetched */
    bool donor;                   /* chunks were (or, dry, would be) looked for in a local image */
    char reuse[DELTA_REASON];     /* what was decided on local images, in words; or "" */
    bool reloaded;                /* the daemon did not take the part, so it was given the whole */
    struct layer_report
        *survey; /* a dry run, of an image with an index: its plan by layer. The caller's:
                              layer_report_destroy */
    struct transfer_stats stats;
};

/* Returns 0 once the image is there and verified: every chunk and layer checked, and, for a daemon,
 * its own answer and an inspect that agrees. */
int pull_run(const struct pull_options *options, struct pull_result *result, struct err *err);

#endif
