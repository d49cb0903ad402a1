#include "kit/tarball.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 512

void tarball_init(struct tarball *tar)
{
    *tar = (struct tarball){0};
}

void tarball_finish(struct tarball *tar)
{
    free(tar->data);
    tarball_init(tar);
}

void tarball_raw(struct tarball *tar, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    if (tar->size + size > tar->room) {
        tar->room = (tar->size + size) * 2;
        tar->data = realloc(tar->data, tar->room);
        if (!tar->data)
            abort();
    }
    memcpy(tar->data + tar->size, bytes, size);
    tar->size += size;
}

void tarball_seal(struct tarball *tar, size_t at)
{
    uint8_t *block = tar->data + at;
    unsigned sum = 0;

    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += block[i];
    snprintf((char *)block + 148, 8, "%06o", sum & 0777777);
}

/* 11 octal digits. */
static void number(uint8_t *field, uint64_t value)
{
    for (unsigned i = 0; i < 11; i++)
        field[10 - i] = (uint8_t)('0' + (value >> 3 * i & 7));
}

size_t tarball_header(struct tarball *tar, char type, const char *name, const char *target,
                      uint64_t size)
{
    uint8_t block[BLOCK] = {0};
    size_t at = tar->size;

    memcpy(block, name, strnlen(name, 100));
    memcpy(block + 100, "0000644", 8);
    memcpy(block + 108, "0000000", 8);
    memcpy(block + 116, "0000000", 8);
    number(block + 124, size);
    number(block + 136, TARBALL_MTIME);
    block[156] = (uint8_t)type;
    memcpy(block + 157, target, strnlen(target, 100));
    memcpy(block + 257,
           "ustar\0"
           "00",
           8);
    tarball_raw(tar, block, BLOCK);
    tarball_seal(tar, at);
    return at;
}

void tarball_payload(struct tarball *tar, const void *bytes, size_t size)
{
    static const uint8_t zeros[BLOCK];

    tarball_raw(tar, bytes, size);
    tarball_raw(tar, zeros, -size & (BLOCK - 1));
}

void tarball_file(struct tarball *tar, const char *name, const void *bytes, size_t size)
{
    tarball_header(tar, '0', name, "", size);
    tarball_payload(tar, bytes, size);
}

void tarball_text(struct tarball *tar, const char *name, const char *text)
{
    tarball_file(tar, name, text, strlen(text));
}

void tarball_directory(struct tarball *tar, const char *name)
{
    tarball_header(tar, '5', name, "", 0);
}

void tarball_symlink(struct tarball *tar, const char *name, const char *target)
{
    tarball_header(tar, '2', name, target, 0);
}

void tarball_pax(struct tarball *tar, char type, const char *records)
{
    tarball_header(tar, type, "PaxHeaders.0/x", "", strlen(records));
    tarball_payload(tar, records, strlen(records));
}

void tarball_end(struct tarball *tar)
{
    static const uint8_t zeros[2 * BLOCK];

    tarball_raw(tar, zeros, sizeof zeros);
}

void noise(uint8_t *bytes, size_t size, uint64_t seed)
{
    uint64_t x = seed * 0x9e3779b97f4a7c15 + 1;

    for (size_t i = 0; i < size; i += sizeof x) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(bytes + i, &x, size - i < sizeof x ? size - i : sizeof x);
    }
}
