/*
 * The first file that exists is the configuration; files are never merged. A file that exists and
 * cannot be read is an error, because the defaults name another bucket.
 */
#include "cli/settings/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json5.h"
#include "base/nearest.h"
#include "base/owner.h"
#include "cli/settings/option.h"
#include "cli/settings/trust.h"

#define PATH_TEXT_MAX 512 /* of a key, as shown */

static const struct json_limits LIMITS = {.bytes = CONFIG_FILE_MAX, .depth = 16, .nodes = 20000};

static bool is_group(struct json_node node)
{
    return json_kind(node) == JSON_OBJECT || !json_present(node);
}

static int check_deployments(struct json_node apps, struct err *err)
{
    struct json_node at = json_next(apps, (struct json_node){0}, NULL);

    if (!is_group(apps))
        return err_set(err, ERR_USAGE, CODE_CONFIG, CONFIG_DEPLOY " is not an object { ... }");
    for (; at.doc; at = json_next(apps, at, NULL))
        if (!is_group(at))
            return err_set(err, ERR_USAGE, CODE_CONFIG,
                           "an application of " CONFIG_DEPLOY " is not an object { ... }");
    return 0;
}

/* Checks the groups among the members of `node`. `start`: their keys begin with it. `shown`: their
 * names in errors do. */
static int check_members(struct json_node node, const char *start, const char *shown,
                         struct err *err)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const char *key = option_table[i].key ? option_table[i].key : "";
        const char *rest = strncmp(key, start, strlen(start)) ? "" : key + strlen(start);
        size_t size = strcspn(rest, ".");
        char group[CONFIG_NAME_MAX];

        snprintf(group, sizeof group, "%.*s", (int)size, rest);
        if (rest[size] && !is_group(json_get(node, group)))
            return err_set(err, ERR_USAGE, CODE_CONFIG, "%s%s is not an object { ... }", shown,
                           group);
    }
    return 0;
}

static int check_profiles(struct json_node profiles, struct err *err)
{
    struct json_node name, at = json_next(profiles, (struct json_node){0}, &name);
    char part[CONFIG_NAME_MAX], shown[CONFIG_NAME_MAX + 16];

    if (json_count(profiles) > CONFIG_PROFILES_MAX)
        return err_set(err, ERR_USAGE, CODE_CONFIG, "profiles has more than %d profiles",
                       CONFIG_PROFILES_MAX);
    for (; at.doc; at = json_next(profiles, at, &name)) {
        if (!is_group(at))
            return err_set(err, ERR_USAGE, CODE_CONFIG, "a profile is not an object { ... }");
        if (!json_string(name, part, sizeof part))
            return err_set(err, ERR_USAGE, CODE_CONFIG,
                           "the name of a profile has more than %d bytes, or a null character",
                           CONFIG_NAME_MAX - 1);
        snprintf(shown, sizeof shown, "profiles.%s.", part);
        if (check_members(at, "profiles.*.", shown, err))
            return ERR_FAIL;
    }
    return 0;
}

/* Checks that groups of keys are objects: otherwise their keys would silently have defaults. */
static int check_groups(const struct config_file *file, struct err *err)
{
    struct json_node root = json_root(file->json);

    if (json_kind(root) != JSON_OBJECT)
        return err_set(err, ERR_USAGE, CODE_CONFIG, "the file is not an object { ... }");
    return check_deployments(json_get(root, CONFIG_DEPLOY), err) ||
                   check_members(root, "", "", err) ||
                   check_profiles(json_get(root, "profiles"), err)
               ? ERR_FAIL
               : 0;
}

static int parse_content(struct config_file *file, struct view content, struct err *err)
{
    _cleanup_text_ struct text strict = {0};
    int failed;

    text_init(&strict, 2 * (size_t)CONFIG_FILE_MAX);
    failed = json5_to_json(content, &strict, err) || text_check(&strict, "configuration", err) ||
             json_parse(&file->json, text_view(&strict), &LIMITS, "configuration", err) ||
             check_groups(file, err);
    if (!failed)
        return 0;
    err->family = ERR_USAGE;
    str_copy(err->code, sizeof err->code, CODE_CONFIG);
    err_wrap(err, "failed to parse config file %s", file->path);
    return err_hint(err, "correct the file, or write a new one: s3dock config init FILE");
}

