/*
 * Two passes. The first one, json_check, checks the grammar (jsmn accepts misplaced commas and
 * colons, and numbers of any shape) and counts the nodes. The second one is jsmn: it fills a table
 * of exactly that size with the values in document order, the name of a member just before its
 * value.
 *
 * After that one more number is computed for each node: `after`, the index of the first node behind
 * it and everything inside it. It makes a step to the next sibling one look-up.
 */
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
/* Without parent links jsmn searches the matching bracket from the end: O(n^2). */
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/json_check.h"
#include "base/utf8.h"
#include "os/memory.h"

const struct json_limits JSON_DOCUMENT = {.bytes = 64 * KIB, .depth = 32, .nodes = 8192};
const struct json_limits JSON_IMAGE = {
    .bytes = 16 * MIB, .depth = JSON_DEPTH_MAX, .nodes = 1024 * 1024, .as_go = true};

struct json {
    char *text;
    size_t size;
    int count;
    jsmntok_t *nodes;
    int *after;
};

/* ---- the table ---- */

/* Node i contains nodes[i].size children, one behind the other. jsmn counts the value of a member
 * as the child of its name, so one rule covers all kinds. Each node is visited once: O(n). */
static void link_nodes(struct json *json)
{
    for (int i = json->count - 1; i >= 0; i--) {
        int after = i + 1;

        for (int child = 0; child < json->nodes[i].size; child++)
            after = json->after[after];
        json->after[i] = after;
    }
}

static int fill_table(struct json *json, size_t size, unsigned nodes, const char *what,
                      struct err *err)
{
    jsmn_parser parser;

    jsmn_init(&parser);
    json->count = jsmn_parse(&parser, json->text, size, json->nodes, nodes);
    if (json->count != (int)nodes)
        return err_set(err, ERR_INTERNAL, "document",
                       "%s: the two passes of the JSON reader disagree", what);
    link_nodes(json);
    return 0;
}

