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

size_t utf8_decode(struct view bytes, uint32_t *point)
{
    const uint8_t *p = bytes.data;
    size_t length;

    *point = 0;
    if (bytes.size == 0)
        return 0;
    *point = p[0];
    if (p[0] < 0x80)
        return 1;
    length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || bytes.size < length)
        return 0;
    *point &= 0x7fU >> length;
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *point = *point << 6 | (p[i] & 0x3f);
    }
    if (length == 3 && (*point < 0x800 || (*point >= 0xd800 && *point < 0xe000)))
        return 0;
    if (length == 4 && (*point < 0x10000 || *point > 0x10ffff))
        return 0;
    return length;
}

size_t utf8_length(struct view bytes)
{
    uint32_t point;

    return utf8_decode(bytes, &point);
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

struct range {
    uint32_t first, last;
};

static bool is_in(uint32_t point, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count && point >= ranges[i].first; i++)
        if (point <= ranges[i].last)
            return true;
    return false;
}

bool point_is_visible(uint32_t point)
{
    static const struct range hidden[] = {
        {0x0, 0x1f},        {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},
        {0x61c, 0x61c},     {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
        {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };

    if (point >= 0x20 && point < 0x7f)
        return true;
    return !is_in(point, hidden, ARRAY_SIZE(hidden));
}

/* Whether a character moves the cursor or turns the writing direction. */
static bool is_control(uint32_t point)
{
    static const struct range controls[] = {
        {0x0, 0x1f}, {0x7f, 0x9f}, {0x202a, 0x202e}, {0x2066, 0x2069}};

    return is_in(point, controls, ARRAY_SIZE(controls));
}

/* Returns how many bytes of the text belong together (0 at its end); *length is 0 when they are no
 * character. */
static size_t next_char(const char *text, size_t *length, uint32_t *point)
{
    struct view rest = view_of(text, strnlen(text, 4)); /* no character is longer */

    *length = utf8_decode(rest, point);
    return *length == 0 && rest.size ? 1 : *length;
}

void str_printable(char *text)
{
    size_t step, length;
    uint32_t point;

    for (; (step = next_char(text, &length, &point)); text += step)
        if (length == 0 || !point_is_visible(point))
            memset(text, '?', step);
}

bool str_is_printable(const char *text)
{
    size_t step, length;
    uint32_t point;

    for (; (step = next_char(text, &length, &point)); text += step)
        if (length == 0 || is_control(point))
            return false;
    return true;
}

void free_ptr(void *pp)
{
    free(*(void **)pp);
}
