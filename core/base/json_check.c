#include "base/json_check.h"

#include <string.h>

#include "base/err.h"
#include "base/hash.h"

/*
 * RFC 8259, to the letter, by recursive descent: one function a rule. Each takes what it knows from
 * the front, or says what is wrong there and answers false, and then nobody goes on.
 */
struct grammar {
    const uint8_t *at, *end;
    const struct json_limits *limits;
    unsigned nodes;
    const char *wrong; /* what is wrong at `at` */
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
        if (length == 0)
            return refuse(g, "not UTF-8");
        g->at += length;
        if (g->at[-1] == '\\' && !check_escape(g))
            return false;
    }
    g->at++;
    return true;
}

static bool check_value(struct grammar *g, unsigned depth);

static bool check_member(struct grammar *g, unsigned depth)
{
    if (peek(g) != '"')
        return refuse(g, "a member's name is missing");
    if (!count_node(g) || !check_string(g))
        return false;
    skip_space(g);
    if (peek(g) != ':')
        return refuse(g, "a colon is missing");
    g->at++;
    return check_value(g, depth);
}

/* An object or an array. The recursion is as deep as the limits allow, and no deeper. */
static bool check_inside(struct grammar *g, unsigned depth)
{
    bool object = *g->at == '{';
    int close = object ? '}' : ']';

    if (depth == g->limits->depth)
        return refuse(g, "nested too deeply");
    g->at++;
    skip_space(g);
    if (peek(g) == close) {
        g->at++;
        return true;
    }
    for (;;) {
        skip_space(g);
        if (!(object ? check_member(g, depth + 1) : check_value(g, depth + 1)))
            return false;
        if (peek(g) == close)
            break;
        if (peek(g) != ',')
            return refuse(g, peek(g) < 0 ? "ends too early" : "a comma is missing");
        g->at++;
    }
    g->at++;
    return true;
}

/* A value and the space around it. */
static bool check_value(struct grammar *g, unsigned depth)
{
    bool fine;

    skip_space(g);
    if (!count_node(g))
        return false;
    switch (peek(g)) {
    case -1:
        return refuse(g, "ends too early");
    case '{':
    case '[':
        fine = check_inside(g, depth);
        break;
    case '"':
        fine = check_string(g);
        break;
    case 't':
        fine = check_word(g, "true");
        break;
    case 'f':
        fine = check_word(g, "false");
        break;
    case 'n':
        fine = check_word(g, "null");
        break;
    default:
        fine = is_digit(peek(g)) || peek(g) == '-' ? check_number(g) : refuse(g, "not a value");
    }
    if (fine)
        skip_space(g);
    return fine;
}

int json_check(struct view text, const struct json_limits *limits, const char *what,
               unsigned *nodes, struct err *err)
{
    struct grammar g = {.at = text.data, .end = text.data + text.size, .limits = limits};
    bool fine = check_value(&g, 0);
    unsigned line = 1, column = 1;

    *nodes = g.nodes;
    if (fine && g.at < g.end)
        fine = refuse(&g, "something follows the document");
    if (fine)
        return 0;
    for (const uint8_t *p = text.data; p < g.at; p++) {
        column = *p == '\n' ? 1 : column + ((*p & 0xc0) != 0x80);
        line += *p == '\n';
    }
    return err_set(err, ERR_INTEGRITY, "document", "%s is not valid JSON: %s (line %u, column %u)",
                   what, g.wrong, line, column);
}
