#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define SMALLEST_ROOM 64 /* one allocation for a typical name */

static char nothing[1] = "";

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

void text_init(struct text *text, size_t max)
{
    *text = (struct text){.data = nothing, .max = max};
}

void text_finish(struct text *text)
{
    if (text->room)
        free(text->data);
    text_init(text, text->max);
}

void text_clear(struct text *text)
{
    text->size = 0;
    text->failed = false;
    if (text->room)
        text->data[0] = '\0';
}

static void text_fail(struct text *text)
{
    text_finish(text);
    text->failed = true;
}

/* Makes room for `more` bytes and the NUL. */
static bool text_reserve(struct text *text, size_t more)
{
    size_t need, room;
    char *data;

    if (text->failed)
        return false;
    if (more > text->max || text->size > text->max - more || text->size + more == SIZE_MAX) {
        text_fail(text);
        return false;
    }
    need = text->size + more + 1;
    if (need <= text->room)
        return true;
    room = text->room > SIZE_MAX / 2 ? need : 2 * text->room;
    room = room < need ? need : room;
    room = room < SMALLEST_ROOM ? SMALLEST_ROOM : room;
    if (room > text->max && need <= text->max)
        room = text->max + 1; /* the maximum and the NUL: more is never asked for */
    data = realloc(text->room ? text->data : NULL, room);
    if (!data) {
        text_fail(text);
        return false;
    }
    text->data = data;
    text->room = room;
    return true;
}

void text_add(struct text *text, const void *data, size_t size)
{
    if (!text_reserve(text, size))
        return;
    if (size)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void text_str(struct text *text, const char *str)
{
    text_add(text, str, strlen(str));
}

void text_char(struct text *text, char c)
{
    text_add(text, &c, 1);
}

void text_cut(struct text *text, size_t size)
{
    if (size >= text->size)
        return;
    text->size = size;
    text->data[size] = '\0';
}

void text_printf(struct text *text, const char *fmt, ...)
{
    va_list args, again;
    int need;

    va_start(args, fmt);
    va_copy(again, args);
    need = vsnprintf(NULL, 0, fmt, args);
    if (need < 0) {
        text_fail(text);
    } else if (text_reserve(text, (size_t)need)) {
        vsnprintf(text->data + text->size, (size_t)need + 1, fmt, again);
        text->size += (size_t)need;
    }
    va_end(again);
    va_end(args);
}

int text_check(const struct text *text, const char *what, struct err *err)
{
    if (!text->failed)
        return 0;
    return err_set(err, ERR_LOCAL, "too_large", "%s does not fit in %zu bytes", what, text->max);
}

char *text_steal(struct text *text)
{
    char *data;

    if (text->failed)
        return NULL;
    data = text->room ? text->data : strdup("");
    text->room = 0;
    text_init(text, text->max);
    return data;
}

struct view text_view(const struct text *text)
{
    return view_of(text->data, text->size);
}

bool str_copy(char *to, size_t size, const char *from)
{
    size_t need = strlen(from);

    if (need >= size) {
        to[0] = '\0';
        return false;
    }
    memcpy(to, from, need + 1);
    return true;
}

size_t utf8_length(struct view bytes)
{
    const uint8_t *p = bytes.data;
    size_t length;
    uint32_t point;

    if (bytes.size == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || bytes.size < length)
        return 0;
    point = p[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (p[i] & 0x3f);
    }
    if (length == 3 && (point < 0x800 || (point >= 0xd800 && point < 0xe000)))
        return 0;
    if (length == 4 && (point < 0x10000 || point > 0x10ffff))
        return 0;
    return length;
}

size_t utf8_encode(uint32_t point, char out[4])
{
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        point = 0xfffd;
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* U+202A..U+202E, U+2066..U+2069 (e2 80 aa .. e2 80 ae, e2 81 a6 .. e2 81 a9). */
static bool turns_direction(const uint8_t *p, size_t length)
{
    return length == 3 && p[0] == 0xe2 &&
           ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
            (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

/* How many bytes of the text belong together (0 at its end), and whether a terminal may see them.
 */
static size_t next_char(const char *text, bool *fine)
{
    struct view rest = view_of(text, strnlen(text, 4)); /* no character is longer */
    size_t length = utf8_length(rest);
    const uint8_t *p = rest.data;

    *fine = length != 0 && !(length == 1 && (p[0] < 0x20 || p[0] == 0x7f)) &&
            !(length == 2 && p[0] == 0xc2 && p[1] < 0xa0) && !turns_direction(p, length);
    return length == 0 && rest.size ? 1 : length;
}

void str_printable(char *text)
{
    size_t length;
    bool fine;

    for (; (length = next_char(text, &fine)); text += length)
        if (!fine)
            memset(text, '?', length);
}

bool str_is_printable(const char *text)
{
    size_t length;
    bool fine;

    for (; (length = next_char(text, &fine)); text += length)
        if (!fine)
            return false;
    return true;
}

void free_ptr(void *pp)
{
    free(*(void **)pp);
}
