/*
 * cut - the tar-aware cut of a save stream: where chunks begin and end.
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
 * The cut also is the outer scanner: it hands on what the outer tar says, so that one pass serves
 * the pipeline and the reader of the image (image.h).
 *
 * An inner tar that turns out to be malformed is not an error here: the rest of that payload is cut
 * by the chunker alone (the SHA-256 of the layer judges it, not the cut).
 */
#ifndef S3DOCK_PACK_CHUNK_CUT_H
#define S3DOCK_PACK_CHUNK_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack/chunk/chunker.h"
#include "pack/tar/tar.h"

#define CUT_FILE_MIN (16 * 1024) /* measured in docs/format.md */

enum chunk_flags {
    CHUNK_STORED = 1,  /* compressed already: deflating it gains nothing */
    CHUNK_SECTION = 2, /* first chunk of a section: of a large outer file, or of what follows one */
};

struct cut_step {
    struct tar_step tar; /* what the outer tar says of the bytes consumed */
    bool boundary;       /* a chunk ends after the bytes consumed */
    unsigned flags;      /* enum chunk_flags of the chunk that ends: valid with boundary */
};

struct cut;
/* file_min: CUT_FILE_MIN, or what an index says. `mtime` < 0: headers are left as they are. NULL:
 * out of memory. */
struct cut *cut_create(const struct chunk_params *params, uint32_t file_min, int64_t mtime);
void cut_destroy(struct cut *cut);

/* Like tar_scan, over the save stream; step->tar.used may be less than one outer event (a boundary
 * or an inner header stops it), so an outer TAR_DATA can come in many steps. With step->tar.event
 * == TAR_MORE more bytes are needed in the window (at most TAR_BLOCK), and when the stream has
 * ended there, it was cut short.
 *
 * The window must begin where the last step ended. Bytes since the last boundary stay in the
 * caller's buffer until the boundary comes: at most params.max + TAR_BLOCK. */
int cut_scan(struct cut *cut, uint8_t *window, size_t size, struct cut_step *step, struct err *err);
/* The stream has ended: the flags of the last chunk, if bytes since the last boundary are left.
 * Fails with integrity.truncated when the outer trailer is missing, or with docker.export and the
 * daemon's words when its late error stands at the end. */
int cut_finish(struct cut *cut, unsigned *flags, struct err *err);

/* Right behind a boundary within a large outer file: the rest of it, with its padding, is left out
 * of the stream. *rest: how many bytes that is, counted from the beginning of the window. *flags:
 * those of the chunk that would begin here. False: nothing is left of it, or this is another place.
 */
bool cut_skip(struct cut *cut, uint64_t *rest, unsigned *flags);

const struct tar_entry *cut_entry(const struct cut *cut); /* of the outer tar */

#endif
