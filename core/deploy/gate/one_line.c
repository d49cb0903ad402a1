/*
 * Blanks are joined while the bytes are copied; str_printable replaces the rest.
 */
#include "deploy/gate/one_line.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void one_line(struct view bytes, char *out, size_t size)
{
    const char *data = (const char *)bytes.data;
    size_t used = 0;

    for (size_t i = 0; i < bytes.size && used + 1 < size; i++) {
        char c = is_blank(data[i]) ? ' ' : data[i] ? data[i] : '?';

        if (c != ' ' || (used > 0 && out[used - 1] != ' '))
            out[used++] = c;
    }
    if (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
    str_printable(out);
}

/* Returns where the last `size` bytes begin: at a line, if one begins there. */
static size_t find_end(const char *data, size_t count, size_t size)
{
    size_t start = count > size ? count - size : 0;
    const char *line = start > 0 ? memchr(data + start - 1, '\n', size) : NULL;

    if (line)
        return (size_t)(line + 1 - data);
    while (start > 0 && start < count && ((unsigned char)data[start] & 0xC0) == 0x80)
        start++; /* inside of a character */
    return start;
}

void one_line_end(struct view bytes, char *out, size_t size)
{
    const char *data = (const char *)bytes.data;
    size_t count = bytes.size, start;

    while (count > 0 && is_blank(data[count - 1]))
        count--;
    start = find_end(data, count, size - 1);
    one_line(view_of(data + start, count - start), out, size);
}
