/*
 * image - finds the image in a save stream, and checks that the stream holds all of it.
 *
 * Receives every step of the outer tar (from `cut` on a push, from `tar` on a pull), keeps small
 * JSON files and digests the others. At the end it describes the image or fails. It reads the
 * legacy layout (Docker <= 24, Podman), the OCI layout (Docker >= 25) and the containerd store
 * (packed layers, nested indexes). manifest.json and the config decide; index.json must agree with
 * them. Docker 25.0.0 lists the layers in index.json in random order.
 *
 * Refused: no manifest.json, or several images in it; a config or layer that is missing, truncated,
 * or whose SHA-256 differs from the config's diff_ids (after unpacking); a blob under blobs/sha256/
 * whose name is not its SHA-256; symbolic links without a target (links may precede their targets);
 * two entries of one name; absolute names or ".."; JSON members that readers may confuse (Go
 * ignores case); a layer count that differs from the diff_ids; JSON after the tar (the daemon's
 * error, which then is in the message).
 */
#ifndef S3DOCK_PACK_IMAGE_IMAGE_H
#define S3DOCK_PACK_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "pack/image/info.h"
#include "pack/tar/tar.h"

struct err;

struct image;
struct image *image_create(void); /* NULL: out of memory */
void image_destroy(struct image *image);

/* Adds one step of the outer tar and its bytes. `entry`: the current entry of the scanner. */
int image_feed(struct image *image, const struct tar_step *step, const struct tar_entry *entry,
               const uint8_t *bytes, struct err *err);
/* Ends the current entry without its remaining `rest` bytes (padding included). The caller
 * guarantees that the entry is a plain tar with the SHA-256 `digest`. */
int image_skip(struct image *image, uint64_t rest, const uint8_t digest[SHA256_SIZE],
               struct err *err);
/* Ends the stream and verifies the image. On success *info points into `image`. */
int image_finish(struct image *image, const struct image_info **info, struct err *err);

/* Returns the bytes of the config, which belong to the image. Call it after a successful
 * image_finish. */
struct view image_config(const struct image *image);

#endif
