/*
 * The sections and keys of both files become one list of rows. It is sorted by section, key, file
 * and position. The last of equal rows counts. The result is a list of sections, each with a sorted
 * range of keys.
 */
#include "aws/profiles.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/system.h"
#include "base/codes.h"
#include "base/err.h"

#define WARNINGS_MAX (80 * KIB)

/* A key, or with `key` NULL a section line. */
struct row {
    const struct shared_section *section;
    struct shared_key *key;
    bool credentials;
    size_t position; /* in its file */
};

struct value {
    const struct shared_key *key;
    bool credentials;
    struct shared_sub_key *subs;
    size_t sub_count;
};

struct aws_profile {
    enum aws_section kind;
    const char *name;
    const struct value *values; /* sorted by key */
    size_t count;
};

struct place {
    char path[PATH_MAX]; /* "": none */
    bool named;          /* by the variable */
};

struct aws_profiles {
    struct place places[2]; /* config, credentials */
    struct shared_file files[2];
    struct aws_profile *sections; /* sorted by kind and name */
    struct value *values;
    size_t section_count, value_count;
    struct text warnings;
};

/* ---- the places ---- */

/* Formats the path of a file. "~" at the beginning of `name` is the home directory, if there is
 * one. Returns false if the path is too long. */
static bool format_path(char out[PATH_MAX], const char *name, const char *home)
{
    bool in_home = name[0] == '~' && (name[1] == '/' || !name[1]);
    int size;

    in_home = in_home && *home;
    size = snprintf(out, PATH_MAX, "%s%s", in_home ? home : "", name + in_home);

    return size >= 0 && size < PATH_MAX;
}

static int find_place(const struct aws_system *system, const char *variable, const char *fallback,
                      struct place *out, struct err *err)
{
    const char *named = system->get_env(system->arg, variable);
    const char *home = system->get_env(system->arg, "HOME");

    out->named = named && *named;
    if (!out->named && (!home || !*home))
        return 0;
    if (format_path(out->path, out->named ? named : fallback, home ? home : ""))
        return 0;
    return err_set(err, ERR_USAGE, CODE_AWS_CONFIG, "the path in %s is too long",
                   out->named ? variable : "HOME");
}

/* ---- the files ---- */

/* Makes the failure to read a file a warning, or an error if the user named the file. */
static int report_unread(struct aws_profiles *profiles, const struct place *place, struct err *err)
{
    if (err->family == ERR_CANCELLED || err_is(err, ERR_LOCAL, CODE_MEMORY) ||
        err_is(err, ERR_USAGE, CODE_OWNER))
        return err_wrap(err, "the AWS file %s is not used", place->path);
    if (place->named || err_is(err, ERR_LOCAL, CODE_TOO_LARGE)) {
        err->family = ERR_USAGE;
        str_copy(err->code, sizeof err->code, CODE_AWS_CONFIG);
        return err_wrap(err, "the AWS file %s cannot be used", place->path);
    }
    text_printf(&profiles->warnings, "%s: the file is not used: %s\n", place->path, err->text);
    return 0;
}

static int load_file(struct aws_profiles *profiles, unsigned n, const struct aws_system *system,
                     struct err *err)
{
    const struct place *place = &profiles->places[n];
    _cleanup_text_ struct text content = {0};
    int answer;

    text_init_secret(&content, SHARED_FILE_MAX);
    if (!place->path[0] || !strcmp(place->path, "/dev/null"))
        return 0;
    answer = system->read_file(system->arg, place->path, SHARED_FILE_MAX, &content, err);
    if (answer < 0)
        return report_unread(profiles, place, err);
    if (answer == SYSTEM_ABSENT && place->named)
        text_printf(&profiles->warnings, "%s: there is no such file\n", place->path);
    answer = answer == SYSTEM_ABSENT ? 0
                                     : shared_file_parse(text_view(&content), place->path, n == 1,
                                                         &profiles->files[n], err);
    text_str(&profiles->warnings, profiles->files[n].warnings.data);
    return answer;
}

/* ---- merging ---- */

static int compare_rows(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    int order = (int)a->section->kind - (int)b->section->kind;

    if (!order)
        order = strcmp(a->section->name, b->section->name);
    if (!order)
        order = strcmp(a->key ? a->key->name : "", b->key ? b->key->name : "");
    if (!order)
        order = a->credentials - b->credentials;
    return order ? order : (a->position > b->position) - (a->position < b->position);
}

