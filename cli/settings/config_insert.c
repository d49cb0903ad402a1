/*
 * A scanner finds the object that gets the new member: the root, `deploy`, or the application in
 * it. The scanner recognises strings, comments and brackets, and no other syntax of JSON5. The
 * member is written before the closing bracket of that object, and a comma behind its last member
 * if that has none. At the end, the old and the new text are parsed and compared.
 */
#include "cli/settings/config_insert.h"

#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json5.h"
#include "cli/settings/config_file.h"

#define LEVELS 3 /* deploy, application, environment */
#define INDENT 4

static const struct json_limits LIMITS = {.bytes = CONFIG_FILE_MAX, .depth = 16, .nodes = 20000};

/* ---- the scanner ---- */

struct scan {
    struct view text;
    size_t at;      /* of the next token */
    size_t end;     /* of the last token */
    bool separated; /* the last token was a comma or an opening bracket */
};

static bool is_blank(char c)
{
    return strchr(" \t\r\n\v\f", c) != NULL; /* the NUL, too */
}

static char peek(const struct scan *scan, size_t ahead)
{
    return scan->at + ahead < scan->text.size ? (char)scan->text.data[scan->at + ahead] : '\0';
}

static void skip_comment(struct scan *scan)
{
    bool line = peek(scan, 1) == '/';

    scan->at += 2;
    while (scan->at < scan->text.size &&
           (line ? peek(scan, 0) != '\n' : peek(scan, 0) != '*' || peek(scan, 1) != '/'))
        scan->at++;
    scan->at += line ? 0 : 2;
}

static void skip_space(struct scan *scan)
{
    for (;;) {
        if (peek(scan, 0) == '/' && (peek(scan, 1) == '/' || peek(scan, 1) == '*'))
            skip_comment(scan);
        else if (scan->at < scan->text.size && is_blank(peek(scan, 0)))
            scan->at++;
        else
            return;
    }
}

static void skip_string(struct scan *scan)
{
    char quote = peek(scan, 0);

    for (scan->at++; scan->at < scan->text.size && peek(scan, 0) != quote; scan->at++)
        scan->at += peek(scan, 0) == '\\';
    scan->at++;
}

/* Reads a token: a bracket, a colon, a comma, a string, or a word. Returns it; empty at the end. */
static struct view next_token(struct scan *scan)
{
    size_t start;
    char first;

    skip_space(scan);
    start = scan->at;
    first = peek(scan, 0);
    if (start >= scan->text.size)
        return view_of("", 0);
    if (strchr("{}[]:,", first))
        scan->at++;
    else if (first == '"' || first == '\'')
        skip_string(scan);
    else
        while (scan->at < scan->text.size && !strchr("{}[]:,\"'/ \t\r\n\v\f", peek(scan, 0)))
            scan->at++;
    if (scan->at == start)
        scan->at++; /* a stray slash */
    if (scan->at > scan->text.size)
        scan->at = scan->text.size;
    scan->end = scan->at;
    scan->separated = first == ',' || first == '{';
    return view_of(scan->text.data + start, scan->at - start);
}

static bool is_mark(struct view token, char mark)
{
    return token.size == 1 && (char)token.data[0] == mark;
}

static bool is_name(struct view token, const char *name)
{
    if (token.size >= 2 && (token.data[0] == '"' || token.data[0] == '\''))
        token = view_of(token.data + 1, token.size - 2);
    return view_equals_str(token, name);
}

/* Skips a value whose first token was read. */
static void skip_value(struct scan *scan, struct view token)
{
    unsigned depth = 0;

    for (;; token = next_token(scan)) {
        if (is_mark(token, '{') || is_mark(token, '['))
            depth++;
        else if ((is_mark(token, '}') || is_mark(token, ']')) && depth)
            depth--;
        if (!depth || !token.size)
            return;
    }
}

