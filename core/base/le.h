/*
 * le - little-endian numbers, and strings behind their length: read and written without alignment.
 */
#ifndef S3DOCK_BASE_LE_H
#define S3DOCK_BASE_LE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/view.h"

struct text;

/* Read and write a number of 1 to 8 bytes. */
uint64_t le_get(const uint8_t *from, size_t bytes);
void le_put(uint8_t *to, uint64_t value, size_t bytes);

/* Append a number; append the length of a string in 2 bytes, and the string without its NUL. */
void le_add(struct text *to, uint64_t value, size_t bytes);
void le_add_string(struct text *to, const char *string);

/* Walks through bytes. A read beyond their end returns zeroes and sets `failed`, so a caller may
 * check it once, after several reads. */
struct le_reader {
    struct view left;
    bool failed;
};

/* Returns the next `size` bytes, or NULL if fewer are left. */
const uint8_t *le_read_bytes(struct le_reader *reader, size_t size);
uint64_t le_read(struct le_reader *reader, size_t bytes);
/* Reads what le_add_string wrote. Sets `failed` and *out to "" if the string contains a NUL or does
 * not fit in `size` bytes. */
void le_read_string(struct le_reader *reader, char *out, size_t size);

#endif
