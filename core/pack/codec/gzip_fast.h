/*
 * gzip_fast - deflates one chunk with ISA-L's level 1, twice as fast as libdeflate's.
 *
 * ISA-L is optional: the option `isal` of the build. Its output depends on the machine, so the name
 * of the writer has the machine. A compressor belongs to one thread at a time.
 */
#ifndef S3DOCK_PACK_CODEC_GZIP_FAST_H
#define S3DOCK_PACK_CODEC_GZIP_FAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Returns library, version and machine: "isa-l 2.30.0 level 1 x86-64". NULL: this build has no
 * ISA-L. */
const char *gzip_fast_writer(void);

struct gzip_fast;
struct gzip_fast *gzip_fast_create(void);       /* NULL: there is no memory, or no ISA-L */
void gzip_fast_destroy(struct gzip_fast *fast); /* takes NULL */
/* Writes the bytes of raw as deflate data, without header and trailer. Returns their size, or 0 if
 * they do not fit in `room`. */
size_t gzip_fast_deflate(struct gzip_fast *fast, struct view raw, uint8_t *out, size_t room);

#endif
