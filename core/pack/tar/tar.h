/*
 * tar - an incremental scanner of tar streams, and the normaliser of their headers.
 *
 * The caller passes a window of the stream. The scanner reports the kind of the bytes at its
 * beginning. The caller then calls it with the bytes that follow. It copies only names. It supports
 * ustar, GNU (long names, base-256 numbers) and PAX (path, linkpath, size). It refuses sparse files
 * and multi-volume archives, and passes other types through as plain bytes.
 *
 * Normalising rewrites a header in place: it sets the mtime and the checksum, and overwrites times
 * in PAX records with values of the same length. It never moves or adds a byte.
 *
 * A strict scanner accepts only input that all readers of tar understand alike (plain.h).
 *
 * Bounds: sizes are checked for overflow, names have at most TAR_NAME_MAX bytes, PAX data at most
 * TAR_PAX_MAX.
 */
#ifndef S3DOCK_PACK_TAR_TAR_H
#define S3DOCK_PACK_TAR_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack/tar/entry.h"

struct err;

enum tar_event {
    TAR_MORE = 1, /* nothing was consumed: the window needs more bytes (at most TAR_BLOCK) */
    TAR_META,     /* bytes of a PAX or GNU header block, or of its data */
    TAR_ENTRY,    /* the header block of an entry: see tar_entry */
    TAR_DATA,     /* payload bytes of the entry */
    TAR_PAD,      /* padding after the payload, up to the block */
    TAR_TRAILER,  /* zero blocks at the end, and zeros after them */
    TAR_TEXT,     /* JSON instead of a header, or after the trailer: the error of a failed export
                     (export_error.h). Continues until the end of the stream */
};

struct tar_step {
    enum tar_event event;
    size_t used; /* bytes of the window that the step consumed (0 only for TAR_MORE) */
    bool last;   /* TAR_DATA, TAR_PAD, TAR_ENTRY: the entry is complete, padding included */
};

struct tar;
struct tar *tar_create(void); /* NULL: out of memory */
void tar_destroy(struct tar *tar);
void tar_reset(struct tar *tar);
/* Makes later scans rewrite headers in the window. mtime: seconds since 1970. */
void tar_normalize(struct tar *tar, int64_t mtime);
/* Makes later scans fail with integrity.tar on input that other readers (Go, Python, bsdtar, GNU
 * tar) may interpret differently. They also fail on names that a file system may refuse. Used for
 * save streams, not for layers. */
void tar_strict(struct tar *tar);

/* Scans window[0 .. size), size > 0, and fills *step. Fails with integrity.tar: bad checksum, bad
 * number, long name, non-zero bytes after the trailer. An incomplete header block returns TAR_MORE;
 * payload and padding are consumed in pieces of any size. Writes to the window only after
 * tar_normalize. */
int tar_scan(struct tar *tar, uint8_t *window, size_t size, struct tar_step *step, struct err *err);

/* Returns the current entry; valid from its TAR_ENTRY until the next one. */
const struct tar_entry *tar_entry(const struct tar *tar);
/* Returns the payload bytes of the current entry that were not scanned yet. */
uint64_t tar_left(const struct tar *tar);
/* Skips the rest of the current payload and its padding, as if it had been scanned. Returns the
 * number of skipped bytes; 0 outside of a payload. */
uint64_t tar_skip(struct tar *tar);
/* Returns true after two zero blocks. A stream that ends earlier is truncated. */
bool tar_complete(const struct tar *tar);

#endif