static size_t collect_rows(const struct aws_profiles *profiles, struct row *rows)
{
    size_t count = 0;

    for (unsigned n = 0; n < 2; n++) {
        const struct shared_file *file = &profiles->files[n];

        for (size_t i = 0; i < file->section_count; i++)
            if (!file->sections[i].dropped)
                rows[count++] = (struct row){.section = &file->sections[i], .position = i};
        for (size_t i = 0; i < file->key_count; i++)
            rows[count++] = (struct row){.section = &file->sections[file->keys[i].section],
                                         .key = &file->keys[i],
                                         .credentials = n == 1,
                                         .position = i};
    }
    return count;
}

static bool is_same_section(const struct shared_section *a, const struct shared_section *b)
{
    return a->kind == b->kind && strcmp(a->name, b->name) == 0;
}

/* Warns of a key that a file sets twice: Python programs refuse such a file. */
static void warn_twice(struct aws_profiles *profiles, const struct row *row)
{
    const char *path = profiles->places[row->credentials].path;

    if (profiles->warnings.size + strlen(path) + 512 > profiles->warnings.max)
        return;
    text_printf(&profiles->warnings,
                "%s, line %u: %.64s is set again here, and the last value counts; the aws program "
                "refuses such a file\n",
                path, row->key->line, row->key->name);
}

/* Builds sections and values from the sorted rows; both lists have room for all rows. */
static int build_sections(struct aws_profiles *profiles, const struct row *rows, size_t count,
                          struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i], *next = i + 1 < count ? &rows[i + 1] : NULL;
        bool first = i == 0 || !is_same_section(row->section, rows[i - 1].section);
        struct value *value = &profiles->values[profiles->value_count];

        if (first)
            profiles->sections[profiles->section_count++] = (struct aws_profile){
                .kind = row->section->kind, .name = row->section->name, .values = value};
        if (!row->key)
            continue;
        if (next && next->key && is_same_section(row->section, next->section) &&
            !strcmp(row->key->name, next->key->name)) {
            if (row->credentials == next->credentials)
                warn_twice(profiles, next);
            continue;
        }
        *value = (struct value){.key = row->key, .credentials = row->credentials};
        profiles->value_count++;
        profiles->sections[profiles->section_count - 1].count++;
        if (shared_sub_keys_parse(row->key->value, &value->subs, &value->sub_count, err))
            return ERR_FAIL;
    }
    return 0;
}

static int merge_files(struct aws_profiles *profiles, struct err *err)
{
    size_t room = 1; /* calloc of 0 may return NULL */
    struct row *rows;
    int failed;

    for (unsigned n = 0; n < 2; n++)
        room += profiles->files[n].section_count + profiles->files[n].key_count;
    rows = calloc(room, sizeof *rows);
    profiles->sections = calloc(room, sizeof *profiles->sections);
    profiles->values = calloc(room, sizeof *profiles->values);
    if (rows && profiles->sections && profiles->values) {
        size_t count = collect_rows(profiles, rows);

        qsort(rows, count, sizeof *rows, compare_rows);
        failed = build_sections(profiles, rows, count, err);
    } else {
        failed = err_memory(err, "the AWS profiles");
    }
    free(rows);
    return failed;
}

int aws_profiles_load(const struct aws_system *system, struct aws_profiles **out, struct err *err)
{
    struct aws_profiles *profiles = calloc(1, sizeof *profiles);

    *out = NULL;
    if (!profiles)
        return err_memory(err, "the AWS profiles");
    text_init(&profiles->warnings, WARNINGS_MAX);
    for (unsigned n = 0; n < 2; n++)
        shared_file_parse((struct view){0}, "", false, &profiles->files[n], err); /* empty */
    if (find_place(system, "AWS_CONFIG_FILE", "~/.aws/config", &profiles->places[0], err) ||
        find_place(system, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials",
                   &profiles->places[1], err) ||
        load_file(profiles, 0, system, err) || load_file(profiles, 1, system, err) ||
        merge_files(profiles, err)) {
        aws_profiles_free(profiles);
        return ERR_FAIL;
    }
    *out = profiles;
    return 0;
}

void aws_profiles_free(struct aws_profiles *profiles)
{
    if (!profiles)
        return;
    for (size_t i = 0; i < profiles->value_count; i++)
        shared_sub_keys_free(profiles->values[i].subs, profiles->values[i].sub_count);
    for (unsigned n = 0; n < 2; n++)
        shared_file_finish(&profiles->files[n]);
    free(profiles->sections);
    free(profiles->values);
    text_finish(&profiles->warnings);
    free(profiles);
}

/* ---- lookups ---- */

const char *aws_profiles_config_path(const struct aws_profiles *profiles)
{
    return profiles->places[0].path;
}

const char *aws_profiles_credentials_path(const struct aws_profiles *profiles)
{
    return profiles->places[1].path;
}

const char *aws_profiles_warnings(const struct aws_profiles *profiles)
{
    return profiles->warnings.data;
}

