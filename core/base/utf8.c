/*
 * The decoder accepts the shortest form of each code point only. The two tables list ranges of code
 * points in ascending order, from Unicode's properties Default_Ignorable_Code_Point, Bidi_Control
 * and General_Category (Cc, Zl, Zp).
 */
#include "base/utf8.h"

#include <string.h>

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
    return !is_in(point, hidden, sizeof hidden / sizeof *hidden);
}

/* Returns true if a character moves the cursor or changes the writing direction. */
static bool is_control(uint32_t point)
{
    static const struct range controls[] = {
        {0x0, 0x1f}, {0x7f, 0x9f}, {0x202a, 0x202e}, {0x2066, 0x2069}};

    return is_in(point, controls, sizeof controls / sizeof *controls);
}

/* Returns the size of the character at the front of `text` and stores it in *length. Invalid UTF-8:
 * returns 1 and stores 0. Returns 0 at the end of the text. */
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
