/*
 * write - writes tar headers and small files: plain ustar, and GNU's base-256 for sizes of more
 * than eleven octal digits.
 */
#ifndef S3DOCK_PACK_TAR_WRITE_H
#define S3DOCK_PACK_TAR_WRITE_H

#include <stdint.h>

#include "base/bytes.h"

/* Adds the header block of a file. `name` is shorter than 100 bytes. A negative mtime is 0. */
void tar_write_header(struct text *out, const char *name, uint64_t size, int64_t mtime);
/* Adds a whole file, with its padding. */
void tar_write_file(struct text *out, const char *name, struct view content, int64_t mtime);

#endif