/* Returns whether a section without effect is probably the wanted one: its name has quotes, or an
 * unknown kind precedes it. */
static bool is_probably(const char *section, const char *wanted)
{
    size_t size = strlen(section), length = strlen(wanted);

    if (size && strchr("\"'", section[size - 1]))
        size--;
    return size >= length && strncmp(section + size - length, wanted, length) == 0 &&
           (size == length || strchr(" \t\"'", section[size - length - 1]));
}

bool aws_profiles_explain(const struct aws_profiles *profiles, const char *name, struct err *err)
{
    for (unsigned n = 0; n < 2; n++) {
        const struct shared_file *file = &profiles->files[n];

        for (size_t i = 0; i < file->section_count; i++) {
            const struct shared_section *section = &file->sections[i];

            if (!section->warning_size || !is_probably(section->name, name))
                continue;
            err_hint(err, "%.*s", (int)section->warning_size,
                     file->warnings.data + section->warning_at);
            return true;
        }
    }
    return false;
}

static int compare_sections(const void *left, const void *right)
{
    const struct aws_profile *a = left, *b = right;

    return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->name, b->name);
}

const struct aws_profile *aws_profiles_find(const struct aws_profiles *profiles,
                                            enum aws_section kind, const char *name)
{
    struct aws_profile wanted = {.kind = kind, .name = name};

    return bsearch(&wanted, profiles->sections, profiles->section_count, sizeof wanted,
                   compare_sections);
}

const struct aws_profile *aws_profiles_at(const struct aws_profiles *profiles,
                                          enum aws_section kind, size_t n)
{
    for (size_t i = 0; i < profiles->section_count; i++)
        if (profiles->sections[i].kind == kind)
            return i + n < profiles->section_count && profiles->sections[i + n].kind == kind
                       ? &profiles->sections[i + n]
                       : NULL;
    return NULL;
}

const char *aws_profile_name(const struct aws_profile *profile)
{
    return profile->name;
}

static int compare_key(const void *name, const void *value)
{
    return strcmp(name, ((const struct value *)value)->key->name);
}

static const struct value *find_value(const struct aws_profile *profile, const char *key)
{
    return profile
               ? bsearch(key, profile->values, profile->count, sizeof *profile->values, compare_key)
               : NULL;
}

const char *aws_profile_get(const struct aws_profile *profile, const char *key)
{
    const struct value *value = find_value(profile, key);

    return value ? value->key->value : NULL;
}

const char *aws_profile_sub(const struct aws_profile *profile, const char *key, const char *sub_key)
{
    const struct value *value = find_value(profile, key);

    for (size_t i = value ? value->sub_count : 0; i > 0; i--)
        if (!strcmp(value->subs[i - 1].name, sub_key))
            return value->subs[i - 1].value;
    return NULL;
}

bool aws_profile_from_credentials(const struct aws_profile *profile, const char *key)
{
    const struct value *value = find_value(profile, key);

    return value && value->credentials;
}

bool aws_profile_at(const struct aws_profile *profile, size_t n, const char **key,
                    const char **value)
{
    if (n >= profile->count)
        return false;
    *key = profile->values[n].key->name;
    *value = profile->values[n].key->value;
    return true;
}

void aws_profile_place(const struct aws_profiles *profiles, const struct aws_profile *profile,
                       const char *key, char *out, size_t size)
{
    static const char *const words[] = {
        [AWS_PROFILE] = "profile", [AWS_SSO_SESSION] = "sso-session", [AWS_SERVICES] = "services"};

    char name[64];

    snprintf(name, sizeof name, "%.*s", (int)strcspn(key, "."), key);
    snprintf(out, size, "%s in %s %s of %s", key, words[profile->kind], profile->name,
             profiles->places[aws_profile_from_credentials(profile, name)].path);
}

int aws_profile_check_owner(const struct aws_system *system, const struct aws_profiles *profiles,
                            const struct aws_profile *profile, const char *key, struct err *err)
{
    bool credentials = aws_profile_from_credentials(profile, key);
    const struct place *place = &profiles->places[credentials];
    int answer;

    if (place->named || !system->check_owner)
        return 0;
    answer = system->check_owner(system->arg, place->path, err);
    if (answer == SYSTEM_OK)
        return 0;
    if (answer == SYSTEM_ABSENT)
        err_set(err, ERR_USAGE, CODE_OWNER, "%s was removed after it was read", place->path);
    err_wrap(err, "%s of profile %s is not used", key, profile->name);
    return err_hint(err,
                    "make sure that only you can write the file and its folder (chown, chmod "
                    "go-w); or name the file: %s",
                    credentials ? "AWS_SHARED_CREDENTIALS_FILE" : "AWS_CONFIG_FILE");
}
