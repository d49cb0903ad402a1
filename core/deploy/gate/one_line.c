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
