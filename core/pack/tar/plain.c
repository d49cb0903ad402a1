/*
 * The readers differ in many places. The rules accept only input that all of them read alike.
 * Examples:
 *
 *   magic      Go reads 131 bytes of prefix where the block ends in "tar\0", others 155; Python
 *              reads a prefix whatever the magic is; GNU tar none for another magic
 *   numbers    Python's int() takes signs and underscores, GNU tar refuses blanks, Go skips leading
 *              NULs
 *   size       of a link or a directory: skipped by GNU tar, ignored by Go
 *   name       "a/" of a regular file is a directory to GNU tar and bsdtar
 *   g          applied to all entries by Python and GNU tar; an entry of its own to Go, which then
 *              drops a pending L
 *   L with x   the last read wins in Go, the first in Python
 */
#include "pack/tar/plain.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/utf8.h"
#include "pack/tar/header.h"

#define PART_MAX        255  /* bytes of one path component in a file system */
#define NAME_LENGTH_MAX 1000 /* bytes of a name; a daemon prepends a folder */

static int bad(struct err *err, const char *what)
{
    err_set(err, ERR_INTEGRITY, "tar", "tar readers interpret this archive in different ways: %s",
            what);
    return err_hint(err, "write the archive again with docker load and docker save");
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* ---- the block ---- */

/* Accepts spaces, octal digits, then spaces and NULs; or only NULs. */
static bool is_octal(const uint8_t *field, size_t size)
{
    size_t at = 0, digits;

    if (is_zero(field, size))
        return true;
    while (at < size && field[at] == ' ')
        at++;
    for (digits = at; at < size && field[at] >= '0' && field[at] <= '7'; at++)
        ;
    if (at == digits)
        return false;
    while (at < size && (field[at] == ' ' || field[at] == '\0'))
        at++;
    return at == size;
}

/* Accepts octal, and base 256 of a number that is not negative. */
static bool is_number(const uint8_t *field, size_t size)
{
    uint64_t value;

    return field[0] & 0x80 ? tar_number(field, size, &value) == 0 : is_octal(field, size);
}

/* Accepts a time. A time before 1970 is a negative number of 64 bits. */
static bool is_time(const uint8_t *field, size_t size)
{
    size_t at = 0;

    if (field[0] != 0xff)
        return is_number(field, size);
    while (at < size - sizeof(uint64_t) && field[at] == 0xff)
        at++;
    return at == size - sizeof(uint64_t) && field[at] & 0x80;
}

static bool is_text(const uint8_t *field, size_t size)
{
    size_t length = strnlen((const char *)field, size);

    return is_zero(field + length, size - length);
}

/* Checks the dialect, and that the bytes that it does not use are empty. */
static int check_dialect(const uint8_t *block, struct err *err)
{
    const uint8_t *magic = block + MAGIC_AT;
    size_t unused;

    if (memcmp(magic,
               "ustar\0"
               "00",
               MAGIC_SIZE) == 0)
        unused = PREFIX_AT + PREFIX_SIZE;
    else if (tar_is_gnu(block))
        unused = PREFIX_AT;
    else if (is_zero(magic, MAGIC_SIZE))
        unused = MAGIC_AT;
    else
        return bad(err, "a header of an unknown dialect");
    if (!is_zero(block + unused, TAR_BLOCK - unused))
        return bad(err, "a header with bytes in a field that its dialect does not have");
    return 0;
}

int tar_plain_block(const uint8_t *block, struct err *err)
{
    if (check_dialect(block, err))
        return ERR_FAIL;
    if (!is_octal(block + MODE_AT, SHORT_NUMBER_SIZE) ||
        !is_number(block + UID_AT, SHORT_NUMBER_SIZE) ||
        !is_number(block + GID_AT, SHORT_NUMBER_SIZE) || !is_number(block + SIZE_AT, SIZE_SIZE) ||
        !is_time(block + MTIME_AT, MTIME_SIZE) || !is_octal(block + CHECKSUM_AT, CHECKSUM_SIZE) ||
        !is_octal(block + DEVMAJOR_AT, SHORT_NUMBER_SIZE) ||
        !is_octal(block + DEVMINOR_AT, SHORT_NUMBER_SIZE))
        return bad(err, "a header with an invalid number");
    if (!is_text(block + NAME_AT, NAME_SIZE) || !is_text(block + TARGET_AT, TARGET_SIZE) ||
        (!tar_is_gnu(block) && !is_text(block + PREFIX_AT, PREFIX_SIZE)))
        return bad(err, "a header with bytes after the end of a name");
    if (block[NAME_AT] == '\0' && block[PREFIX_AT] != '\0')
        return bad(err, "a name that is a prefix only");
    return 0;
}

int tar_plain_meta(const uint8_t *block, uint64_t size, const char *before, struct err *err)
{
    char type = (char)block[TYPE_AT];

    if (type == 'g')
        return bad(err, "a global PAX header");
    if (is_zero(block + MAGIC_AT, MAGIC_SIZE))
        return bad(err, "an extended header in a dialect without extended headers");
    if (strchr(before, type) || (before[0] != '\0' && (type == 'x' || strchr(before, 'x'))))
        return bad(err, "several name headers for one entry");
    if (size < 2)
        return bad(err, "an extended header without content");
    return 0;
}

/* ---- the entry ---- */

/* Returns the size of one character of a name: UTF-8, no control character, no foreign
 * separator. */
static size_t plain_character(const char *at)
{
    const uint8_t *byte = (const uint8_t *)at;
    size_t length = utf8_length(view_of(byte, strnlen(at, 4)));

    if (*byte < 0x20 || *byte == 0x7f || *byte == '\\')
        return 0;
    return *byte == 0xc2 && byte[1] < 0xa0 ? 0 : length;
}

static bool has_plain_characters(const char *text)
{
    while (*text != '\0') {
        size_t length = plain_character(text);

        if (length == 0)
            return false;
        text += length;
    }
    return true;
}

/* Accepts "a", "a/b", "./a"; for a directory also "a/", "./" and ".". */
static bool is_plain_path(const char *path, bool directory)
{
    if (strcmp(path, ".") == 0 || strcmp(path, "./") == 0)
        return directory;
    if (strncmp(path, "./", 2) == 0)
        path += 2;
    for (;;) {
        size_t part = strcspn(path, "/");

        if (part == 0 || part > PART_MAX || (part == 1 && path[0] == '.') ||
            (part == 2 && memcmp(path, "..", 2) == 0))
            return false;
        path += part;
        if (*path == '\0')
            return true;
        path++;
        if (*path == '\0')
            return directory;
    }
}

static int check_type(uint8_t type, struct err *err)
{
    switch (type) {
    case '\0':
    case '0':
    case '2':
    case '5':
        return 0;
    case '1':
        return bad(err, "a hard link, which containerd's store does not read");
    case 'S':
        return bad(err, "a sparse file");
    case 'M':
        return bad(err, "a file that begins on another volume");
    case 'V':
        return bad(err, "the label of a volume (tar --label)");
    default:
        return bad(err, "an entry that is not a file, folder or symbolic link");
    }
}

int tar_plain_entry(const struct tar_entry *entry, uint8_t type, uint64_t stated, struct err *err)
{
    bool link = entry->type == TAR_SYMLINK;

    if (check_type(type, err))
        return ERR_FAIL;
    if (stated > 0 && entry->type != TAR_FILE)
        return bad(err, "a folder or link with a size");
    if (strlen(entry->name) > NAME_LENGTH_MAX || strlen(entry->target) > NAME_LENGTH_MAX)
        return bad(err, "a name that is too long for a file system");
    if (!has_plain_characters(entry->name) || !has_plain_characters(entry->target))
        return bad(err, "a name with control characters, backslashes or invalid UTF-8");
    if (!is_plain_path(entry->name, type == '5'))
        return bad(err, "a name that is empty, absolute or contains ..");
    if (link != (entry->target[0] != '\0'))
        return bad(err,
                   link ? "a link without a target" : "a target of an entry that is not a link");
    return 0;
}
