/*
 * Walks over the entries to the extensions, which follow them without an offset of their own. The
 * format is gitformat-index(5). Only lengths are read; each is compared with the bytes that remain.
 */
#include "build/git_index.h"

#include <string.h>

#define HEADER_SIZE    12 /* "DIRC", version, number of entries */
#define CHECKSUM_SIZE  20
#define FLAGS_AT       60 /* in an entry */
#define ENTRY_SIZE     62 /* the fixed part */
#define EXTENDED       0x4000u
#define NAME_MASK      0xfffu
#define EXTENSION_SIZE 8 /* name, length */

static uint32_t be_get(const uint8_t *from, size_t bytes)
{
    uint32_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | from[i];
    return value;
}

static struct view skip(struct view bytes, size_t size)
{
    return view_of(bytes.data + size, bytes.size - size);
}

/* Returns the length up to the NUL. Without a NUL, it is the length of all bytes. */
static size_t name_size(struct view bytes)
{
    const uint8_t *end = memchr(bytes.data, '\0', bytes.size);

    return end ? (size_t)(end - bytes.data) : bytes.size;
}

/* Returns the size of the first entry; 0: the bytes are none. */
static size_t entry_size(struct view left, uint32_t version)
{
    size_t fixed = ENTRY_SIZE, name;
    uint32_t flags;

    if (left.size < ENTRY_SIZE + 2)
        return 0;
    flags = be_get(left.data + FLAGS_AT, 2);
    if (version > 2 && flags & EXTENDED)
        fixed += 2;
    if (version == 4) { /* a number, then the end of the name; no padding */
        while (fixed < left.size && left.data[fixed] & 0x80)
            fixed++;
        fixed++;
        if (fixed >= left.size)
            return 0;
        return fixed + name_size(skip(left, fixed)) + 1;
    }
    name = flags & NAME_MASK;
    if (name == NAME_MASK)
        name = name_size(skip(left, fixed));
    return (fixed + name + 8) & ~(size_t)7;
}

/* Returns true if all entries were passed. */
static bool skip_entries(struct view *left, uint32_t version, uint32_t count)
{
    for (; count > 0; count--) {
        size_t size = entry_size(*left, version);

        if (size == 0 || size > left->size)
            return false;
        *left = skip(*left, size);
    }
    return true;
}

bool git_index_extension(struct view index, char name[GIT_INDEX_NAME])
{
    struct view left;
    uint32_t version, size;

    if (index.size < HEADER_SIZE + CHECKSUM_SIZE || memcmp(index.data, "DIRC", 4) != 0)
        return false;
    version = be_get(index.data + 4, 4);
    left = view_of(index.data + HEADER_SIZE, index.size - HEADER_SIZE - CHECKSUM_SIZE);
    if (version < 2 || version > 4 || !skip_entries(&left, version, be_get(index.data + 8, 4)))
        return false;
    while (left.size >= EXTENSION_SIZE) {
        /* A name that begins with a capital may be skipped. */
        if (left.data[0] >= 'a' && left.data[0] <= 'z') {
            memcpy(name, left.data, 4);
            name[4] = '\0';
            return true;
        }
        size = be_get(left.data + 4, 4);
        if (size > left.size - EXTENSION_SIZE)
            return false;
        left = skip(left, EXTENSION_SIZE + size);
    }
    return false;
}
