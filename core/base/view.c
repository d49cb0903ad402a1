/* Comparisons do not touch the data of an empty view, which may be NULL. */
#include "base/view.h"

#include <string.h>

struct view view_of(const void *data, size_t size)
{
    return (struct view){.data = data, .size = size};
}

struct view view_str(const char *text)
{
    return view_of(text, text ? strlen(text) : 0);
}

bool view_equals(struct view a, struct view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool view_equals_str(struct view a, const char *text)
{
    return view_equals(a, view_str(text));
}

const uint8_t *view_find_str(struct view in, const char *part)
{
    size_t size = strlen(part);

    for (; in.size >= size; in.data++, in.size--)
        if (memcmp(in.data, part, size) == 0)
            return in.data;
    return NULL;
}