static bool readable_by_others(const char *path)
{
    struct stat st;

    return !stat(path, &st) && st.st_mode & (S_IRGRP | S_IROTH);
}

static bool holds_secret(const struct config_file *file)
{
    char name[CONFIG_NAME_MAX];
    char value[CONFIG_VALUE_MAX];
    struct err ignored;

    for (size_t n = 0; config_file_profile(file, n, name); n++)
        if (config_file_value(file, "profiles.*.secret_key", name, value, &ignored) == CONFIG_OK ||
            config_file_value(file, "profiles.*.customer_key", name, value, &ignored) == CONFIG_OK)
            return true;
    return false;
}

/* The owner of a named file, and of the file in /etc, is not checked. */
static int read_content(struct config_file *out, struct text *content, struct err *err)
{
    if (out->place == CONFIG_NAMED || out->place == CONFIG_SYSTEM)
        return file_read(out->path, content, err);
    return owner_read(out->path, content, out->real, err);
}

static int report_unreadable(const struct config_file *file, struct err *err)
{
    if (err_is(err, ERR_USAGE, CODE_OWNER)) {
        err_wrap(err, "the config file %s is not used", file->path);
        return err_hint(err,
                        "to use the file anyway: --config %s or S3DOCK_CONFIG; or make sure that "
                        "only you can write the file and its folder (chown, chmod go-w)",
                        file->path);
    }
    err_wrap(err, "failed to read config file %s", file->path);
    return err_hint(err,
                    "s3dock uses no other settings while this file exists: correct it, or move it");
}

/* Refuses a link to a file that does not exist: the defaults name another bucket. */
static int check_absence(const struct config_file *file, struct err *err)
{
    struct stat st;

    if (lstat(file->path, &st) != 0)
        return CONFIG_ABSENT;
    err_set(err, ERR_LOCAL, "read", "it is a link to a file that does not exist");
    return report_unreadable(file, err);
}

static void look_up_trust(struct config_file *file, struct view content, getenv_fn *env)
{
    uint8_t sum[SHA256_SIZE];

    sha256_of(content, sum);
    hex_encode(sum, sizeof sum, file->sha256);
    file->trusted = trust_holds(env, file->real, file->sha256);
}

/* Loads one file. CONFIG_ABSENT: no such file. */
static int load_path(const char *path, getenv_fn *env, struct config_file *out, struct err *err)
{
    _cleanup_text_ struct text content = {0};
    int answer;

    if (!str_copy(out->path, sizeof out->path, path))
        return err_set(err, ERR_USAGE, CODE_CONFIG, "the path of the config file is too long");
    text_init(&content, CONFIG_FILE_MAX);
    answer = read_content(out, &content, err);
    if (answer)
        return answer < 0 ? report_unreadable(out, err) : check_absence(out, err);
    if (parse_content(out, text_view(&content), err))
        return ERR_FAIL;
    out->exposed = readable_by_others(path) && holds_secret(out);
    if (out->place == CONFIG_FOLDER)
        look_up_trust(out, text_view(&content), env);
    return CONFIG_OK;
}

static int load_named(const char *named, getenv_fn *env, struct config_file *out, struct err *err)
{
    int answer = load_path(named, env, out, err);

    if (answer != CONFIG_ABSENT)
        return answer;
    err_set(err, ERR_USAGE, CODE_CONFIG, "failed to read config file %s: %s", named,
            strerror(ENOENT));
    return err_hint(err, "s3dock config init %s writes one", named);
}

/* Loads the first file of the places from `first` on. */
static int load_first(enum config_place first, getenv_fn *env, struct config_file *out,
                      struct err *err)
{
    const char *home = env("HOME");
    char in_home[PATH_MAX] = "";
    const struct {
        const char *path;
        enum config_place place;
    } places[] = {{CONFIG_IN_FOLDER, CONFIG_FOLDER},
                  {in_home, CONFIG_HOME},
                  {"/etc/s3dock/config.json5", CONFIG_SYSTEM}};

    if (home && *home && strlen(home) < PATH_MAX - 32)
        snprintf(in_home, sizeof in_home, "%s/.s3dock/config.json5", home);
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        int answer = CONFIG_ABSENT;

