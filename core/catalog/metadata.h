/*
 * metadata - the JSON document next to an archive: the commit point of a push.
 *
 * The original's fields keep their names, order, types and meaning; ours are added after them.
 */
#ifndef S3DOCK_CATALOG_METADATA_H
#define S3DOCK_CATALOG_METADATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "catalog/name.h"

struct err;

#define METADATA_FORMAT     2 /* 0: written by the original */
#define METADATA_LAYERS_MAX 512

struct metadata {
    /* the original's */
    char checksum[40]; /* hex MD5 of the archive, or "" when it is not known (delta push) */
    uint64_t size;     /* of the archive */
    char created_at[48];
    char git_hash[48], git_time[24];
    char image_tag[512];
    char app_name[256];
    /* ours; format 0 means that none of them is there */
    int format;
    char image_id[DIGEST_TEXT_SIZE]; /* SHA-256 of the config */
    char engine_id
        [DIGEST_TEXT_SIZE]; /* what the pushing daemon called it, when that differs (containerd store),
                           or who loads the archive as it is; or "" */
    char manifest_id
        [DIGEST_TEXT_SIZE]; /* what a containerd store calls it that was given its bundle; "": not
                             known */
    bool packed_layers;     /* some layers of the bundle are not plain tars */
    char platform[96];      /* "linux/amd64" or "linux/arm64/v8" */
    uint64_t raw_size;      /* of the save stream */
    char archive_etag[256];
    char index_key[1024]; /* "" when there is none */
    char index_sha256[65];
    uint64_t index_size;
    unsigned layer_count;
    struct digest_text *layers; /* diffIDs in order; owned */
};

/* 0, or integrity.document (malformed, a member that cannot be), or unsupported.format (written by
 * a newer program); nothing is owned then. Members that are missing are "" or 0; created_at is kept
 * as it was written. */
int metadata_parse(struct view json, struct metadata *out, struct err *err);
/* Adds the document to `out`, without a newline at its end. Members of ours that are empty are left
 * out (all of them for format 0), and so are an unknown checksum and an unknown created_at. */
void metadata_write(const struct metadata *metadata, struct text *out);
/* Whether an engine that says `id` means this image: graph drivers and Podman say the SHA-256 of
 * its config, containerd's store that of a manifest. */
bool metadata_names(const struct metadata *metadata, const char *id);
void metadata_finish(struct metadata *metadata);

#endif
