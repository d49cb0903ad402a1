/*
 * Fills a zeroed block with the fields of plain ustar.
 */
#include "pack/tar/write.h"

#include <stdio.h>
#include <string.h>

#include "pack/tar/entry.h"

#define OCTAL_LIMIT (UINT64_C(1) << 33) /* eleven octal digits */

static void put_octal(char *field, size_t digits, uint64_t value)
{
    field[digits] = '\0';
    while (digits--) {
        field[digits] = (char)('0' + (value & 7));
        value >>= 3;
    }
}

/* Twelve bytes: octal, or base-256 (GNU) beyond that. */
static void put_size(char *field, uint64_t size)
{
    if (size < OCTAL_LIMIT) {
        put_octal(field, 11, size);
        return;
    }
    memset(field, 0, 12);
    field[0] = (char)0x80;
    for (size_t i = 11; size; i--) {
        field[i] = (char)(size & 0xff);
        size >>= 8;
    }
}

void tar_write_header(struct text *out, const char *name, uint64_t size, int64_t mtime)
{
    static const char magic[8] = {'u', 's', 't', 'a', 'r', '\0', '0', '0'};
    char block[TAR_BLOCK] = {0};
    unsigned sum = 0;

    snprintf(block, 100, "%s", name);
    put_octal(block + 100, 7, 0644);
    put_octal(block + 108, 7, 0);
    put_octal(block + 116, 7, 0);
    put_size(block + 124, size);
    put_octal(block + 136, 11, mtime > 0 ? (uint64_t)mtime : 0);
    memset(block + 148, ' ', 8);
    block[156] = '0';
    memcpy(block + 257, magic, sizeof magic);
    for (size_t i = 0; i < sizeof block; i++)
        sum += (uint8_t)block[i];
    put_octal(block + 148, 6, sum);
    text_add(out, block, sizeof block);
}

void tar_write_file(struct text *out, const char *name, struct view content, int64_t mtime)
{
    static const char zeros[TAR_BLOCK];

    tar_write_header(out, name, content.size, mtime);
    text_add(out, content.data, content.size);
    text_add(out, zeros, (TAR_BLOCK - content.size % TAR_BLOCK) % TAR_BLOCK);
}