        if (places[i].place < first)
            continue;
        memset(out, 0, sizeof *out);
        out->place = places[i].place;
        if (places[i].path[0])
            answer = load_path(places[i].path, env, out, err);
        if (answer != CONFIG_ABSENT)
            return answer;
    }
    memset(out, 0, sizeof *out);
    return CONFIG_ABSENT;
}

int config_file_load(const char *named, getenv_fn *env, struct config_file *out, struct err *err)
{
    memset(out, 0, sizeof *out);
    return named ? load_named(named, env, out, err) : load_first(CONFIG_FOLDER, env, out, err);
}

int config_file_load_own(getenv_fn *env, struct config_file *out, struct err *err)
{
    return load_first(CONFIG_HOME, env, out, err);
}

bool config_file_is_input(const struct config_file *file)
{
    return file->place == CONFIG_FOLDER && !file->trusted;
}

void config_file_finish(struct config_file *file)
{
    json_destroy(file->json);
    memset(file, 0, sizeof *file);
}

struct json_node config_file_root(const struct config_file *file)
{
    return file->json ? json_root(file->json) : (struct json_node){0};
}

bool config_file_deploys(const struct config_file *file)
{
    struct json_node entries = json_get(config_file_root(file), CONFIG_DEPLOY);

    return json_next(entries, (struct json_node){0}, NULL).doc;
}

/* Finds the node of a dotted key. The name of the profile replaces an asterisk. */
static struct json_node find_node(const struct config_file *file, const char *key,
                                  const char *profile)
{
    struct json_node node = config_file_root(file);

    while (*key) {
        char part[CONFIG_NAME_MAX];
        size_t size = strcspn(key, ".");

        snprintf(part, sizeof part, "%.*s", (int)size, key);
        node = strcmp(part, "*") ? json_get(node, part) : json_get_exact(node, profile);
        key += size + (key[size] == '.');
    }
    return node;
}

/* Refuses the value of a key. The error has the name of the profile instead of the asterisk. */
static int refuse_value(const struct config_file *file, const char *key, const char *profile,
                        const char *why, struct err *err)
{
    const char *star = strchr(key, '*');

    if (!star)
        return err_set(err, ERR_USAGE, CODE_CONFIG, "%s in %s %s", key, file->path, why);
    return err_set(err, ERR_USAGE, CODE_CONFIG, "%.*s%s%s in %s %s", (int)(star - key), key,
                   profile, star + 1, file->path, why);
}

