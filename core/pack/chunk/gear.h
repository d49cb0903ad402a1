/*
 * gear - the table of the Gear hash: one random number for every byte value.
 *
 * Part of the format (docs/format.md). It never changes: another table would cut the same content
 * elsewhere, and new chunks would match none in existing buckets.
 */
#ifndef S3DOCK_PACK_CHUNK_GEAR_H
#define S3DOCK_PACK_CHUNK_GEAR_H

#include <stdint.h>

extern const uint64_t GEAR[256];

#endif