/* The place of the new member. */
struct place {
    unsigned level; /* of the object: 0 the root */
    size_t comma;   /* where a comma is missing */
    bool needs_comma;
    size_t at; /* of the closing bracket */
};

enum found { FOUND_PLACE, FOUND_ENTRY, FOUND_NOTHING };

/* Searches one object, whose opening bracket was read, and those in it that `names` leads to. */
static enum found find_place(struct scan *scan, const char *const names[LEVELS], unsigned level,
                             struct place *place)
{
    for (;;) {
        size_t end = scan->end;
        bool separated = scan->separated;
        struct view name = next_token(scan), value;

        if (is_mark(name, ',')) /* the end of the member before */
            continue;
        if (is_mark(name, '}')) {
            *place = (struct place){
                .level = level, .comma = end, .needs_comma = !separated, .at = scan->end - 1};
            return FOUND_PLACE;
        }
        if (!name.size || !is_mark(next_token(scan), ':'))
            return FOUND_NOTHING;
        value = next_token(scan);
        if (is_name(name, names[level])) {
            if (level == LEVELS - 1)
                return FOUND_ENTRY;
            return is_mark(value, '{') ? find_place(scan, names, level + 1, place) : FOUND_NOTHING;
        }
        skip_value(scan, value);
    }
}

/* ---- the text ---- */

static void add_indent(struct text *out, unsigned level)
{
    for (unsigned i = 0; i < level * INDENT; i++)
        text_char(out, ' ');
}

/* Names of applications and environments are no identifiers if they have a dash or begin with a
 * digit. */
static void add_name(struct text *out, const char *name)
{
    bool plain = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") > 0 &&
                 !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
                                    "0123456789")];

    text_printf(out, plain ? "%s: " : "\"%s\": ", name);
}

/* Adds the lines of the entry, all but the first one indented. */
static void add_lines(struct text *out, struct view entry, unsigned level)
{
    const uint8_t *at = entry.data, *end = at + entry.size;

    while (end > at && is_blank((char)end[-1]))
        end--;
    while (at < end) {
        const uint8_t *line = memchr(at, '\n', (size_t)(end - at));
        size_t size = line ? (size_t)(line - at) + 1 : (size_t)(end - at);

        text_add(out, at, size);
        at += size;
        if (at < end && *at != '\n')
            add_indent(out, level);
    }
}

static void add_member(struct text *out, const char *const names[LEVELS], unsigned level,
                       struct view entry)
{
    for (unsigned i = level; i < LEVELS; i++) {
        add_indent(out, i + 1);
        add_name(out, names[i]);
        if (i < LEVELS - 1)
            text_str(out, "{\n");
    }
    add_lines(out, entry, LEVELS);
    text_str(out, ",\n");
    for (unsigned i = LEVELS - 1; i > level; i--) {
        add_indent(out, i);
        text_str(out, "},\n");
    }
}

static void add_text(struct text *out, struct view text, size_t from, size_t to)
{
    text_add(out, text.data + from, to - from);
}

static void write_text(struct text *out, struct view text, const struct place *place,
                       const char *const names[LEVELS], struct view entry)
{
    const uint8_t *data = text.data;
    size_t end = place->at;

    while (end > place->comma && (data[end - 1] == ' ' || data[end - 1] == '\t'))
        end--;
    add_text(out, text, 0, place->comma);
    if (place->needs_comma)
        text_char(out, ',');
    add_text(out, text, place->comma, end);
    if (end && data[end - 1] != '\n')
        text_char(out, '\n');
    add_member(out, names, place->level, entry);
    add_indent(out, place->level);
    add_text(out, text, place->at, text.size);
}

/* ---- the comparison ---- */

/* Removes white space outside of strings. */
static void squeeze(struct text *json)
{
    size_t size = 0;
    bool in_string = false;

    for (size_t i = 0; i < json->size; i++) {
        char c = json->data[i];

        if (in_string && c == '\\')
            json->data[size++] = json->data[i++];
        else if (c == '"')
            in_string = !in_string;
        if (in_string || !is_blank(c))
            json->data[size++] = json->data[i];
    }
    json->size = size;
}

