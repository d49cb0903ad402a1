/*
 * cut - cuts a save stream into chunks, at tar entries and at content.
 *
 * Boundaries follow the content, so that equal content gives equal chunks wherever it lies:
 *
 *   1. A regular file of file_min bytes or more starts a chunk at its payload and ends one at its
 *      padded end. Headers and smaller files between such files gather in chunks of their own.
 *   2. A payload of the outer tar that is itself a tar (a layer) is cut by the same rule inside.
 *   3. Inside each such run, the chunker decides.
 *   4. A payload that is already compressed (gzip, zstd, xz, bzip2 magic) is cut into chunks of the
 *      maximum size, which are marked.
 *
 * The cut also passes on the steps of the outer scanner, so one pass serves the pipeline and the
 * reader of the image (image.h).
 *
 * A malformed inner tar is no error here: the chunker alone cuts the rest of that payload. The
 * SHA-256 of the layer decides whether it is valid.
 */
#ifndef S3DOCK_PACK_CHUNK_CUT_H
#define S3DOCK_PACK_CHUNK_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack/chunk/chunker.h"
#include "pack/tar/tar.h"

enum chunk_flags {
    CHUNK_STORED = 1,  /* compressed already: it is stored, not deflated */
    CHUNK_SECTION = 2, /* first chunk of a section: a large outer file, or the bytes after one */
};

struct cut_step {
    struct tar_step tar; /* the outer scanner's report about the consumed bytes */
    bool boundary;       /* a chunk ends after the consumed bytes */
    unsigned flags;      /* enum chunk_flags of the ended chunk; valid with boundary */
};

struct cut;
/* `mtime` < 0: headers are not normalised. Returns NULL without memory. */
struct cut *cut_create(const struct chunk_params *params, int64_t mtime);
void cut_destroy(struct cut *cut);

/* Like tar_scan, over the save stream; step->tar.used may be less than one outer event (a boundary
 * or an inner header ends a step), so one outer TAR_DATA can take many steps. step->tar.event ==
 * TAR_MORE: the window needs more bytes (at most TAR_BLOCK); a stream that ends there is truncated.
 *
 * The window must begin where the last step ended. Bytes since the last boundary stay in the
 * caller's buffer until the boundary comes: at most params.max + TAR_BLOCK. */
int cut_scan(struct cut *cut, uint8_t *window, size_t size, struct cut_step *step, struct err *err);
/* Ends the stream. *flags: those of the last chunk, if bytes follow the last boundary. Fails with
 * integrity.truncated when the outer trailer is missing, and with docker.export and the daemon's
 * message when the stream ends in an error of the export. */
int cut_finish(struct cut *cut, unsigned *flags, struct err *err);

/* Leaves the rest of a large outer file, padding included, out of the stream. Possible right
 * after a boundary inside the file. *rest: its bytes, from the beginning of the window. *flags:
 * those of the chunk that would begin here. Returns false at other places, and when nothing is
 * left. */
bool cut_skip(struct cut *cut, uint64_t *rest, unsigned *flags);

const struct tar_entry *cut_entry(const struct cut *cut); /* of the outer tar */

#endif
