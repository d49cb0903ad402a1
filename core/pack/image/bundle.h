/*
 * bundle - the plan of the tar that a pull writes for a daemon, a file or standard output. It is
 * made from the config and the layers. No header of the archive in the bucket is copied.
 *
 *   blobs/sha256/<digest>   the layers that are sent, in the order of the save stream
 *   blobs/sha256/<config>  blobs/sha256/<manifest>  index.json  manifest.json  oci-layout
 *
 * All daemons accept it: graph drivers read manifest.json, the containerd store and Podman the OCI
 * documents. A layer keeps its stored form: a plain tar, or one packed by gzip or zstd. Omitted
 * layers are named in the documents but have no entry. The documents come last, so an interrupted
 * load creates no image. The only name in them is `reference`.
 *
 * Pure: the plan has the pieces and their sizes, not the bytes of the layers.
 */
#ifndef S3DOCK_PACK_IMAGE_BUNDLE_H
#define S3DOCK_PACK_IMAGE_BUNDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "pack/image/info.h"

struct err;

#define BUNDLE_NO_LAYER   (-1)
#define BUNDLE_CONFIG_MAX IMAGE_CONFIG_MAX
#define BUNDLE_TRAILER    1024 /* zero bytes that end the tar; they are not among the parts */

/* Either bytes, or the payload of a layer, which is padded to TAR_BLOCK in the bundle. */
struct bundle_part {
    int layer; /* or BUNDLE_NO_LAYER */
    struct view bytes;
    uint64_t raw_offset, raw_size; /* of the layer, in the save stream */
};

struct bundle_options {
    const struct image_info *image; /* from an index or a scan; compared with the config here */
    struct view config;
    const char *reference; /* "app:tag", the name of the image */
    const bool *leave_out; /* for each layer: omit it. NULL: all are sent */
    int64_t mtime;         /* of the entries, seconds since 1970 */
};

struct bundle {
    unsigned count; /* of parts, layers in the order of the save stream */
    struct bundle_part *parts;
    char manifest_id[DIGEST_TEXT_SIZE]; /* the image id in the containerd store */
    uint64_t size;                      /* of the whole, trailer included */
    struct text text;                   /* the memory of the parts' bytes */
};

/* Returns true if the image can be bundled: each layer has a known media type, and the config
 * has at most BUNDLE_CONFIG_MAX bytes. */
bool bundle_possible(const struct image_info *image);
/* Computes the manifest_id of the bundle, which depends only on the image. */
int bundle_manifest_id(const struct image_info *image, char out[DIGEST_TEXT_SIZE], struct err *err);
/* Plans the bundle. Fails with integrity.config if the config does not have the image's id, and
 * with integrity.index if the layers are not those of the config, or overlap. Keeps nothing of
 * options. */
struct bundle *bundle_create(const struct bundle_options *options, struct err *err);
void bundle_destroy(struct bundle *bundle); /* takes NULL */

#endif
