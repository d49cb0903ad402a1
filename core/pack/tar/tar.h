/*
 * tar - an incremental scanner of tar streams, and the normaliser of their headers.
 *
 * The scanner is handed a window of the stream, says what stands at its beginning, and is called
 * again with what follows. It copies nothing but names. ustar, GNU (long names, base-256 numbers)
 * and PAX (path, linkpath, size) are understood; sparse files, multi-volume and everything else of
 * the zoo are refused or passed through as plain bytes, never guessed at.
 *
 * Normalising rewrites a header where it stands: the mtime becomes the given one and the checksum
 * is made right; times in PAX records are overwritten with a value of the same length. One byte in,
 * one byte out: normalising never moves anything.
 *
 * A strict scanner accepts only what all readers of tars understand alike (tar_plain.h).
 *
 * Hostile input: all sizes are checked for overflow, names are bounded (TAR_NAME_MAX), PAX data is
 * bounded (TAR_PAX_MAX).
 */
#ifndef S3DOCK_PACK_TAR_TAR_H
#define S3DOCK_PACK_TAR_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack/tar/entry.h"

struct err;

enum tar_event {
    TAR_MORE = 1, /* nothing consumed: call again with more bytes in the window (at most TAR_BLOCK
                     needed) */
    TAR_META,     /* bytes of a PAX or GNU header block or its data: consumed, nothing to tell */
    TAR_ENTRY,    /* the header block of a real entry was consumed: see `entry` */
    TAR_DATA,     /* payload bytes of the entry */
    TAR_PAD,      /* padding after the payload, up to the block */
    TAR_TRAILER,  /* zero blocks at the end, and any zeros after them */
    TAR_TEXT,     /* no tar at all: JSON where a header should be, or after the trailer. An engine
                     that fails in mid-stream leaves its error there (late_error.h). Lasts until the
                     end of the stream */
};

struct tar_step {
    enum tar_event event;
    size_t used; /* bytes of the window this step consumed (0 only for TAR_MORE) */
    bool last;   /* TAR_DATA, TAR_PAD, TAR_ENTRY: the entry is complete, padding included */
};

struct tar;
struct tar *tar_create(void); /* NULL: out of memory */
void tar_destroy(struct tar *tar);
void tar_reset(struct tar *tar);
/* From now on headers are rewritten in the window: mtime in seconds since 1970. */
void tar_normalize(struct tar *tar, int64_t mtime);
/* From now on the scanner fails with integrity.tar on whatever other readers of tars (Go's,
 * Python's, bsdtar, GNU tar) may read in another way, and on names that a file system may not take.
 * For save streams; layers are scanned without. */
void tar_strict(struct tar *tar);

/* Looks at window[0 .. size), size > 0. Fills *step. Fails with integrity.tar: bad checksum, bad
 * number, name too long, non-zero bytes after the trailer. A window that holds one incomplete
 * header block gives TAR_MORE; payload and padding are consumed in whatever pieces they come.
 * Without tar_normalize the window is not written to. */
int tar_scan(struct tar *tar, uint8_t *window, size_t size, struct tar_step *step, struct err *err);

/* The entry that the scanner is in; valid from its TAR_ENTRY until the next. */
const struct tar_entry *tar_entry(const struct tar *tar);
/* Bytes of the current entry still to come: payload without padding. */
uint64_t tar_left(const struct tar *tar);
/* Within a payload or its padding: the rest of both is left out of the stream, as if it had been
 * scanned. Returns how many bytes that is; 0, and nothing changes, anywhere else. */
uint64_t tar_skip(struct tar *tar);
/* True once two zero blocks were seen: a stream that ends before is cut short. */
bool tar_complete(const struct tar *tar);

#endif
