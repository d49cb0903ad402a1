/*
 * image - what image a save stream holds, and whether it holds all of it.
 *
 * Is fed every step of the outer tar (from `cut` on a push, from `tar` on a pull), keeps the small
 * JSON entries, digests the rest, and at the end says what it is: or that something is missing,
 * lies, or is too much. Legacy layout (Docker <= 24, Podman), OCI layout (Docker >= 25), containerd
 * store (compressed layers, index within index). manifest.json + config decide; index.json only
 * confirms (docker.md: Docker 25.0.0 lists its layers in random order).
 *
 * Refused: no manifest.json, or one that names several images; a config or a layer that is missing,
 * cut short, or whose SHA-256 is not what the config's diff_ids say (after inflating a compressed
 * layer); a blob under blobs/sha256/ whose name is not its SHA-256; symbolic links that lead
 * nowhere (links are resolved at the end: they may come before their target); two entries of one
 * name; absolute names or ".."; members that another reader of JSON could take for others (Go's
 * does not mind capitals); a layer count that differs from the diff_ids; JSON appended after the
 * tar (the daemon's late error, whose text is then in the message).
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

/* One step of the outer tar and the bytes it consumed; `entry` is the scanner's current entry. */
int image_feed(struct image *image, const struct tar_step *step, const struct tar_entry *entry,
               const uint8_t *bytes, struct err *err);
/* The rest of the current entry, `rest` bytes with its padding, is left out of the stream: it is a
 * plain tar whose SHA-256 is `digest`, on the caller's word. */
int image_skip(struct image *image, uint64_t rest, const uint8_t digest[SHA256_SIZE],
               struct err *err);
/* The stream has ended: resolves, verifies. On success *info points into the image. */
int image_finish(struct image *image, const struct image_info **info, struct err *err);

/* The bytes of the config, once image_finish went well; they live as long as the image. */
struct view image_config(const struct image *image);

#endif
