/*
 * One pass over the text, token by token. Each kind of token has one function that reads it in
 * JSON5 and writes it in JSON. Nesting is not tracked: brackets, commas and colons are copied, and
 * the reader of the result checks their order. Line breaks are copied too, so that a line number in
 * an error of that reader is a line number in the file.
 *
 * Two things are more generous than JSON5, because files of the original's dialect have them: any
 * number of commas before a closing bracket, and line breaks inside strings. Names without quotes
 * may contain '-' and '.'.
 */
#include "base/json5.h"

#include <stdbool.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"

struct json5 {
    const uint8_t *at, *end;
    const uint8_t *start;
    struct text *out;
    size_t out_start; /* size of `out` before the conversion */
    unsigned owed;    /* line breaks inside a string, to be written after it */
    struct err *err;
};

static int refuse_at(const struct json5 *j, const uint8_t *where, const char *what)
{
    unsigned line = 1, column = 1;

    for (const uint8_t *p = j->start; p < where; p++) {
        column = *p == '\n' ? 1 : column + ((*p & 0xc0) != 0x80);
        line += *p == '\n';
    }
    return err_set(j->err, ERR_USAGE, CODE_CONFIG, "line %u, column %u: %s", line, column, what);
}

static int refuse(const struct json5 *j, const char *what)
{
    return refuse_at(j, j->at, what);
}

static size_t left(const struct json5 *j)
{
    return (size_t)(j->end - j->at);
}

static int peek(const struct json5 *j, size_t ahead)
{
    return ahead < left(j) ? j->at[ahead] : -1;
}

