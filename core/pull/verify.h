/*
 * verify - reads an archive of the bucket to its end and proves all that a pull relies on.
 *
 * The archive has the size and the ETag of the metadata, the index its SHA-256; each chunk is the
 * one that the index names; each layer has its diffID, the config the image id; the MD5 is the
 * metadata's, where that has one. Writes nothing and needs no daemon.
 */
#ifndef S3DOCK_PULL_VERIFY_H
#define S3DOCK_PULL_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest_text.h"
#include "catalog/keys.h"
#include "catalog/name.h"
#include "transfer/transfer.h"

struct err;
struct store;

struct verify_options {
    struct transfer_options transfer;
    struct store *store;
    struct image_name name;
    const char *key; /* of the archive, when a pointer named it; NULL: looked up */
};

struct verify_result {
    char key[KEY_MAX];
    char image_ref[512]; /* metadata.image_tag */
    char image_id[DIGEST_TEXT_SIZE];
    char checksum[40]; /* the MD5 that was proven; "": the metadata has none */
    uint64_t size;     /* of the archive */
    unsigned layers;
    uint32_t chunks; /* by the index; 0: there is none */
    struct transfer_stats stats;
};

/* 0: everything is as it should be. Integrity: something is not, and the hint names the remedy. */
int verify_run(const struct verify_options *options, struct verify_result *result, struct err *err);

#endif
