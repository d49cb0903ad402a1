/*
 * header - the fields of one header block: offsets, numbers, checksum, normalised form.
 *
 * For the files of the tar scanner only.
 */
#ifndef S3DOCK_PACK_TAR_HEADER_H
#define S3DOCK_PACK_TAR_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Offsets and sizes of the fields. */
enum {
    NAME_AT = 0,
    NAME_SIZE = 100,
    MODE_AT = 100,
    UID_AT = 108,
    GID_AT = 116,
    SIZE_AT = 124,
    SIZE_SIZE = 12,
    MTIME_AT = 136,
    MTIME_SIZE = 12,
    CHECKSUM_AT = 148,
    CHECKSUM_SIZE = 8,
    TYPE_AT = 156,
    TARGET_AT = 157,
    TARGET_SIZE = 100,
    MAGIC_AT = 257,
    MAGIC_SIZE = 8,
    DEVMAJOR_AT = 329,
    DEVMINOR_AT = 337,
    PREFIX_AT = 345, /* ustar: the beginning of the name; GNU: access and change time */
    PREFIX_SIZE = 155,
    GNU_TIMES_SIZE = 24,
    SHORT_NUMBER_SIZE = 8, /* of mode, uid, gid, device numbers */
};

/* Reads a number field: octal digits after spaces, up to a NUL or spaces; base 256 if the top
 * bit is set. Returns ERR_FAIL for a malformed or negative number. */
int tar_number(const uint8_t *field, size_t size, uint64_t *value);
/* Compares the checksum with the sum of unsigned characters, and of signed ones as in old
 * writers. */
bool tar_checksum_right(const uint8_t *block);
bool tar_is_gnu(const uint8_t *block);
bool tar_is_ustar(const uint8_t *block);
/* Writes the mtime, clears the access and change time of a GNU header, and updates the checksum. */
void tar_normalize_header(uint8_t *block, int64_t mtime);

#endif
