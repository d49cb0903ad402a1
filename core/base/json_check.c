/*
 * The grammar of RFC 8259, one function a rule. Each function consumes its rule from the front of
 * the text, or records the error and returns false; callers then stop. Nesting is counted in one
 * bit a level instead of calls, because Go's reader accepts 10,000 levels.
 */
#include "base/json_check.h"

#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/utf8.h"

/* From a closing bracket, jsmn searches the opening one through all brackets that closed before it
 * in the same run. One run of the greatest depth is allowed, and many short ones. */
#define STEPS_MAX (JSON_DEPTH_MAX * JSON_DEPTH_MAX)

struct grammar {
    const uint8_t *at, *end;
    const struct json_limits *limits;
    unsigned nodes, steps;
    const char *wrong; /* the error at `at` */
    unsigned depth;
    uint8_t objects[JSON_DEPTH_MAX / 8]; /* a bit a level: 1 an object, 0 an array */
};

static bool refuse(struct grammar *g, const char *wrong)
{
    g->wrong = wrong;
    return false;
}

static int peek(const struct grammar *g)
{
    return g->at < g->end ? *g->at : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static void skip_space(struct grammar *g)
{
    while (peek(g) == ' ' || peek(g) == '\t' || peek(g) == '\n' || peek(g) == '\r')
        g->at++;
}

static bool count_node(struct grammar *g)
{
    return ++g->nodes <= g->limits->nodes || refuse(g, "too many values");
}

static bool check_word(struct grammar *g, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(g->end - g->at) < size || memcmp(g->at, word, size) != 0)
        return refuse(g, "not a value");
    g->at += size;
    return true;
}

static bool check_digits(struct grammar *g)
{
    if (!is_digit(peek(g)))
        return refuse(g, "not a number");
    while (is_digit(peek(g)))
        g->at++;
    return true;
}

static bool check_number(struct grammar *g)
{
    if (peek(g) == '-')
        g->at++;
    if (peek(g) == '0')
        g->at++;
    else if (!check_digits(g))
        return false;
    if (peek(g) == '.') {
        g->at++;
        if (!check_digits(g))
            return false;
    }
    if (peek(g) == 'e' || peek(g) == 'E') {
        g->at++;
        if (peek(g) == '+' || peek(g) == '-')
            g->at++;
        if (!check_digits(g))
            return false;
    }
    return true;
}

static bool check_escape(struct grammar *g)
{
    int c = peek(g);

    if (c != 'u') {
        if (c <= 0 || !strchr("\"\\/bfnrt", c))
            return refuse(g, "unknown escape");
        g->at++;
        return true;
    }
    g->at++;
    for (int i = 0; i < 4; i++, g->at++)
        if (hex_digit(peek(g)) < 0)
            return refuse(g, "not four hex digits");
    return true;
}

static bool check_string(struct grammar *g)
{
    g->at++;
    while (peek(g) != '"') {
        size_t length = utf8_length(view_of(g->at, (size_t)(g->end - g->at)));

        if (g->at == g->end)
            return refuse(g, "string without an end");
        if (*g->at < 0x20)
            return refuse(g, "control character in a string");
        if (length == 0 && !g->limits->as_go)
            return refuse(g, "not UTF-8");
        g->at += length ? length : 1;
        if (g->at[-1] == '\\' && !check_escape(g))
            return false;
    }
    g->at++;
    return true;
}

/* Consumes the name of a member and the colon behind it. */
static bool check_name(struct grammar *g)
{
    skip_space(g);
    if (peek(g) != '"')
        return refuse(g, "a member's name is missing");
    if (!count_node(g) || !check_string(g))
        return false;
    skip_space(g);
    if (peek(g) != ':')
        return refuse(g, "a colon is missing");
    g->at++;
    return true;
}

static bool check_scalar(struct grammar *g)
{
    switch (peek(g)) {
    case -1:
        return refuse(g, "unexpected end");
    case '"':
        return check_string(g);
    case 't':
        return check_word(g, "true");
    case 'f':
        return check_word(g, "false");
    case 'n':
        return check_word(g, "null");
    default:
        return is_digit(peek(g)) || peek(g) == '-' ? check_number(g) : refuse(g, "not a value");
    }
}

/* ---- nesting ---- */

static bool in_object(const struct grammar *g)
{
    return g->objects[(g->depth - 1) / 8] >> (g->depth - 1) % 8 & 1;
}

static int closing(const struct grammar *g)
{
    return in_object(g) ? '}' : ']';
}

/* Consumes an opening bracket, and the name of the first member of an object. Sets *empty if the
 * closing bracket follows. */
static bool enter(struct grammar *g, bool *empty)
{
    uint8_t bit = (uint8_t)(1u << g->depth % 8);

    if (g->depth == g->limits->depth || g->depth == JSON_DEPTH_MAX)
        return refuse(g, "nested too deeply");
    if (*g->at++ == '{')
        g->objects[g->depth / 8] |= bit;
    else
        g->objects[g->depth / 8] &= (uint8_t)~bit;
    g->depth++;
    skip_space(g);
    *empty = peek(g) == closing(g);
    return *empty || !in_object(g) || check_name(g);
}

/* Behind a value: consumes closing brackets, then the comma and the name before the next value. */
static bool leave(struct grammar *g)
{
    unsigned run = 0;

    for (skip_space(g); g->depth > 0 && peek(g) == closing(g); skip_space(g)) {
        g->at++;
        g->depth--;
        g->steps += ++run;
    }
    if (g->steps > STEPS_MAX)
        return refuse(g, "nested deeply too often");
    if (g->depth == 0)
        return true;
    if (peek(g) != ',')
        return refuse(g, peek(g) < 0 ? "unexpected end" : "a comma is missing");
    g->at++;
    return !in_object(g) || check_name(g);
}

/* Consumes a value with all nested values, and the white space around it. */
static bool check_value(struct grammar *g)
{
    do {
        bool empty = true;

        skip_space(g);
        if (!count_node(g))
            return false;
        if (peek(g) != '{' && peek(g) != '[') {
            if (!check_scalar(g))
                return false;
        } else if (!enter(g, &empty)) {
            return false;
        }
        if (empty && !leave(g))
            return false;
    } while (g->depth > 0);
    return true;
}

static bool is_gzip(struct view text)
{
    return text.size >= 2 && text.data[0] == 0x1f && text.data[1] == 0x8b;
}

static int refuse_gzip(const char *what, struct err *err)
{
    err_set(err, ERR_INTEGRITY, "document", "%s is packed with gzip, and not JSON", what);
    return err_hint(err, "a proxy may have packed the response: reach the server without it "
                         "(no_proxy), or switch its compression off; otherwise the document was "
                         "stored like this");
}

int json_check(struct view text, const struct json_limits *limits, const char *what,
               unsigned *nodes, struct err *err)
{
    struct grammar g = {.at = text.data, .end = text.data + text.size, .limits = limits};
    bool fine = check_value(&g);
    unsigned line = 1, column = 1;

    *nodes = g.nodes;
    if (fine && g.at < g.end)
        fine = refuse(&g, "more text after the document");
    if (fine)
        return 0;
    if (is_gzip(text))
        return refuse_gzip(what, err);
    for (const uint8_t *p = text.data; p < g.at; p++) {
        column = *p == '\n' ? 1 : column + ((*p & 0xc0) != 0x80);
        line += *p == '\n';
    }
    return err_set(err, ERR_INTEGRITY, "document", "%s is not valid JSON: %s (line %u, column %u)",
                   what, g.wrong, line, column);
}
