/*
 * layer_digest - computes the two names of a layer in one pass: the digest (SHA-256 of the stored
 * bytes) and the diffID (SHA-256 of the uncompressed tar). For a plain tar both are equal and
 * hashed once; gzip (any number of members) and zstd are inflated meanwhile. xz and bzip2, which
 * not every daemon unpacks, are recognised and not inflated.
 */
#ifndef S3DOCK_PACK_CODEC_LAYER_DIGEST_H
#define S3DOCK_PACK_CODEC_LAYER_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct err;

#define LAYER_PLAIN_TAR "application/vnd.oci.image.layer.v1.tar"

struct layer_digest;
struct layer_digest *layer_digest_create(void); /* NULL: out of memory */
void layer_digest_destroy(struct layer_digest *digest);
/* Starts the next layer. */
void layer_digest_reset(struct layer_digest *digest);
/* Adds bytes. Bytes that do not inflate result in a diffID that matches nothing. */
void layer_digest_add(struct layer_digest *digest, const void *bytes, size_t size);
/* Returns both digests. *compressed: the layer is packed, so they differ. `diff` is zero if the
 * packed stream was broken, incomplete, or not inflated. */
void layer_digest_end(struct layer_digest *digest, uint8_t stored[SHA256_SIZE],
                      uint8_t diff[SHA256_SIZE], bool *compressed);
/* Returns LAYER_PLAIN_TAR, or the same with "+gzip", "+zstd", "+xz" or "+bzip2": a static string.
 * Call it after layer_digest_end. */
const char *layer_digest_media_type(const struct layer_digest *digest);
/* Returns true if zeros follow the gzip data: some daemons then refuse the layer. Call it after
 * layer_digest_end. */
bool layer_digest_is_padded(const struct layer_digest *digest);

#endif