int config_file_value(const struct config_file *file, const char *key, const char *profile,
                      char out[CONFIG_VALUE_MAX], struct err *err)
{
    struct json_node node = find_node(file, key, profile);
    struct view raw;

    out[0] = 0;
    switch (json_kind(node)) {
    case JSON_ABSENT:
    case JSON_NULL:
        return CONFIG_ABSENT;
    case JSON_STRING:
        if (json_string(node, out, CONFIG_VALUE_MAX))
            return out[0] ? CONFIG_OK : CONFIG_ABSENT;
        return refuse_value(file, key, profile, "is too long, or has a null character", err);
    case JSON_BOOL:
    case JSON_NUMBER:
        raw = json_raw(node);
        if (raw.size < CONFIG_VALUE_MAX) {
            memcpy(out, raw.data, raw.size);
            out[raw.size] = 0;
            return CONFIG_OK;
        }
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return refuse_value(file, key, profile, "must be a plain value", err);
}

bool config_file_has_profile(const struct config_file *file, const char *profile)
{
    struct json_node profiles = json_get(config_file_root(file), "profiles");

    return json_kind(json_get_exact(profiles, profile)) == JSON_OBJECT;
}

bool config_file_profile(const struct config_file *file, size_t n, char out[CONFIG_NAME_MAX])
{
    struct json_node profiles = json_get(config_file_root(file), "profiles"), name;
    struct json_node at = json_next(profiles, (struct json_node){0}, &name);

    for (; at.doc; at = json_next(profiles, at, &name))
        if (json_kind(at) == JSON_OBJECT && json_string(name, out, CONFIG_NAME_MAX) && n-- == 0)
            return true;
    return false;
}

struct search {
    void (*report)(void *arg, const char *text);
    void *arg;
    char shown[PATH_TEXT_MAX];   /* profiles.eu.bucket */
    char pattern[PATH_TEXT_MAX]; /* profiles.*.bucket */
};

enum known { KNOWN_NOT, KNOWN_GROUP, KNOWN_KEY };

static enum known known_as(const char *pattern)
{
    size_t size = strlen(pattern);

    if (!strcasecmp(pattern, "profiles") || !strcasecmp(pattern, "profiles.*"))
        return KNOWN_GROUP;
    if (!strcasecmp(pattern, CONFIG_DEPLOY) || !strcasecmp(pattern, "profiles.*." CONFIG_TRUST))
        return KNOWN_KEY; /* their readers refuse unknown keys */
    for (unsigned i = 0; i < 2 * OPTION_COUNT; i++) {
        const struct option *option = &option_table[i / 2];
        const char *key = i % 2 ? option->also : option->key;

        if (!key || strncasecmp(key, pattern, size) != 0)
            continue;
        if (!key[size])
            return KNOWN_KEY;
        if (key[size] == '.')
            return KNOWN_GROUP;
    }
    return KNOWN_NOT;
}

/* Reports an unknown key, with the most similar key of the same group. */
static void report_unknown(struct search *search)
{
    const char *dot = strrchr(search->pattern, '.');
    size_t parent = dot ? (size_t)(dot - search->pattern) + 1 : 0;
    char line[2 * PATH_TEXT_MAX];
    char siblings[OPTION_COUNT][32];
    struct nearest nearest;

    nearest_init(&nearest, search->pattern + parent);
    if (!parent)
        nearest_try(&nearest, CONFIG_DEPLOY);
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        const char *key = option_table[i].key;

        if (!key || strncasecmp(key, search->pattern, parent) != 0)
            continue;
        snprintf(siblings[i], sizeof siblings[i], "%.*s", (int)strcspn(key + parent, "."),
                 key + parent);
        nearest_try(&nearest, siblings[i]);
    }
    if (nearest_found(&nearest))
        snprintf(line, sizeof line, "unknown key %s (did you mean %s?)", search->shown,
                 nearest_found(&nearest));
    else
        snprintf(line, sizeof line, "unknown key %s", search->shown);
    search->report(search->arg, line);
}

static void append_part(char path[PATH_TEXT_MAX], size_t size, const char *part)
{
    snprintf(path + size, PATH_TEXT_MAX - size, "%s%s", size ? "." : "", part);
}

/* Reports a member with an equal one behind it. Members of a large object are not compared, because
 * each comparison visits all of them. */
static void report_repeated(struct search *search, struct json_node parent, struct json_node at,
                            const char *part)
{
    bool profiles = !strcasecmp(search->pattern, "profiles.*");
    char line[2 * PATH_TEXT_MAX];

    if (json_count(parent) > CONFIG_PROFILES_MAX || !json_present(at) ||
        (profiles ? json_get_exact : json_get)(parent, part).at == at.at)
        return;
    snprintf(line, sizeof line, "%s is repeated: the last value is used", search->shown);
    search->report(search->arg, line);
}

static void search_members(struct search *search, struct json_node parent)
{
    size_t shown = strlen(search->shown), pattern = strlen(search->pattern);
    bool profiles = !strcasecmp(search->pattern, "profiles");
    struct json_node name;
    struct json_node at = json_next(parent, (struct json_node){0}, &name);

    for (; at.doc; at = json_next(parent, at, &name)) {
        char part[CONFIG_NAME_MAX];

        if (!json_string(name, part, sizeof part))
            str_copy(part, sizeof part, "(a name that is too long)");
        append_part(search->shown, shown, part);
        append_part(search->pattern, pattern, profiles ? "*" : part);
        if (known_as(search->pattern) != KNOWN_NOT)
            report_repeated(search, parent, at, part);
        switch (known_as(search->pattern)) {
        case KNOWN_NOT:
            report_unknown(search);
            break;
        case KNOWN_GROUP:
            search_members(search, at);
            break;
        case KNOWN_KEY:
            break;
        }
        search->shown[shown] = search->pattern[pattern] = 0;
    }
}

void config_file_unknown(const struct config_file *file,
                         void (*report)(void *arg, const char *text), void *arg)
{
    struct search search = {.report = report, .arg = arg};

    search_members(&search, config_file_root(file));
}
