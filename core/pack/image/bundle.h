/*
 * bundle - the archive that a pull gives to a daemon, a file or standard output: a tar that is
 * written here, from the config and the layers. No header of the archive in the bucket is copied.
 *
 *   blobs/sha256/<digest>   the layers that are sent, in the order of the save stream
 *   blobs/sha256/<config>  blobs/sha256/<manifest>  index.json  manifest.json  oci-layout
 *
 * All engines take it: graph drivers read manifest.json, the containerd store and Podman the OCI
 * documents. A layer keeps its stored form: a plain tar, or one packed by gzip or zstd. Layers that
 * are left out are named in the documents and have no entry. The documents come last, so that a
 * load that breaks off names no image. The only name in them is `reference`.
 *
 * Pure: what the pieces are and how long; the bytes of the layers come from elsewhere.
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
#define BUNDLE_TRAILER    1024 /* zero bytes that end the tar: not among the parts */

/* Either bytes, or the payload of a layer, which is padded to TAR_BLOCK in the bundle. */
struct bundle_part {
    int layer; /* or BUNDLE_NO_LAYER */
    struct view bytes;
    uint64_t raw_offset, raw_size; /* of the layer, in the save stream */
};

struct bundle_options {
    const struct image_info *image; /* out of an index or a scan: held against the config here */
    struct view config;
    const char *reference; /* "app:tag": the name that the image gets */
    const bool *leave_out; /* for each layer: not to be sent. NULL: all are sent */
    int64_t mtime;         /* of the entries, seconds since 1970 */
};

struct bundle {
    unsigned count; /* of parts, layers in the order of the save stream */
    struct bundle_part *parts;
    char manifest_id[DIGEST_TEXT_SIZE]; /* what the containerd store will call the image */
    uint64_t size;                      /* of the whole, trailer included */
    struct text text;                   /* what the parts' bytes point into */
};

/* Whether the image can be bundled: each layer has a media type that is known, and the config a
 * size within BUNDLE_CONFIG_MAX. */
bool bundle_possible(const struct image_info *image);
/* What its bundle has as manifest_id: that follows from the image alone. */
int bundle_manifest_id(const struct image_info *image, char out[DIGEST_TEXT_SIZE], struct err *err);
/* Fails with integrity.config when the config is not the image's, and with integrity.index when the
 * image's layers are not the config's, or overlap. Nothing of the options is kept. */
struct bundle *bundle_create(const struct bundle_options *options, struct err *err);
void bundle_destroy(struct bundle *bundle); /* takes NULL */

#endif
