/*
 * Eight bytes a step, with eight tables ("slicing by 8"). Both checks are reflected, begin with all
 * bits set and invert the result, so a CRC of 32 bits uses the lower half of the same register.
 */
#include "base/crc.h"

#include <pthread.h>
#include <stddef.h>

#define STEP 8

static const uint64_t POLYNOMIALS[] = {
    [CRC_64_NVME] = UINT64_C(0x9a6c9329ac4bc9b5),
    [CRC_32C] = UINT64_C(0x82f63b78),
};

static uint64_t tables[2][STEP][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void fill_tables(uint64_t table[STEP][256], uint64_t polynomial)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        uint64_t value = byte;

        for (unsigned bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ polynomial : value >> 1;
        table[0][byte] = value;
    }
    for (unsigned byte = 0; byte < 256; byte++)
        for (unsigned slice = 1; slice < STEP; slice++) {
            uint64_t before = table[slice - 1][byte];

            table[slice][byte] = before >> 8 ^ table[0][before & 0xff];
        }
}

static void fill_all_tables(void)
{
    fill_tables(tables[CRC_64_NVME], POLYNOMIALS[CRC_64_NVME]);
    fill_tables(tables[CRC_32C], POLYNOMIALS[CRC_32C]);
}

/* Reads eight bytes; compilers make one load of this. */
static uint64_t word_of(const uint8_t *at)
{
    return at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

static uint64_t add_bytes(uint64_t table[STEP][256], uint64_t crc, struct view bytes)
{
    const uint8_t *at = bytes.data, *end = at + bytes.size;

    for (; end - at >= STEP; at += STEP) {
        crc ^= word_of(at);
        crc = table[7][crc & 0xff] ^ table[6][crc >> 8 & 0xff] ^ table[5][crc >> 16 & 0xff] ^
              table[4][crc >> 24 & 0xff] ^ table[3][crc >> 32 & 0xff] ^ table[2][crc >> 40 & 0xff] ^
              table[1][crc >> 48 & 0xff] ^ table[0][crc >> 56];
    }
    for (; at < end; at++)
        crc = crc >> 8 ^ table[0][(crc ^ *at) & 0xff];
    return crc;
}

unsigned crc_of(enum crc_kind kind, struct view bytes, uint8_t out[CRC_SIZE_MAX])
{
    unsigned size = kind == CRC_64_NVME ? 8 : 4;
    uint64_t start = kind == CRC_64_NVME ? UINT64_MAX : UINT32_MAX;
    uint64_t crc;

    pthread_once(&tables_once, fill_all_tables);
    crc = bytes.size ? add_bytes(tables[kind], start, bytes) ^ start : 0;
    for (unsigned i = 0; i < size; i++)
        out[i] = (uint8_t)(crc >> (8 * (size - 1 - i)));
    return size;
}
