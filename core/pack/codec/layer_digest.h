/*
 * layer_digest - both names of a layer from one pass over its bytes: the digest as stored (SHA-256
 * of the bytes) and the diffID (SHA-256 of the uncompressed tar). For a plain tar they are the same
 * and hashed once; gzip (any number of members) and zstd are inflated on the fly.
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
/* Starts over, for the next layer. */
void layer_digest_reset(struct layer_digest *digest);
/* Never fails: bytes that do not inflate give a diffID that matches nothing. */
void layer_digest_add(struct layer_digest *digest, const void *bytes, size_t size);
/* Both digests; `compressed` says whether they were told apart. `diff` is zeroes when the
 * compressed stream was broken or incomplete. */
void layer_digest_end(struct layer_digest *digest, uint8_t stored[SHA256_SIZE],
                      uint8_t diff[SHA256_SIZE], bool *compressed);
/* After layer_digest_end: LAYER_PLAIN_TAR, or that with "+gzip" or "+zstd". A
 * static string. */
const char *layer_digest_media_type(const struct layer_digest *digest);

#endif