int json_parse(struct json **out, struct view text, const struct json_limits *limits,
               const char *what, struct err *err)
{
    struct json *json;
    unsigned nodes;
    int rc;

    if (!limits->as_go && text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        text = view_of(text.data + 3, text.size - 3);
    if (text.size == 0)
        return err_set(err, ERR_INTEGRITY, "document", "%s is empty", what);
    if (text.size > limits->bytes)
        return err_set(err, ERR_INTEGRITY, "document", "%s is larger than %zu bytes", what,
                       limits->bytes);
    if (json_check(text, limits, what, &nodes, err) < 0)
        return ERR_FAIL;

    json = calloc(1, sizeof *json);
    if (!json)
        return err_memory(err, what);
    json->text = malloc(text.size + 1);
    json->nodes = calloc(nodes, sizeof *json->nodes);
    json->after = calloc((size_t)nodes + 1, sizeof *json->after);
    if (!json->text || !json->nodes || !json->after) {
        rc = err_memory(err, what);
    } else {
        memcpy(json->text, text.data, text.size);
        json->text[text.size] = '\0';
        json->size = text.size;
        rc = fill_table(json, text.size, nodes, what, err);
    }
    if (rc < 0) {
        json_destroy(json);
        return rc;
    }
    *out = json;
    return 0;
}

void json_destroy(struct json *json)
{
    if (!json)
        return;
    if (json->text)
        os_wipe(json->text, json->size); /* it may have credentials */
    free(json->text);
    free(json->nodes);
    free(json->after);
    free(json);
}

/* ---- nodes ---- */

static const struct json_node ABSENT = {.doc = NULL};

static const jsmntok_t *token(struct json_node node)
{
    return &node.doc->nodes[node.at];
}

struct json_node json_root(const struct json *json)
{
    return (struct json_node){.doc = json};
}

enum json_kind json_kind(struct json_node node)
{
    if (!node.doc)
        return JSON_ABSENT;
    switch (token(node)->type) {
    case JSMN_OBJECT:
        return JSON_OBJECT;
    case JSMN_ARRAY:
        return JSON_ARRAY;
    case JSMN_STRING:
        return JSON_STRING;
    case JSMN_PRIMITIVE:
    case JSMN_UNDEFINED:
        break;
    }
    switch (node.doc->text[token(node)->start]) {
    case 'n':
        return JSON_NULL;
    case 't':
    case 'f':
        return JSON_BOOL;
    default:
        return JSON_NUMBER;
    }
}

bool json_present(struct json_node node)
{
    enum json_kind kind = json_kind(node);

    return kind != JSON_ABSENT && kind != JSON_NULL;
}

size_t json_count(struct json_node node)
{
    enum json_kind kind = json_kind(node);

    return kind == JSON_ARRAY || kind == JSON_OBJECT ? (size_t)token(node)->size : 0;
}

struct json_node json_next(struct json_node parent, struct json_node last, struct json_node *name)
{
    enum json_kind kind = json_kind(parent);
    int next;

    if (name)
        *name = ABSENT;
    if (kind != JSON_ARRAY && kind != JSON_OBJECT)
        return ABSENT;
    next = last.doc ? parent.doc->after[last.at] : parent.at + 1;
    if (next >= parent.doc->after[parent.at])
        return ABSENT;
    if (kind == JSON_OBJECT) {
        if (name)
            *name = (struct json_node){parent.doc, next};
        next++;
    }
    return (struct json_node){parent.doc, next};
}

struct json_node json_first(struct json_node array)
{
    return json_kind(array) == JSON_ARRAY ? json_next(array, ABSENT, NULL) : ABSENT;
}

/* ---- strings ---- */

/* Reads four hex digits. */
static uint32_t unit_at(const char *at)
{
    uint32_t unit = 0;

    for (int i = 0; i < 4; i++)
        unit = unit << 4 | (uint32_t)hex_digit((unsigned char)at[i]);
    return unit;
}

/* Decodes the \u escape whose digits start at *at, and the second half of a surrogate pair. A
 * single half becomes U+FFFD, as in Go. */
static uint32_t decode_point(const char **at, const char *end)
{
    uint32_t high = unit_at(*at), low;

    *at += 4;
    if (high < 0xd800 || high >= 0xdc00 || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return high;
    low = unit_at(*at + 2);
    if (low < 0xdc00 || low >= 0xe000)
        return high;
    *at += 6;
    return 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
}

static char plain_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

/* Copies a character. A byte that is not UTF-8 becomes U+FFFD, as in Go. */
static size_t copy_char(const char **at, const char *end, char out[4])
{
    size_t length = utf8_length(view_of(*at, (size_t)(end - *at)));

    if (length == 0) {
        ++*at;
        return utf8_encode(0xfffd, out);
    }
    memcpy(out, *at, length);
    *at += length;
    return length;
}

/* Decodes the next character of a string into `out`, up to 4 bytes, and returns its length. */
static size_t decode_char(const char **at, const char *end, char out[4])
{
    if (**at != '\\')
        return copy_char(at, end, out);
    (*at)++;
    if (**at != 'u') {
        out[0] = plain_escape(*(*at)++);
        return 1;
    }
    (*at)++;
    return utf8_encode(decode_point(at, end), out);
}

/* Returns the first byte of a string and sets *end; NULL if the node is not a string. */
static const char *string_start(struct json_node node, const char **end)
{
    if (!node.doc || json_kind(node) != JSON_STRING)
        return NULL;
    *end = node.doc->text + token(node)->end;
    return node.doc->text + token(node)->start;
}

bool json_string(struct json_node node, char *out, size_t size)
{
    const char *end, *at = string_start(node, &end);
    size_t used = 0;

    out[0] = '\0';
    if (!at)
        return false;
    while (at < end) {
        char bytes[4];
        size_t length = decode_char(&at, end, bytes);

        if (bytes[0] == '\0' || length >= size - used) {
            out[0] = '\0';
            return false;
        }
        memcpy(out + used, bytes, length);
        used += length;
    }
    out[used] = '\0';
    return true;
}

bool json_string_text(struct json_node node, struct text *out)
{
    const char *end, *at = string_start(node, &end);
    size_t before = out->size;

    if (!at)
        return false;
    while (at < end) {
        char bytes[4];
        size_t length = decode_char(&at, end, bytes);

        if (bytes[0] == '\0') {
            text_cut(out, before);
            return false;
        }
        text_add(out, bytes, length);
    }
    return !out->failed;
}

bool json_string_equals(struct json_node node, const char *text)
{
    const char *end, *at = string_start(node, &end);

    if (!at)
        return false;
    while (at < end) {
        char bytes[4];
        size_t length = decode_char(&at, end, bytes);

        if (bytes[0] == '\0' || strncmp(text, bytes, length) != 0)
            return false;
        text += length;
    }
    return *text == '\0';
}

/* Returns the lower case of a character of `length` bytes if it folds to ASCII, else 0. */
static char fold(const char bytes[4], size_t length)
{
    if (length == 1)
        return bytes[0] >= 'A' && bytes[0] <= 'Z' ? (char)(bytes[0] | 0x20) : bytes[0];
    if (length == 2 && memcmp(bytes, "\xc5\xbf", 2) == 0)
        return 's';
    return length == 3 && memcmp(bytes, "\xe2\x84\xaa", 3) == 0 ? 'k' : '\0';
}

bool json_names(struct json_node key, const char *name)
{
    const char *end, *at = string_start(key, &end);

    for (; at && at < end; name++) {
        char bytes[4];
        size_t length = decode_char(&at, end, bytes);
        char folded = fold(bytes, length);

        if (folded == '\0' || folded != fold(name, 1))
            return false;
    }
    return at && *name == '\0';
}

/* Finds the last member whose name is the same in the sense of `same`. */
static struct json_node find_member(struct json_node node, const char *name,
                                    bool (*same)(struct json_node key, const char *name))
{
    struct json_node found = ABSENT, key, value = ABSENT;

    if (json_kind(node) != JSON_OBJECT)
        return ABSENT;
    while ((value = json_next(node, value, &key)).doc)
        if (same(key, name) && (json_present(value) || !found.doc))
            found = value; /* a null does not replace an earlier value */
    return found;
}

struct json_node json_get(struct json_node node, const char *name)
{
    return find_member(node, name, json_names);
}

struct json_node json_get_exact(struct json_node node, const char *name)
{
    return find_member(node, name, json_string_equals);
}

/* ---- other values ---- */

struct view json_raw(struct json_node node)
{
    size_t quote = json_kind(node) == JSON_STRING;

    if (!node.doc)
        return view_of(NULL, 0);
    return view_of(node.doc->text + token(node)->start - quote,
                   (size_t)(token(node)->end - token(node)->start) + 2 * quote);
}

bool json_int(struct json_node node, int64_t *out)
{
    struct view raw = json_raw(node);
    int64_t value = 0;
    bool negative;

    if (json_kind(node) != JSON_NUMBER)
        return false;
    negative = raw.data[0] == '-';
    for (size_t i = negative; i < raw.size; i++) {
        int digit = raw.data[i] - '0';

        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value)) /* negative numbers: INT64_MIN fits */
            return false;
    }
    if (!negative && value == INT64_MIN)
        return false;
    *out = negative ? value : -value;
    return true;
}

bool json_bool(struct json_node node, bool otherwise)
{
    if (json_kind(node) != JSON_BOOL)
        return otherwise;
    return node.doc->text[token(node)->start] == 't';
}
