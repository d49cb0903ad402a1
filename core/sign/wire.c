/* A reader never copies: its results are views of the bytes that it reads. */
#include "sign/wire.h"

#include "base/bytes.h"

#define LENGTH_SIZE 4

struct wire_reader wire_of(struct view bytes)
{
    return (struct wire_reader){.left = bytes};
}

struct view wire_bytes(struct wire_reader *reader, size_t size)
{
    struct view bytes = view_of(reader->left.data, size);

    if (reader->failed || reader->left.size < size) {
        reader->failed = true;
        return view_of(NULL, 0);
    }
    if (size > 0)
        reader->left = view_of(bytes.data + size, reader->left.size - size);
    return bytes;
}

uint64_t wire_number(struct wire_reader *reader, size_t bytes)
{
    struct view number = wire_bytes(reader, bytes);
    uint64_t value = 0;

    for (size_t i = 0; i < number.size; i++)
        value = value << 8 | number.data[i];
    return value;
}

struct view wire_string(struct wire_reader *reader)
{
    return wire_bytes(reader, (size_t)wire_number(reader, LENGTH_SIZE));
}

struct view wire_positive(struct wire_reader *reader)
{
    struct view number = wire_string(reader);
    bool good = number.size > 0 && number.data[0] < 0x80 &&
                (number.data[0] != 0 || (number.size > 1 && number.data[1] >= 0x80));

    if (good)
        return number;
    reader->failed = true;
    return view_of(NULL, 0);
}

bool wire_ended(const struct wire_reader *reader)
{
    return !reader->failed && reader->left.size == 0;
}

void wire_add_number(struct text *to, uint64_t value, size_t bytes)
{
    while (bytes-- > 0)
        text_char(to, (char)(value >> 8 * bytes));
}

void wire_add_string(struct text *to, struct view string)
{
    wire_add_number(to, string.size, LENGTH_SIZE);
    text_add(to, string.data, string.size);
}
