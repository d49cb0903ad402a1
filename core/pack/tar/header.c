/*
 * Reads and rewrites the fields of a block of 512 bytes.
 */
#include "pack/tar/header.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "pack/tar/entry.h"

int tar_number(const uint8_t *field, size_t size, uint64_t *value)
{
    size_t at = 0;

    *value = 0;
    if (field[0] & 0x80) {
        if (field[0] != 0x80) /* negative, or absurd */
            return ERR_FAIL;
        for (at = 1; at < size; at++) {
            if (*value > INT64_MAX >> 8)
                return ERR_FAIL;
            *value = *value << 8 | field[at];
        }
        return 0;
    }
    while (at < size && (field[at] == ' ' || field[at] == '\0'))
        at++;
    for (; at < size && field[at] >= '0' && field[at] <= '7'; at++)
        *value = *value << 3 | (uint64_t)(field[at] - '0'); /* 12 digits: 36 bits at most */
    while (at < size && field[at] == ' ')
        at++;
    return at == size || field[at] == '\0' ? 0 : ERR_FAIL;
}

static unsigned checksum(const uint8_t *block)
{
    unsigned sum = CHECKSUM_SIZE * ' ';

    for (size_t i = 0; i < TAR_BLOCK; i++)
        if (i < CHECKSUM_AT || i >= CHECKSUM_AT + CHECKSUM_SIZE)
            sum += block[i];
    return sum;
}

static unsigned checksum_signed(const uint8_t *block)
{
    int sum = CHECKSUM_SIZE * ' ';

    for (size_t i = 0; i < TAR_BLOCK; i++)
        if (i < CHECKSUM_AT || i >= CHECKSUM_AT + CHECKSUM_SIZE)
            sum += (int8_t)block[i];
    return (unsigned)sum;
}

bool tar_checksum_right(const uint8_t *block)
{
    uint64_t said;

    if (tar_number(block + CHECKSUM_AT, CHECKSUM_SIZE, &said) < 0)
        return false;
    return said == checksum(block) || said == checksum_signed(block);
}

bool tar_is_gnu(const uint8_t *block)
{
    return memcmp(block + MAGIC_AT, "ustar  ", MAGIC_SIZE) == 0;
}

bool tar_is_ustar(const uint8_t *block)
{
    return memcmp(block + MAGIC_AT, "ustar", 6) == 0;
}

void tar_normalize_header(uint8_t *block, int64_t mtime)
{
    char field[24];

    if (mtime < (int64_t)1 << 33) { /* 11 octal digits: until the year 2242 */
        snprintf(field, sizeof field, "%011llo", (unsigned long long)mtime);
        memcpy(block + MTIME_AT, field, MTIME_SIZE);
    } else {
        memset(block + MTIME_AT, 0, MTIME_SIZE);
        block[MTIME_AT] = 0x80;
        for (unsigned i = 0; i < 8; i++)
            block[MTIME_AT + MTIME_SIZE - 1 - i] = (uint8_t)((uint64_t)mtime >> 8 * i);
    }
    if (tar_is_gnu(block))
        memset(block + PREFIX_AT, 0, GNU_TIMES_SIZE);
    snprintf(field, sizeof field, "%06o", checksum(block));
    memcpy(block + CHECKSUM_AT, field, 7);
    block[CHECKSUM_AT + 7] = ' ';
}
