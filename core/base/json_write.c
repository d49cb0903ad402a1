/*
 * `filled[depth]` is true if that depth has a value already. It decides between a comma and a first
 * line when a value is written, and between "{}" and a line of its own when a bracket closes. Depth
 * 0 is the document itself.
 */
#include "base/json_write.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"

void jw_init(struct json_writer *w, struct text *out, bool compact)
{
    *w = (struct json_writer){.out = out, .compact = compact};
}

static void new_line(struct json_writer *w)
{
    if (w->compact)
        return;
    text_char(w->out, '\n');
    for (unsigned i = 0; i < w->depth; i++)
        text_str(w->out, "  ");
}

/* Adds an ASCII character that JSON forbids, or that Go escapes because of HTML. */
static void add_escaped(struct text *out, uint8_t c)
{
    static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";

    for (size_t i = 0; letters[i]; i += 2) {
        if (c == (uint8_t)letters[i]) {
            text_char(out, '\\');
            text_char(out, letters[i + 1]);
            return;
        }
    }
    text_printf(out, "\\u%04x", c);
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && !strchr("\"\\<>&", c);
}

/* Adds a code point as \uXXXX, or as a pair of them. */
static void add_point(struct text *out, uint32_t point)
{
    if (point >= 0x10000) {
        text_printf(out, "\\u%04x", 0xd800 + ((point - 0x10000) >> 10));
        point = 0xdc00 + ((point - 0x10000) & 0x3ff);
    }
    text_printf(out, "\\u%04x", point);
}

/* Invisible characters are escaped, because users print documents on terminals. */
static void add_quoted(struct text *out, struct view value)
{
    text_char(out, '"');
    while (value.size) {
        uint32_t point;
        size_t length = utf8_decode(value, &point);

        if (length == 0)
            text_str(out, "\\ufffd");
        else if (length == 1 && !is_plain(value.data[0]))
            add_escaped(out, value.data[0]);
        else if (!point_is_visible(point))
            add_point(out, point);
        else
            text_add(out, value.data, length);
        length = length ? length : 1;
        value = view_of(value.data + length, value.size - length);
    }
    text_char(out, '"');
}

/* Writes everything before a value: comma, line break, indentation, name. */
static void begin_value(struct json_writer *w, const char *name)
{
    if (w->filled[w->depth])
        text_char(w->out, ',');
    if (w->depth)
        new_line(w);
    w->filled[w->depth] = true;
    if (!name)
        return;
    add_quoted(w->out, view_str(name));
    text_str(w->out, w->compact ? ":" : ": ");
}

static void open_bracket(struct json_writer *w, const char *name, char bracket, char close)
{
    begin_value(w, name);
    assert(w->depth < JSON_WRITE_DEPTH);
    text_char(w->out, bracket);
    w->depth++;
    w->filled[w->depth] = false;
    w->close[w->depth] = close;
}

void jw_object(struct json_writer *w, const char *name)
{
    open_bracket(w, name, '{', '}');
}

void jw_array(struct json_writer *w, const char *name)
{
    open_bracket(w, name, '[', ']');
}

void jw_end(struct json_writer *w)
{
    char close = w->close[w->depth];
    bool filled = w->filled[w->depth];

    assert(w->depth > 0);
    w->depth--;
    if (filled)
        new_line(w);
    text_char(w->out, close);
}

void jw_string(struct json_writer *w, const char *name, const char *value)
{
    jw_string_view(w, name, view_str(value));
}

void jw_string_if(struct json_writer *w, const char *name, const char *value)
{
    if (value && *value)
        jw_string(w, name, value);
}

void jw_string_view(struct json_writer *w, const char *name, struct view value)
{
    begin_value(w, name);
    add_quoted(w->out, value);
}

void jw_int(struct json_writer *w, const char *name, int64_t value)
{
    begin_value(w, name);
    text_printf(w->out, "%lld", (long long)value);
}

void jw_double(struct json_writer *w, const char *name, double value)
{
    long long thousandths;

    begin_value(w, name);
    if (!isfinite(value) || fabs(value) > 9e15) {
        text_str(w->out, "null");
        return;
    }
    /* printf would write the decimal point of the user's language. */
    thousandths = (long long)(fabs(value) * 1000 + 0.5);
    text_printf(w->out, "%s%lld.%03lld", value < 0 && thousandths ? "-" : "", thousandths / 1000,
                thousandths % 1000);
}

void jw_bool(struct json_writer *w, const char *name, bool value)
{
    begin_value(w, name);
    text_str(w->out, value ? "true" : "false");
}

void jw_raw(struct json_writer *w, const char *name, struct view value)
{
    begin_value(w, name);
    text_add(w->out, value.data, value.size);
}
