/*
 * gear - the table of the Gear hash: one random number for every byte value.
 *
 * Part of the format (docs/format.md): with another table the same content is cut elsewhere, and
 * nothing that lies in a bucket would match any more. It never changes.
 */
#ifndef S3DOCK_PACK_CHUNK_GEAR_H
#define S3DOCK_PACK_CHUNK_GEAR_H

#include <stdint.h>

extern const uint64_t GEAR[256];

#endif