static bool starts(const struct json5 *j, const char *text)
{
    size_t size = strlen(text);

    return left(j) >= size && memcmp(j->at, text, size) == 0;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_start(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c >= 0x80;
}

static bool is_name_part(int c)
{
    return is_name_start(c) || is_digit(c) || c == '-' || c == '.';
}

/* ---- white space and comments ---- */

/* Returns the length of the white space character at the front, 0 if there is none. Line breaks do
 * not count. Beyond ASCII: no-break space, byte order mark, U+2028/9, and Unicode's space
 * separators. */
static size_t space_length(const struct json5 *j)
{
    static const char *const wide[] = {
        "\xc2\xa0",     "\xef\xbb\xbf", "\xe1\x9a\x80", "\xe2\x80\xa8",
        "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
    };
    int c = peek(j, 0);

    if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f')
        return 1;
    if (starts(j, "\xe2\x80") && peek(j, 2) >= 0x80 && peek(j, 2) <= 0x8a)
        return 3; /* U+2000 to U+200A */
    for (size_t i = 0; i < ARRAY_SIZE(wide); i++)
        if (starts(j, wide[i]))
            return strlen(wide[i]);
    return 0;
}

static void skip_line_comment(struct json5 *j)
{
    while (j->at < j->end && *j->at != '\n')
        j->at++;
}

static int skip_block_comment(struct json5 *j)
{
    const uint8_t *start = j->at;

    for (j->at += 2; !starts(j, "*/"); j->at++) {
        if (j->at == j->end)
            return refuse_at(j, start, "this comment has no end");
        if (*j->at == '\n')
            text_char(j->out, '\n');
    }
    j->at += 2;
    return 0;
}

/* Steps over one white space character or one comment and writes a space or a line break, so that
 * tokens stay separate. Returns 1, or 0 if there is neither. */
static int skip_space(struct json5 *j)
{
    size_t space = space_length(j);

    if (peek(j, 0) == '\n') {
        text_char(j->out, '\n');
        j->at++;
        return 1;
    }
    if (!space && !starts(j, "//") && !starts(j, "/*"))
        return 0;
    text_char(j->out, ' ');
    if (space)
        j->at += space;
    else if (starts(j, "//"))
        skip_line_comment(j);
    else if (skip_block_comment(j) < 0)
        return ERR_FAIL;
    return 1;
}

static int skip_gap(struct json5 *j)
{
    int rc;

    do
        rc = skip_space(j);
    while (rc > 0);
    return rc;
}

/* ---- strings ---- */

static void add_unit(struct json5 *j, unsigned unit)
{
    text_printf(j->out, "\\u%04x", unit);
}

/* Adds \x41 or \u0041: `digits` hex digits at the front. */
static int add_hex_escape(struct json5 *j, int digits)
{
    unsigned unit = 0;

    for (int i = 0; i < digits; i++, j->at++) {
        int value = hex_digit(peek(j, 0));

        if (value < 0)
            return refuse(j, "a hex digit is missing");
        unit = unit << 4 | (unsigned)value;
    }
    add_unit(j, unit);
    return 0;
}

/* Steps over a line break inside a string and returns its length; 0 if there is none. */
static size_t skip_break(struct json5 *j)
{
    size_t length = 0;

    if (starts(j, "\r\n"))
        length = 2;
    else if (peek(j, 0) == '\n' || peek(j, 0) == '\r')
        length = 1;
    else if (starts(j, "\xe2\x80\xa8") || starts(j, "\xe2\x80\xa9"))
        length = 3;
    j->at += length;
    if (length && j->at[-1] == '\n')
        j->owed++;
    return length;
}

static int add_escape(struct json5 *j)
{
    int c;

    j->at++;
    if (skip_break(j))
        return 0;
    c = peek(j, 0);
    if (c < 0)
        return 0; /* add_string reports the missing end */
    if (c == '0' && is_digit(peek(j, 1)))
        return refuse(j, "octal escapes are not supported");
    if (c >= '1' && c <= '9')
        return refuse(j, "unknown escape");
    j->at++;
    switch (c) {
    case 'x':
        return add_hex_escape(j, 2);
    case 'u':
        return add_hex_escape(j, 4);
    case '0':
        add_unit(j, 0);
        return 0;
    case 'v':
        add_unit(j, '\v');
        return 0;
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
    case '"':
    case '\\':
        text_char(j->out, '\\');
        break;
    default: /* the backslash before any other character is dropped */
        if (c < 0x20) {
            add_unit(j, (unsigned)c);
            return 0;
        }
    }
    text_char(j->out, (char)c);
    return 0;
}

static int add_string(struct json5 *j)
{
    const uint8_t *start = j->at;
    uint8_t quote = *j->at++;

    text_char(j->out, '"');
    while (peek(j, 0) != quote) {
        int c = peek(j, 0);

        if (c < 0)
            return refuse_at(j, start, "this string has no end");
        if (c == '\\') {
            if (add_escape(j) < 0)
                return ERR_FAIL;
            continue;
        }
        j->at++;
        j->owed += c == '\n';
        if (c < 0x20)
            add_unit(j, (unsigned)c);
        else if (c == '"')
            text_str(j->out, "\\\"");
        else
            text_char(j->out, (char)c);
    }
    j->at++;
    text_char(j->out, '"');
    for (; j->owed; j->owed--)
        text_char(j->out, '\n');
    return 0;
}

/* ---- numbers ---- */

static void add_digits(struct json5 *j)
{
    while (is_digit(peek(j, 0)))
        text_char(j->out, (char)*j->at++);
}

static int add_hex_number(struct json5 *j)
{
    const uint8_t *start = j->at;
    uint64_t value = 0;

    j->at += 2;
    if (hex_digit(peek(j, 0)) < 0)
        return refuse_at(j, start, "not a number");
    for (; hex_digit(peek(j, 0)) >= 0; j->at++) {
        if (value >> 60)
            return refuse_at(j, start, "this number is too large");
        value = value << 4 | (uint64_t)hex_digit(peek(j, 0));
    }
    text_printf(j->out, "%llu", (unsigned long long)value);
    return 0;
}

static int add_number(struct json5 *j)
{
    const uint8_t *start = j->at;

    if (peek(j, 0) == '-')
        text_char(j->out, '-');
    if (peek(j, 0) == '-' || peek(j, 0) == '+')
        j->at++;
    if (starts(j, "Infinity") || starts(j, "NaN"))
        return refuse_at(j, start, "Infinity and NaN are not supported");
    if (starts(j, "0x") || starts(j, "0X"))
        return add_hex_number(j);
    if (!is_digit(peek(j, 0)) && !(peek(j, 0) == '.' && is_digit(peek(j, 1))))
        return refuse_at(j, start, "not a number");
    if (peek(j, 0) == '.')
        text_char(j->out, '0');
    add_digits(j);
    if (peek(j, 0) == '.') {
        if (is_digit(peek(j, 1)))
            text_char(j->out, '.');
        j->at++;
        add_digits(j);
    }
    if (peek(j, 0) == 'e' || peek(j, 0) == 'E') {
        text_char(j->out, 'e');
        j->at++;
        if (peek(j, 0) == '+' || peek(j, 0) == '-')
            text_char(j->out, (char)*j->at++);
        add_digits(j);
    }
    return 0;
}

/* ---- words ---- */

/* Steps over a name: UTF-8, and escapes of the form \u0041. */
static int skip_name(struct json5 *j)
{
    while ((is_name_part(peek(j, 0)) && !space_length(j)) || starts(j, "\\u")) {
        if (*j->at != '\\') {
            j->at++;
            continue;
        }
        for (size_t i = 2; i < 6; i++)
            if (hex_digit(peek(j, i)) < 0)
                return refuse(j, "a hex digit is missing");
        j->at += 6;
    }
    return 0;
}

/* Returns 1 if the next token is a colon, else 0. Consumes and writes nothing. */
static int peek_colon(const struct json5 *j)
{
    struct json5 ahead = *j;
    struct text nowhere;

    text_init(&nowhere, 0);
    ahead.out = &nowhere;
    return skip_gap(&ahead) < 0 ? ERR_FAIL : peek(&ahead, 0) == ':';
}

/* Adds the name of a member, in quotes, or one of JSON's three words. A colon follows a name. */
static int add_word(struct json5 *j)
{
    const uint8_t *start = j->at;
    struct view word;
    int colon;

    if (skip_name(j) < 0)
        return ERR_FAIL;
    word = view_of(start, (size_t)(j->at - start));
    colon = peek_colon(j);
    if (colon < 0)
        return ERR_FAIL;
    if (colon) {
        text_char(j->out, '"');
        text_add(j->out, word.data, word.size);
        text_char(j->out, '"');
        return 0;
    }
    if (view_equals_str(word, "Infinity") || view_equals_str(word, "NaN"))
        return refuse_at(j, start, "Infinity and NaN are not supported");
    if (!view_equals_str(word, "true") && !view_equals_str(word, "false") &&
        !view_equals_str(word, "null"))
        return refuse_at(j, start, "text needs quotes");
    text_add(j->out, word.data, word.size);
    return 0;
}

/* ---- documents ---- */

/* Replaces the commas at the end of the output by spaces. Keeps them directly behind an opening
 * bracket or a colon, so that the JSON reader refuses them. */
static void drop_commas(struct json5 *j)
{
    char *data = j->out->data;
    size_t at = j->out->size;

    while (at > j->out_start && strchr(", \n", data[at - 1]))
        at--;
    if (at <= j->out_start || strchr("[{:", data[at - 1]))
        return;
    for (; at < j->out->size; at++)
        if (data[at] == ',')
            data[at] = ' ';
}

static int add_token(struct json5 *j)
{
    int c = peek(j, 0);

    switch (c) {
    case '}':
    case ']':
        drop_commas(j);
        __attribute__((fallthrough));
    case '{':
    case '[':
    case ':':
    case ',':
        text_char(j->out, (char)c);
        j->at++;
        return 0;
    case '"':
    case '\'':
        return add_string(j);
    default:
        if (is_digit(c) || c == '+' || c == '-' || c == '.')
            return add_number(j);
        if (is_name_start(c) || starts(j, "\\u"))
            return add_word(j);
        return refuse(j, "unexpected character");
    }
}

/* Refuses the byte order marks of UTF-16, which editors of Windows write. */
static int check_encoding(const struct json5 *j)
{
    return starts(j, "\xff\xfe") || starts(j, "\xfe\xff")
               ? refuse(j, "the text is UTF-16: save it as UTF-8")
               : 0;
}

int json5_to_json(struct view json5, struct text *out, struct err *err)
{
    struct json5 j = {.at = json5.data,
                      .start = json5.data,
                      .end = json5.data + json5.size,
                      .out = out,
                      .out_start = out->size,
                      .err = err};
    int rc = check_encoding(&j);

    if (rc == 0)
        rc = skip_gap(&j);
    while (rc == 0 && j.at < j.end) {
        rc = add_token(&j);
        if (rc == 0)
            rc = skip_gap(&j);
    }
    if (rc < 0)
        return rc;
    if (out->failed)
        return err_set(err, ERR_USAGE, CODE_CONFIG, "larger than %zu bytes", out->max);
    return 0;
}
