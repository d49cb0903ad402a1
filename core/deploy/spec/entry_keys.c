/*
 * One function a kind of value. Every message names the key with its whole path, and the file.
 */
#include "deploy/spec/entry_keys.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/err.h"
#include "base/file.h"
#include "base/nearest.h"

#define NAME_SIZE 128
#define TIME_SIZE 32

void entry_place_below(const struct entry_place *place, const char *name, struct entry_place *out)
{
    struct entry_place below = {.file = place->file};

    snprintf(below.path, sizeof below.path, "%.380s%s%.120s", place->path, *place->path ? "." : "",
             name);
    *out = below;
}

int entry_refuse(const struct entry_place *place, struct err *err, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return err_set(err, ERR_USAGE, "deploy", "%s in %s %s", place->path, place->file, text);
}

int entry_text(const struct entry_place *place, struct json_node value, char *out, size_t size,
               struct err *err)
{
    if (json_kind(value) != JSON_STRING)
        return entry_refuse(place, err, "must be a text");
    if (!json_string(value, out, size))
        return entry_refuse(place, err, "must have less than %zu bytes, and no NUL", size);
    return *out ? 0 : entry_refuse(place, err, "is empty");
}

bool entry_resolve(const char *file, const char *path, char *out, size_t size)
{
    char folder[PATH_MAX];
    int length;

    if (*path == '/')
        return str_copy(out, size, path);
    if (!file_folder(file, folder))
        return false;
    length = snprintf(out, size, "%s/%s", folder, path);
    return length > 0 && (size_t)length < size;
}

static int read_path(const struct entry_place *place, struct json_node value, char *out,
                     size_t size, struct err *err)
{
    char path[PATH_MAX] = "";

    if (entry_text(place, value, path, sizeof path, err))
        return ERR_FAIL;
    if (!entry_resolve(place->file, path, out, size))
        return entry_refuse(place, err, "is too long");
    return 0;
}

static int read_switch(const struct entry_place *place, struct json_node value, bool *out,
                       struct err *err)
{
    if (json_kind(value) != JSON_BOOL)
        return entry_refuse(place, err, "must be true or false");
    *out = json_bool(value, false);
    return 0;
}

static int read_number(const struct entry_place *place, struct json_node value,
                       const struct entry_key *key, void *out, struct err *err)
{
    int64_t number;
    uint16_t small;
    int usual;

    if (!json_int(value, &number) || number < key->min || number > key->max)
        return entry_refuse(place, err, "must be a number from %jd to %jd", (intmax_t)key->min,
                            (intmax_t)key->max);
    small = (uint16_t)number;
    usual = (int)number;
    memcpy(out, key->size == sizeof small ? (void *)&small : (void *)&usual, key->size);
    return 0;
}

/* Formats a time in its largest unit without a fraction. */
static const char *format_time(int64_t ns, char out[TIME_SIZE])
{
    static const struct {
        int64_t seconds;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    int64_t seconds = ns / NS_PER_S;

    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (seconds < units[i].seconds || seconds % units[i].seconds)
            continue;
        snprintf(out, TIME_SIZE, "%jd%c", (intmax_t)(seconds / units[i].seconds), units[i].unit);
        return out;
    }
    snprintf(out, TIME_SIZE, "%jdms", (intmax_t)(ns / NS_PER_MS));
    return out;
}

static int read_time(const struct entry_place *place, struct json_node value,
                     const struct entry_key *key, int64_t *out, struct err *err)
{
    char text[NAME_SIZE], low[TIME_SIZE], high[TIME_SIZE];
    uint64_t ms = UINT64_MAX;
    int64_t seconds;
    bool read;

    if (json_int(value, &seconds) && seconds >= 0 && seconds <= INT64_MAX / NS_PER_S) {
        ms = (uint64_t)seconds * 1000;
        read = true;
    } else {
        read = json_string(value, text, sizeof text) && duration_read(text, &ms);
    }
    if (!read || ms < (uint64_t)(key->min / NS_PER_MS) || ms > (uint64_t)(key->max / NS_PER_MS))
        return entry_refuse(place, err,
                            "must be a time such as \"30s\" or \"1h30m\", from %s to %s",
                            format_time(key->min, low), format_time(key->max, high));
    *out = (int64_t)ms * NS_PER_MS;
    return 0;
}

