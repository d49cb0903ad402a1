/* All settings of all scopes are read in one call; those of the repository that name programs are
 * overridden. */
#include "build/git_filters.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/utf8.h"
#include "build/git_program.h"

#define SETTINGS_MAX (1 * MIB) /* of all settings, as text */
#define KEY_MAX_SIZE 1024

/* One line of `git config --null --show-scope`: "scope" NUL "key" LF "value" NUL. */
struct setting {
    const char *scope;
    const char *key;
    size_t key_size;
    const char *value; /* "true" for a key without a value */
};

/* Reads the next setting. Returns false at the end. */
static bool next_setting(const struct text *all, size_t *at, struct setting *out)
{
    const char *line;

    if (*at >= all->size)
        return false;
    out->scope = all->data + *at;
    *at += strlen(out->scope) + 1;
    if (*at >= all->size)
        return false;
    line = all->data + *at;
    *at += strlen(line) + 1;
    out->key = line;
    out->key_size = strcspn(line, "\n");
    out->value = line[out->key_size] ? line + out->key_size + 1 : "true";
    return true;
}

static bool is_of_repository(const struct setting *setting)
{
    return !strcmp(setting->scope, "local") || !strcmp(setting->scope, "worktree");
}

static bool key_ends(const struct setting *setting, const char *end)
{
    size_t size = strlen(end);

    return setting->key_size >= size && !memcmp(setting->key + setting->key_size - size, end, size);
}

/* Returns the value of the key in the configuration of the user or the system, or NULL. */
static const char *value_of_user(const struct text *all, const struct setting *setting)
{
    struct setting other;
    const char *found = NULL;
    size_t at = 0;

    while (next_setting(all, &at, &other))
        if (!is_of_repository(&other) && other.key_size == setting->key_size &&
            !memcmp(other.key, setting->key, other.key_size))
            found = other.value;
    return found;
}

/* Notes the name in "filter.NAME.clean". */
static void note_filter(struct git_filters *out, const struct setting *setting)
{
    const size_t front = strlen("filter.");
    const char *end = setting->key + setting->key_size;

    while (end > setting->key && *end != '.')
        end--;
    if (out->skipped[0] || strncmp(setting->key, "filter.", front) != 0 ||
        end < setting->key + front ||
        !(key_ends(setting, ".clean") || key_ends(setting, ".process")))
        return;
    snprintf(out->skipped, sizeof out->skipped, "%.*s", (int)(end - setting->key - (long)front),
             setting->key + front);
    str_printable(out->skipped);
}

/* The settings that `git lfs install --local` and `git-crypt unlock` write. Their programs come
 * from PATH, and the words after them are fixed. */
static bool is_well_known(const struct setting *setting)
{
    static const struct {
        const char *key, *value;
    } known[] = {
        {"filter.lfs.clean", "git-lfs clean -- %f"},
        {"filter.lfs.process", "git-lfs filter-process"},
        {"filter.lfs.process", "git-lfs filter-process --skip"},
        {"filter.git-crypt.clean", "\"git-crypt\" clean"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (setting->key_size == strlen(known[i].key) && key_ends(setting, known[i].key) &&
            strcmp(setting->value, known[i].value) == 0)
            return true;
    return false;
}

/* Overrides the repository's value of the key by the user's value, or by one without effect. */
static int outweigh(struct git_program *git, const struct text *all, const struct setting *setting,
                    struct git_filters *out, struct err *err)
{
    const char *value = value_of_user(all, setting);
    char key[KEY_MAX_SIZE];

    if (setting->key_size >= sizeof key)
        return err_set(err, ERR_LOCAL, "repository", "%s has a filter with a name that is too long",
                       git->folder);
    snprintf(key, sizeof key, "%.*s", (int)setting->key_size, setting->key);
    if (value)
        return git_program_set(git, key, value, err);
    if (is_well_known(setting))
        return 0;
    note_filter(out, setting);
    value = key_ends(setting, ".required") || key_ends(setting, ".enabled") ? "false" : "";
    return git_program_set(git, key, value, err);
}

static bool is_on(const char *value)
{
    static const char *const off[] = {"", "0", "false", "no", "off"};

    for (size_t i = 0; i < ARRAY_SIZE(off); i++)
        if (strcasecmp(value, off[i]) == 0)
            return false;
    return true;
}

static int use_settings(struct git_program *git, const struct text *all, struct git_filters *out,
                        struct err *err)
{
    struct setting setting;
    size_t at = 0;

    while (next_setting(all, &at, &setting)) {
        if (key_ends(&setting, "core.sparsecheckout"))
            out->sparse = is_on(setting.value);
        else if (is_of_repository(&setting) && outweigh(git, all, &setting, out, err))
            return ERR_FAIL;
    }
    return 0;
}

int git_filters_guard(struct git_program *git, struct git_filters *out, struct err *err)
{
    static const char keys[] =
        "^(filter\\..*\\.(clean|smudge|process|required)|hook\\..*\\.(command|enabled|event)|"
        "lfs\\.extension\\..*\\.(clean|smudge)|core\\.sparsecheckout)$";
    static const char *const words[] = {"config",       "--null", "--show-scope",
                                        "--get-regexp", keys,     NULL};
    _cleanup_text_ struct text all = {0};
    struct git_call call = {.words = words, .take = git_program_text, .arg = &all};
    int failed;

    *out = (struct git_filters){.sparse = false};
    text_init(&all, SETTINGS_MAX);
    git_program_unset_all(git);
    failed = git_program_run(git, &call, err);
    if (!failed && call.code > 1) /* 1: no such setting */
        failed = err_set(err, ERR_LOCAL, "repository", "the configuration of %s cannot be read: %s",
                         git->folder, call.errors.data);
    text_finish(&call.errors);
    return failed || text_check(&all, "the filters of a repository", err) ||
                   use_settings(git, &all, out, err)
               ? ERR_FAIL
               : 0;
}
