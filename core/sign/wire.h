/*
 * wire - the encoding of SSH (RFC 4251, section 5): big-endian numbers, and strings behind their
 * length in four bytes.
 */
#ifndef S3DOCK_SIGN_WIRE_H
#define S3DOCK_SIGN_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/view.h"

struct text;

/* Walks through bytes. A read beyond their end, or of a value with another form, sets `failed` and
 * returns 0 or an empty view. So a caller may check it once, after several reads. */
struct wire_reader {
    struct view left;
    bool failed;
};

struct wire_reader wire_of(struct view bytes);
/* Return the next bytes; a number of 1 to 8 bytes; a string without its length. */
struct view wire_bytes(struct wire_reader *reader, size_t size);
uint64_t wire_number(struct wire_reader *reader, size_t bytes);
struct view wire_string(struct wire_reader *reader);
/* Returns the bytes of a number above 0 of any length (mpint). Only the shortest form is
 * accepted: its first byte is 0 only if the next one has its highest bit set. */
struct view wire_positive(struct wire_reader *reader);
/* Returns true if everything was read, and nothing failed. */
bool wire_ended(const struct wire_reader *reader);

void wire_add_number(struct text *to, uint64_t value, size_t bytes);
void wire_add_string(struct text *to, struct view string);

#endif
