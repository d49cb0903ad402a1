/*
 * chunker - where to cut a run of bytes: FastCDC with normalised chunking over a Gear hash.
 *
 * Pure: a boundary depends on the bytes since the last reset and on the parameters, on nothing
 * else. The Gear table is part of the format (docs/format.md): it must never change.
 */
#ifndef S3DOCK_PACK_CHUNK_CHUNKER_H
#define S3DOCK_PACK_CHUNK_CHUNKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunk_params {
    uint32_t min, average, max; /* bytes; average is a power of two; min <= average <= max */
};

#define CHUNK_MAX_LIMIT (256 * 1024) /* the largest `max` anywhere: buffers are made for it */
/* 16 KiB, 64 KiB, 256 KiB: measured in docs/format.md. */
extern const struct chunk_params CHUNK_DEFAULT;
bool chunk_params_valid(const struct chunk_params *params);

struct chunker {
    struct chunk_params params;
    uint64_t mask_small, mask_large; /* stricter before the average, looser after it */
    uint64_t hash;
    uint32_t size; /* of the chunk so far */
};

void chunker_init(struct chunker *chunker, const struct chunk_params *params);
void chunker_reset(struct chunker *chunker); /* a chunk starts here */
/* Takes bytes[0 .. size) as the continuation of the chunk. Returns how many belong to it; *cut says
 * whether it ends after them (the chunker has then been reset). Returns `size` with *cut false when
 * the chunk goes on. */
size_t chunker_scan(struct chunker *chunker, const uint8_t *bytes, size_t size, bool *cut);
/* Chunks of exactly `max` bytes: for payloads that are already compressed. Same contract. */
size_t chunker_scan_fixed(struct chunker *chunker, size_t size, bool *cut);

#endif
