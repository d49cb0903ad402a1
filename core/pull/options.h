/*
 * options - the request of a pull, and its result.
 */
#ifndef S3DOCK_PULL_OPTIONS_H
#define S3DOCK_PULL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest_text.h"
#include "catalog/keys.h"
#include "catalog/name.h"
#include "catalog/platform.h"
#include "catalog/reference.h"
#include "pull/seed/seed_choice.h"
#include "transfer/transfer.h"

struct docker;
struct guard;
struct layer_report;
struct metadata;
struct statement;
struct store;

struct pull_options {
    struct transfer_options transfer;
    struct store *store;
    struct image_name name; /* of the image to pull */
    const char *key;        /* its image key, if a pointer names it; NULL: the pull looks it up */
    /* The platform that the image must have. Any platform: that of the daemon, or the only one; and
     * the first one without a daemon. */
    struct platform platform;
    /* The demanded signatures; NULL: nothing. With `stated`, what the pointer states that leads to
     * the image: the image of its platform must have the stated id. */
    const struct guard *guard;
    const struct statement *stated;
    /* The destination: a daemon or a file. Without both, the image is only read and verified. */
    struct docker *docker;
    const struct reference *also; /* further names that the daemon gives the image at the end */
    unsigned also_count;
    const char *output;       /* a file; "-": standard output */
    struct metadata *learned; /* gets the identity of the image (describe_image); may be NULL */
    bool dry_run;
    bool force;       /* pull all layers, even if the daemon has the image already */
    enum reuse reuse; /* of chunks in local images. Whole layers are reused in any case */
    /* Read the whole archive, compare all of the metadata, and fail where a pull would find
     * another way. Requires no_resume and no daemon. */
    bool prove;
    bool no_resume; /* neither read nor write a partial download */
};

struct pull_result {
    char key[KEY_MAX];
    char image_ref[512]; /* metadata.image_tag */
    char image_id[DIGEST_TEXT_SIZE];
    char daemon_id
        [DIGEST_TEXT_SIZE]; /* the id of the daemon for the verified image; "": no daemon */
    char platform[PLATFORM_TEXT_SIZE]; /* of the image; "": not known */
    bool foreign;                 /* the daemon has another platform; the image has no other one */
    char checksum[40];            /* MD5 of the archive by its metadata; or "" */
    uint32_t chunks;              /* that the index lists, if the pull reads all of them; else 0 */
    uint64_t size;                /* of the archive */
    bool skipped;                 /* the daemon has the image already */
    unsigned layers, layers_here; /* of the image; those that the daemon has */
    uint64_t to_fetch;            /* bytes of the archive that the pull (or dry run) fetches */
    uint64_t kept;                /* bytes in the partial download of an earlier pull */
    bool seed;                    /* the pull (or dry run) scans a local image for chunks */
    char reuse[SEED_REASON];      /* why a local image is scanned or not, in words; or "" */
    bool reloaded;                /* the daemon refused some of the layers and got all of them */
    /* Only of a dry run with an index: its plan by layer. The caller calls layer_report_destroy. */
    struct layer_report *layer_report;
    struct transfer_stats stats;
};

#endif
