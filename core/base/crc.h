/*
 * crc - the two cyclic redundancy checks that S3 verifies bodies with.
 */
#ifndef S3DOCK_BASE_CRC_H
#define S3DOCK_BASE_CRC_H

#include <stdint.h>

#include "base/bytes.h"

enum crc_kind {
    CRC_64_NVME, /* 8 bytes */
    CRC_32C,     /* 4 bytes */
};

#define CRC_SIZE_MAX 8

/* Writes the CRC of the bytes in big endian order. Returns its size: 8 or 4. Any thread. */
unsigned crc_of(enum crc_kind kind, struct view bytes, uint8_t out[CRC_SIZE_MAX]);

#endif