static int parse(struct view json5, struct json **out, struct err *err)
{
    _cleanup_text_ struct text strict = {0};

    text_init(&strict, 2 * (size_t)CONFIG_FILE_MAX);
    if (json5_to_json(json5, &strict, err) || text_check(&strict, "configuration", err))
        return ERR_FAIL;
    squeeze(&strict);
    return json_parse(out, text_view(&strict), &LIMITS, "configuration", err);
}

/* Returns the member that a command reads: the case of a key does not matter, that of a name does.
 * `levels`: as many as lie below `node`. */
static struct json_node get_named(struct json_node node, const char *name, unsigned levels)
{
    return levels == LEVELS ? json_get(node, name) : json_get_exact(node, name);
}

/* Returns whether the new object has the members of the old one and, if that lacks it, names[0]. */
static bool has_members(struct json_node old, struct json_node new, const char *const *names,
                        unsigned levels)
{
    size_t count = json_kind(old) == JSON_OBJECT ? json_count(old) : 0;
    struct json_node name, at = json_next(old, (struct json_node){0}, &name);
    struct json_node inner = get_named(old, names[0], levels);
    char text[CONFIG_NAME_MAX];

    if (json_count(new) != count + !json_present(inner))
        return false;
    for (; at.doc; at = json_next(old, at, &name)) {
        if (!json_string(name, text, sizeof text))
            return false;
        if (strcmp(text, names[0]) != 0 &&
            !view_equals(json_raw(at), json_raw(get_named(new, text, levels))))
            return false;
    }
    return levels == 1 ||
           has_members(inner, get_named(new, names[0], levels), names + 1, levels - 1);
}

static bool is_added(const struct json *old, const struct json *new,
                     const char *const names[LEVELS], const struct json *entry)
{
    struct json_node at = json_root(new);

    for (unsigned i = 0; i < LEVELS; i++)
        at = get_named(at, names[i], LEVELS - i);
    return view_equals(json_raw(at), json_raw(json_root(entry))) &&
           has_members(json_root(old), json_root(new), names, LEVELS);
}

static int compare(struct view old_text, struct view new_text, const char *const names[LEVELS],
                   struct view entry_text, struct err *err)
{
    struct json *old = NULL, *new = NULL, *entry = NULL;
    int failed =
        parse(old_text, &old, err) || parse(new_text, &new, err) || parse(entry_text, &entry, err);

    if (!failed && !is_added(old, new, names, entry))
        failed = err_set(err, ERR_USAGE, CODE_CONFIG,
                         "the file has a form that s3dock cannot add an entry to");
    json_destroy(old);
    json_destroy(new);
    json_destroy(entry);
    return failed ? ERR_FAIL : 0;
}

int config_insert(struct view text, const char *app, const char *env, struct view entry,
                  struct text *out, struct err *err)
{
    const char *const names[LEVELS] = {CONFIG_DEPLOY, app, env};
    struct scan scan = {.text = text};
    struct place place;
    enum found found =
        is_mark(next_token(&scan), '{') ? find_place(&scan, names, 0, &place) : FOUND_NOTHING;
    size_t before = out->size;

    if (found == FOUND_ENTRY)
        return err_set(err, ERR_CONFLICT, "exists", "there is an entry deploy.%s.%s already", app,
                       env);
    if (found == FOUND_NOTHING)
        return err_set(err, ERR_USAGE, CODE_CONFIG,
                       "the file has a form that s3dock cannot add an entry to");
    write_text(out, text, &place, names, entry);
    if (text_check(out, "configuration", err))
        return ERR_FAIL;
    return compare(text, view_of(out->data + before, out->size - before), names, entry, err);
}
