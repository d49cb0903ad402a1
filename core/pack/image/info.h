/*
 * info - the description of an image: its ids, its platform, its layers and names.
 */
#ifndef S3DOCK_PACK_IMAGE_INFO_H
#define S3DOCK_PACK_IMAGE_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest_text.h"

#define IMAGE_ENTRIES_MAX 16384
#define IMAGE_LAYERS_MAX  512
#define IMAGE_CONFIG_MAX  (16 * MIB)
#define IMAGE_TAGS_MAX    64
#define IMAGE_REF_SIZE    512

struct image_layer {
    char diff_id[DIGEST_TEXT_SIZE];
    char digest[DIGEST_TEXT_SIZE]; /* as stored in the stream */
    char media_type[96]; /* "application/vnd.oci.image.layer.v1.tar", or "+gzip", "+zstd" */
    uint64_t raw_offset; /* of the payload in the stream */
    uint64_t raw_size;
};

struct image_info {
    char id[DIGEST_TEXT_SIZE]; /* SHA-256 of the config: the image id of graph drivers */
    char manifest_id
        [DIGEST_TEXT_SIZE]; /* digest of the only descriptor of index.json, or "": the image
                                        id of the containerd store */
    char os[32], architecture[32], variant[32];
    char created[48];                    /* as in the config, or "" */
    uint64_t config_offset, config_size; /* raw range of the config's payload */
    uint64_t raw_size;                   /* of the whole stream */
    unsigned layer_count;
    struct image_layer *layers;
    unsigned tag_count; /* RepoTags of manifest.json; 0 when saved by id */
    char (*tags)[IMAGE_REF_SIZE];
    unsigned name_count; /* names in index.json, which the containerd store uses. Read from a
                            stream only, not stored in an index */
    char (*names)[IMAGE_REF_SIZE];
    bool others; /* the stream has images for other platforms, too. Not stored in an index */
};

#endif
