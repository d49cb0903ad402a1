/*
 * chunker - content-defined chunking: FastCDC with normalised chunking over a Gear hash.
 *
 * Pure: a boundary depends only on the bytes since the last reset and on the parameters. The Gear
 * table is part of the format (docs/format.md) and must never change.
 */
#ifndef S3DOCK_PACK_CHUNK_CHUNKER_H
#define S3DOCK_PACK_CHUNK_CHUNKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunk_params {
    uint32_t min, average, max; /* bytes; average is a power of two; min <= average <= max */
    uint32_t file_min;          /* for the cut: from this size on, a file has chunks of its own */
};

#define CHUNK_MAX_LIMIT (256 * 1024) /* the largest permitted `max`; buffers have this size */
/* 16 KiB, 64 KiB, 256 KiB. Files from 16 KiB on have chunks of their own; with CHUNK_FINE, files
 * from 8 KiB on. docs/format.md has the measurements. */
extern const struct chunk_params CHUNK_DEFAULT, CHUNK_FINE;
bool chunk_params_valid(const struct chunk_params *params);

struct chunker {
    struct chunk_params params;
    uint64_t mask_small, mask_large; /* stricter before the average, looser after it */
    uint64_t hash;
    uint32_t size; /* of the chunk so far */
};

void chunker_init(struct chunker *chunker, const struct chunk_params *params);
void chunker_reset(struct chunker *chunker); /* starts a new chunk */
/* Adds bytes[0 .. size) to the chunk. Returns how many of them belong to it. *cut: the chunk ends
 * after them, and the chunker has been reset. Otherwise returns `size`. */
size_t chunker_scan(struct chunker *chunker, const uint8_t *bytes, size_t size, bool *cut);
/* The same for chunks of exactly `max` bytes, used for compressed payloads. */
size_t chunker_scan_fixed(struct chunker *chunker, size_t size, bool *cut);

#endif
