/*
 * tarball - a tar stream in memory, written entry by entry, for tests.
 *
 * Out of memory ends the test program. Fixed times and owners: equal calls give equal bytes.
 */
#ifndef S3DOCK_TESTS_KIT_TARBALL_H
#define S3DOCK_TESTS_KIT_TARBALL_H

#include <stddef.h>
#include <stdint.h>

#define TARBALL_MTIME 1700000000

struct tarball {
    uint8_t *data;
    size_t size, room;
};

void tarball_init(struct tarball *tar);
void tarball_finish(struct tarball *tar);

/* Adds a header block of this type ('0', '1', '2', '5', 'x', 'L', ...) without payload. Returns its
 * offset. After a change of the block, call tarball_seal. */
size_t tarball_header(struct tarball *tar, char type, const char *name, const char *target,
                      uint64_t size);
/* Corrects the checksum of the header block at this offset. */
void tarball_seal(struct tarball *tar, size_t at);
/* Adds a payload and its padding. */
void tarball_payload(struct tarball *tar, const void *bytes, size_t size);
/* Adds bytes without padding. */
void tarball_raw(struct tarball *tar, const void *bytes, size_t size);
void tarball_file(struct tarball *tar, const char *name, const void *bytes, size_t size);
void tarball_text(struct tarball *tar, const char *name, const char *text);
void tarball_directory(struct tarball *tar, const char *name);
void tarball_symlink(struct tarball *tar, const char *name, const char *target);
/* Adds an extended header of type 'x' or 'g' with these records. */
void tarball_pax(struct tarball *tar, char type, const char *records);
/* Adds two zero blocks. */
void tarball_end(struct tarball *tar);

/* Generates deterministic, incompressible bytes from a seed. */
void noise(uint8_t *bytes, size_t size, uint64_t seed);

#endif