void entry_argv_free(char ***argv)
{
    for (char **word = *argv; word && *word; word++)
        free(*word);
    free(*argv);
    *argv = NULL;
}

/* Adds one word to a command. The first word names the program. */
static int add_word(const struct entry_place *place, struct json_node value, char **words,
                    size_t at, struct err *err)
{
    _cleanup_text_ struct text word = {0};
    char path[PATH_MAX];

    text_init(&word, ENTRY_ARGV_MAX);
    if (!json_string_text(value, &word))
        return entry_refuse(place, err, "must be an array of texts: a program and its arguments");
    if (at == 0 && !word.size)
        return entry_refuse(place, err, "has an empty name of a program");
    if (at == 0 && strchr(word.data, '/')) {
        if (!entry_resolve(place->file, word.data, path, sizeof path))
            return entry_refuse(place, err, "has a path that is too long");
        text_clear(&word);
        text_str(&word, path);
    }
    words[at] = text_steal(&word);
    return words[at] ? 0 : err_memory(err, "a command");
}

static int read_argv(const struct entry_place *place, struct json_node value, char ***out,
                     struct err *err)
{
    size_t count = json_count(value), at = 0;

    if (json_kind(value) != JSON_ARRAY || count == 0 || count > ENTRY_WORDS_MAX)
        return entry_refuse(place, err,
                            "must be an array of 1 to %d texts: a program and its arguments",
                            ENTRY_WORDS_MAX);
    entry_argv_free(out);
    *out = calloc(count + 1, sizeof **out);
    if (!*out)
        return err_memory(err, "a command");
    for (struct json_node word = json_first(value); word.doc; word = json_next(value, word, NULL))
        if (add_word(place, word, *out, at++, err))
            return ERR_FAIL;
    return 0;
}

static int read_value(const struct entry_place *place, struct json_node value,
                      const struct entry_key *key, void *out, struct err *err)
{
    void *field = (char *)out + key->offset;

    switch (key->kind) {
    case ENTRY_TEXT:
        return entry_text(place, value, field, key->size, err);
    case ENTRY_PATH:
        return read_path(place, value, field, key->size, err);
    case ENTRY_SWITCH:
        return read_switch(place, value, field, err);
    case ENTRY_NUMBER:
        return read_number(place, value, key, field, err);
    case ENTRY_TIME:
        return read_time(place, value, key, field, err);
    case ENTRY_ARGV:
        return read_argv(place, value, field, err);
    case ENTRY_OWN:
        break;
    }
    return key->read(place, value, field, err);
}

static const struct entry_key *find_key(struct json_node name, const struct entry_key *keys,
                                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (json_names(name, keys[i].name))
            return &keys[i];
    return NULL;
}

static int refuse_unknown(const struct entry_place *place, const char *name,
                          const struct entry_key *keys, size_t count, struct err *err)
{
    struct nearest nearest;

    nearest_init(&nearest, name);
    for (size_t i = 0; i < count; i++)
        nearest_try(&nearest, keys[i].name);
    if (nearest_found(&nearest))
        return entry_refuse(place, err, "is not known (did you mean %s?)", nearest_found(&nearest));
    return entry_refuse(place, err, "is not known");
}

int entry_keys_read(const struct entry_place *place, struct json_node object,
                    const struct entry_key *keys, size_t count, void *out, struct err *err)
{
    struct json_node name, value = {0};

    if (json_kind(object) != JSON_OBJECT)
        return entry_refuse(place, err, "must be an object: { ... }");
    while ((value = json_next(object, value, &name)).doc) {
        const struct entry_key *key = find_key(name, keys, count);
        struct entry_place below;
        char text[NAME_SIZE];

        if (!json_string(name, text, sizeof text))
            str_copy(text, sizeof text, "a very long name");
        entry_place_below(place, text, &below);
        if (!key)
            return refuse_unknown(&below, text, keys, count, err);
        if (json_present(value) && read_value(&below, value, key, out, err))
            return ERR_FAIL;
    }
    return 0;
}
