/*
 * verify - reads a whole archive of the bucket and makes all checks of a pull.
 *
 * It compares size and ETag of each object, the MD5 of the archive and the SHA-256 of the index
 * with the metadata. It compares each chunk with the index, each layer with its diffID, and the
 * config with the image id. It leaves no file and needs no daemon. The chunks of a thin image pass
 * a file without a name.
 */
#ifndef S3DOCK_PULL_VERIFY_H
#define S3DOCK_PULL_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest_text.h"
#include "catalog/keys.h"
#include "catalog/name.h"
#include "catalog/platform.h"
#include "transfer/transfer.h"

struct err;
struct store;

struct verify_options {
    struct transfer_options transfer;
    struct store *store;
    struct image_name name;
    const char *key;          /* its image key, if a pointer names it; NULL: it is looked up */
    struct platform platform; /* any platform: the first one */
};

struct verify_result {
    char key[KEY_MAX];
    char image_ref[512]; /* metadata.image_tag */
    char image_id[DIGEST_TEXT_SIZE];
    char platform[PLATFORM_TEXT_SIZE]; /* "": not known */
    char checksum[40];                 /* the MD5 that was checked; "": the metadata has none */
    uint64_t size;                     /* of the archive */
    unsigned layers;
    uint32_t chunks; /* of the index; 0: there is no index */
    struct transfer_stats stats;
};

/* Returns 0 if everything is correct. Family ERR_INTEGRITY: the image is damaged; the hint has the
 * remedy. */
int verify_run(const struct verify_options *options, struct verify_result *result, struct err *err);

#endif
