/* The numbers are composed byte by byte, which is correct at any alignment and on any machine. */
#include "base/le.h"

#include <string.h>

#include "base/bytes.h"

uint64_t le_get(const uint8_t *from, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << 8 * i;
    return value;
}

void le_put(uint8_t *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

void le_add(struct text *to, uint64_t value, size_t bytes)
{
    uint8_t number[sizeof value];

    le_put(number, value, bytes);
    text_add(to, number, bytes);
}

void le_add_string(struct text *to, const char *string)
{
    size_t size = strlen(string);

    le_add(to, size, 2);
    text_add(to, string, size);
}

const uint8_t *le_read_bytes(struct le_reader *reader, size_t size)
{
    const uint8_t *bytes = reader->left.data;

    if (reader->failed || reader->left.size < size) {
        reader->failed = true;
        return NULL;
    }
    reader->left = view_of(bytes + size, reader->left.size - size);
    return bytes;
}

uint64_t le_read(struct le_reader *reader, size_t bytes)
{
    const uint8_t *number = le_read_bytes(reader, bytes);

    return number ? le_get(number, bytes) : 0;
}

void le_read_string(struct le_reader *reader, char *out, size_t size)
{
    size_t length = (size_t)le_read(reader, 2);
    const uint8_t *bytes = le_read_bytes(reader, length);

    out[0] = '\0';
    if (!bytes || length >= size || memchr(bytes, '\0', length)) {
        reader->failed = true;
        return;
    }
    memcpy(out, bytes, length);
    out[length] = '\0';
}
