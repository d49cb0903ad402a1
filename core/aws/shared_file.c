/*
 * The parser reads one line after the other. Comment lines and empty lines are skipped; every other
 * line is a section, a key, or the continuation of the value above. A value is kept when the next
 * section or key begins. Sections and keys without an effect are checked like the others, and
 * dropped at the end.
 */
#include "aws/shared_file.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/codes.h"
#include "base/err.h"
#include "os/memory.h"

#define WARNINGS_MAX     (32 * KIB)
#define WARNING_SIZE_MAX 512 /* of one line, behind the path */

struct parser {
    struct shared_file *file;
    const char *path;
    bool credentials;
    struct view rest;
    unsigned line;
    bool in_section, in_key;
    bool key_dropped;
    struct shared_key key; /* being read, when in_key */
    struct text value;
    bool sub_keys; /* the value is empty: continuation lines are sub-keys */
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_sign(uint8_t c)
{
    return c == '#' || c == ';';
}

static bool is_name_char(uint8_t c)
{
    return isalnum(c) || (c && strchr("_-/.%@:+", c));
}

static struct view trimmed(struct view text)
{
    while (text.size && is_blank(text.data[0]))
        text = view_of(text.data + 1, text.size - 1);
    while (text.size && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

static bool is_name(struct view text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_name_char(text.data[i]))
            return false;
    return text.size > 0;
}

static char *copy_text(struct view text)
{
    return strndup((const char *)text.data, text.size);
}

static char *copy_lower(struct view text)
{
    char *copy = copy_text(text);

    for (char *c = copy; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

static void wipe(char *value)
{
    if (value)
        os_wipe(value, strlen(value));
    free(value);
}

/* ---- messages ---- */

__attribute__((format(printf, 3, 4))) static int refuse(const struct parser *p, struct err *err,
                                                        const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    err_set(err, ERR_USAGE, CODE_AWS_CONFIG, "AWS file %s, line %u: %s", p->path, p->line, text);
    return err_hint(err, "correct the line; docs/credentials.md describes the grammar of the file");
}

/* Adds a line, unless there are too many already. */
__attribute__((format(printf, 2, 3))) static void warn(struct parser *p, const char *fmt, ...)
{
    struct text *warnings = &p->file->warnings;
    char text[WARNING_SIZE_MAX];
    va_list args;

    if (warnings->size + strlen(p->path) + 2 * sizeof text > warnings->max)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    text_printf(warnings, "%s, line %u: %s\n", p->path, p->line, text);
}

/* ---- values ---- */

static int add_key(struct parser *p, struct err *err)
{
    struct shared_file *file = p->file;

    if (file->key_count == SHARED_KEYS_MAX)
        return refuse(p, err, "the file has more than %u keys", SHARED_KEYS_MAX);
    if (!array_reserve(&file->keys, &file->key_room, file->key_count, sizeof *file->keys))
        return err_memory(err, "an AWS file");
    p->key.value = strdup(p->value.data);
    if (!p->key.value)
        return err_memory(err, "an AWS file");
    file->keys[file->key_count++] = p->key;
    p->key.name = NULL;
    return 0;
}

static void drop_value(struct parser *p)
{
    free(p->key.name);
    p->key = (struct shared_key){0};
    os_wipe(p->value.data, p->value.size);
    text_clear(&p->value);
    p->in_key = false;
}

/* Ends the value that is being read. */
static int finish_value(struct parser *p, struct err *err)
{
    int failed = 0;

    if (p->in_key && p->value.failed)
        failed = refuse(p, err, "the value above has more than %zu bytes", SHARED_LINE_MAX);
    else if (p->in_key && !p->key_dropped)
        failed = add_key(p, err);
    drop_value(p);
    return failed;
}

/* ---- lines ---- */

/* Finds the kind and the name of a section of the config file. Returns false for another text. */
static bool split_section(struct view inner, struct shared_section *section, struct view *name)
{
    static const struct {
        const char *word;
        enum aws_section kind;
    } kinds[] = {
        {"profile", AWS_PROFILE}, {"sso-session", AWS_SSO_SESSION}, {"services", AWS_SERVICES}};

    *name = inner;
    if (view_equals_str(inner, "default"))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        size_t size = strlen(kinds[i].word);

        if (inner.size <= size || memcmp(inner.data, kinds[i].word, size) != 0 ||
            !is_blank(inner.data[size]))
            continue;
        *name = trimmed(view_of(inner.data + size, inner.size - size));
        section->kind = kinds[i].kind;
        section->prefixed = kinds[i].kind == AWS_PROFILE;
        return true;
    }
    return false;
}

static void warn_dropped_section(struct parser *p, struct view inner, bool known,
                                 struct shared_section *section)
{
    int size = inner.size > 128 ? 128 : (int)inner.size;
    const char *text = (const char *)inner.data;
    size_t before = p->file->warnings.size;

    if (!known && is_name(inner))
        warn(p, "[%.*s] has no effect: the config file needs [profile %.*s]", size, text, size,
             text);
    else if (known)
        warn(p, "[%.*s] has no effect: the name has characters that are not allowed", size, text);
    else
        warn(p, "[%.*s] has no effect: no such kind of section", size, text);
    if (p->file->warnings.size == before)
        return;
    section->warning_at = before;
    section->warning_size = p->file->warnings.size - before - strlen("\n");
}

static int add_section(struct parser *p, struct view inner, struct err *err)
{
    struct shared_file *file = p->file;
    struct shared_section section = {.kind = AWS_PROFILE};
    struct view name = inner;
    bool known = p->credentials || split_section(inner, &section, &name);

    section.dropped = !known || !is_name(name);
    if (section.dropped)
        warn_dropped_section(p, inner, known, &section);
    if (file->section_count == SHARED_SECTIONS_MAX)
        return refuse(p, err, "the file has more than %u sections", SHARED_SECTIONS_MAX);
    if (!array_reserve(&file->sections, &file->section_room, file->section_count,
                       sizeof *file->sections))
        return err_memory(err, "an AWS file");
    section.name = copy_text(name);
    if (!section.name)
        return err_memory(err, "an AWS file");
    file->sections[file->section_count++] = section;
    p->in_section = true;
    return 0;
}

/* Reads "[...]", which a comment may follow, even without a blank. */
static int read_section(struct parser *p, struct view line, struct err *err)
{
    for (size_t i = 0; i < line.size; i++)
        if (is_sign(line.data[i]))
            line.size = i;
    line = trimmed(line);
    if (line.data[line.size - 1] != ']')
        return refuse(p, err, "a section does not end with ]");
    return add_section(p, trimmed(view_of(line.data + 1, line.size - 2)), err);
}

/* Cuts a comment, whose sign follows a blank. Returns whether there was one. */
static bool cut_comment(struct view *text)
{
    for (size_t i = 1; i < text->size; i++) {
        if (!is_sign(text->data[i]) || !is_blank(text->data[i - 1]))
            continue;
        text->size = i;
        return true;
    }
    return false;
}

/* Splits "name = value # comment". Returns false if there is no "=". */
static bool split_key(struct view line, struct view *name, struct view *value, bool *cut)
{
    const uint8_t *sign = memchr(line.data, '=', line.size);
    size_t size = sign ? (size_t)(sign - line.data) : line.size;

    *name = trimmed(view_of(line.data, size));
    if (!sign)
        return false;
    *value = view_of(sign + 1, line.size - size - 1);
    *cut = cut_comment(value);
    *value = trimmed(*value);
    return true;
}

/* Python programs (aws, boto3) do not know comments behind a value. */
static void warn_cut_secret(struct parser *p)
{
    static const char *const names[] = {"aws_access_key_id", "aws_secret_access_key",
                                        "aws_session_token"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (!strcmp(p->key.name, names[i]))
            warn(p,
                 "the text behind \" #\" or \" ;\" is a comment, not a part of %s; the aws program "
                 "reads it as a part",
                 names[i]);
}

static int read_key(struct parser *p, struct view line, struct err *err)
{
    struct view name, value;
    bool cut;

    if (!p->in_section)
        return refuse(p, err, "a key is before the first section");
    if (!split_key(line, &name, &value, &cut))
        return refuse(p, err, "a line without \"=\" is no key");
    if (!name.size)
        return refuse(p, err, "a value has no key before \"=\"");
    p->in_key = true;
    p->key_dropped = !is_name(name) || p->file->sections[p->file->section_count - 1].dropped;
    if (!is_name(name))
        warn(p, "a key is ignored: its name has characters that are not allowed");
    p->key = (struct shared_key){
        .section = (unsigned)p->file->section_count - 1, .line = p->line, .name = copy_lower(name)};
    if (!p->key.name)
        return err_memory(err, "an AWS file");
    if (cut)
        warn_cut_secret(p);
    text_add(&p->value, value.data, value.size);
    p->sub_keys = value.size == 0;
    return 0;
}

/* Checks the form of a sub-key. A comment line is allowed. */
static int check_sub_key(const struct parser *p, struct view line, struct err *err)
{
    struct view name, value;
    bool cut;

    if (is_sign(line.data[0]))
        return 0;
    if (!split_key(line, &name, &value, &cut))
        return refuse(p, err, "a sub-key of %s has no \"=\"", p->key.name);
    return name.size ? 0 : refuse(p, err, "a sub-key of %s has no name", p->key.name);
}

static int read_continuation(struct parser *p, struct view line, struct err *err)
{
    line = trimmed(line);
    if (!p->in_key)
        return refuse(p, err, "a line begins with a blank, but there is no value to continue");
    if (p->sub_keys && check_sub_key(p, line, err))
        return ERR_FAIL;
    if (is_sign(line.data[0]) && !p->sub_keys)
        warn(p, "an indented comment is a part of the value of %s above", p->key.name);
    text_char(&p->value, '\n');
    text_add(&p->value, line.data, line.size);
    return 0;
}

static int read_line(struct parser *p, struct view line, struct err *err)
{
    if (line.size > SHARED_LINE_MAX)
        return refuse(p, err, "the line has more than %zu bytes", SHARED_LINE_MAX);
    if (!trimmed(line).size || is_sign(line.data[0]))
        return 0;
    if (is_blank(line.data[0]))
        return read_continuation(p, line, err);
    if (finish_value(p, err))
        return ERR_FAIL;
    return line.data[0] == '[' ? read_section(p, line, err) : read_key(p, line, err);
}

/* Removes the next line, which ends with LF or CR LF, from the rest. */
static struct view next_line(struct parser *p)
{
    const uint8_t *end = memchr(p->rest.data, '\n', p->rest.size);
    size_t size = end ? (size_t)(end - p->rest.data) : p->rest.size;
    struct view line = view_of(p->rest.data, size);

    p->rest = view_of(p->rest.data + size + (end != NULL), p->rest.size - size - (end != NULL));
    p->line++;
    if (line.size && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

/* ---- the file ---- */

/* [profile default] replaces [default], in any order. */
static void drop_plain_default(struct shared_file *file)
{
    bool prefixed = false;

    for (size_t i = 0; i < file->section_count; i++)
        prefixed |= file->sections[i].prefixed && !strcmp(file->sections[i].name, "default");
    for (size_t i = 0; prefixed && i < file->section_count; i++)
        if (file->sections[i].kind == AWS_PROFILE && !file->sections[i].prefixed)
            file->sections[i].dropped = true;
}

static void remove_dropped_keys(struct shared_file *file)
{
    size_t kept = 0;

    for (size_t i = 0; i < file->key_count; i++) {
        if (!file->sections[file->keys[i].section].dropped) {
            file->keys[kept++] = file->keys[i];
            continue;
        }
        free(file->keys[i].name);
        wipe(file->keys[i].value);
    }
    file->key_count = kept;
}

static void skip_byte_order_mark(struct parser *p)
{
    if (p->rest.size >= 3 && !memcmp(p->rest.data, "\xEF\xBB\xBF", 3))
        p->rest = view_of(p->rest.data + 3, p->rest.size - 3);
}

static int parse_lines(struct parser *p, struct err *err)
{
    if (p->rest.size > SHARED_FILE_MAX)
        return refuse(p, err, "the file has more than %zu bytes", SHARED_FILE_MAX);
    if (p->rest.size && memchr(p->rest.data, 0, p->rest.size))
        return refuse(p, err, "the file has NUL bytes, so it is no UTF-8 text");
    skip_byte_order_mark(p);
    while (p->rest.size)
        if (read_line(p, next_line(p), err))
            return ERR_FAIL;
    return finish_value(p, err);
}

int shared_file_parse(struct view content, const char *path, bool credentials,
                      struct shared_file *out, struct err *err)
{
    struct parser parser = {.file = out, .path = path, .credentials = credentials, .rest = content};
    int failed;

    *out = (struct shared_file){0};
    text_init(&out->warnings, WARNINGS_MAX);
    text_init_secret(&parser.value, SHARED_LINE_MAX);
    failed = parse_lines(&parser, err);
    drop_value(&parser);
    text_finish(&parser.value);
    if (!failed && !credentials)
        drop_plain_default(out);
    if (!failed)
        remove_dropped_keys(out);
    return failed ? ERR_FAIL : 0;
}

void shared_file_finish(struct shared_file *file)
{
    for (size_t i = 0; i < file->section_count; i++)
        free(file->sections[i].name);
    for (size_t i = 0; i < file->key_count; i++) {
        free(file->keys[i].name);
        wipe(file->keys[i].value);
    }
    free(file->sections);
    free(file->keys);
    text_finish(&file->warnings);
    memset(file, 0, sizeof *file);
}

/* ---- sub-keys ---- */

static int add_sub_key(struct view line, struct shared_sub_key **keys, size_t *room, size_t *count,
                       struct err *err)
{
    struct view name, value;
    struct shared_sub_key key;
    bool cut;

    if (!line.size || is_sign(line.data[0]) || *count == SHARED_KEYS_MAX ||
        !split_key(line, &name, &value, &cut) || !name.size)
        return 0;
    if (!array_reserve(keys, room, *count, sizeof **keys))
        return err_memory(err, "an AWS file");
    key = (struct shared_sub_key){.name = copy_lower(name), .value = copy_text(value)};
    if (!key.name || !key.value) {
        free(key.name);
        wipe(key.value);
        return err_memory(err, "an AWS file");
    }
    (*keys)[(*count)++] = key;
    return 0;
}

int shared_sub_keys_parse(const char *value, struct shared_sub_key **out, size_t *count,
                          struct err *err)
{
    size_t room = 0;

    *out = NULL;
    *count = 0;
    if (*value != '\n')
        return 0;
    while (*value) {
        size_t size = strcspn(++value, "\n");

        if (add_sub_key(view_of(value, size), out, &room, count, err)) {
            shared_sub_keys_free(*out, *count);
            return ERR_FAIL;
        }
        value += size;
    }
    return 0;
}

void shared_sub_keys_free(struct shared_sub_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(keys[i].name);
        wipe(keys[i].value);
    }
    free(keys);
}
