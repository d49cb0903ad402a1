/*
 * A lock file beside the list serializes writers; the list is replaced as a whole.
 */
#include "cli/settings/trust.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/owner.h"

#define HEX (SHA256_HEX_SIZE - 1)

static int list_path(getenv_fn *env, char out[PATH_MAX], struct err *err)
{
    const char *home = env("HOME");
    int used;

    if (!home || !*home) {
        err_set(err, ERR_LOCAL, "trust", "HOME is not set: the list of trusted files has no place");
        return err_hint(err, "name the file with --config FILE, or S3DOCK_CONFIG");
    }
    used = snprintf(out, PATH_MAX, "%s/.s3dock/trusted", home);
    if (used < 0 || used >= PATH_MAX - 16)
        return err_set(err, ERR_LOCAL, "trust", "the path in HOME is too long");
    return 0;
}

/* Reads the list; *out is empty if there is none. */
static int read_list(const char *path, struct text *out, struct err *err)
{
    char real[PATH_MAX];

    if (owner_read(path, out, real, err) >= 0)
        return 0;
    err_wrap(err, "the list of trusted files cannot be used");
    return err_hint(
        err, "you must be the only one who can write the file and its folder (chown, chmod go-w)");
}

/* Parses the next line of a list. Skips lines of another form. False at the end. */
static bool next_line(const char **at, char hex[SHA256_HEX_SIZE], char path[PATH_MAX])
{
    while (**at) {
        const char *line = *at;
        size_t size = strcspn(line, "\n");

        *at += size + (line[size] == '\n');
        if (size < HEX + 3 || size - HEX - 2 >= PATH_MAX || memcmp(line + HEX, "  ", 2) != 0)
            continue;
        snprintf(hex, SHA256_HEX_SIZE, "%.*s", HEX, line);
        snprintf(path, PATH_MAX, "%.*s", (int)(size - HEX - 2), line + HEX + 2);
        return true;
    }
    return false;
}

bool trust_holds(getenv_fn *env, const char *path, const char *hex)
{
    _cleanup_text_ struct text list = {0};
    char file[PATH_MAX], one[PATH_MAX], digest[SHA256_HEX_SIZE];
    const char *at;
    struct err ignored;

    text_init(&list, TRUST_LIST_MAX);
    if (list_path(env, file, &ignored) || read_list(file, &list, &ignored))
        return false;
    at = list.data;
    while (next_line(&at, digest, one))
        if (!strcmp(one, path) && !strcmp(digest, hex))
            return true;
    return false;
}

/* Copies the list without the lines of `path`. Returns whether there were any. */
static bool copy_others(const struct text *list, const char *path, struct text *out)
{
    char one[PATH_MAX], digest[SHA256_HEX_SIZE];
    const char *at = list->data;
    bool found = false;

    while (next_line(&at, digest, one)) {
        if (strcmp(one, path) != 0)
            text_printf(out, "%s  %s\n", digest, one);
        else
            found = true;
    }
    return found;
}

/* Replaces the digest of the path. `hex` NULL: removes the path. */
static int rewrite_list(const char *file, const char *path, const char *hex, struct err *err)
{
    _cleanup_text_ struct text list = {0};
    _cleanup_text_ struct text changed = {0};
    bool found;

    text_init(&list, TRUST_LIST_MAX);
    text_init(&changed, TRUST_LIST_MAX);
    if (read_list(file, &list, err))
        return ERR_FAIL;
    found = copy_others(&list, path, &changed);
    if (hex)
        text_printf(&changed, "%s  %s\n", hex, path);
    else if (!found)
        return TRUST_ABSENT;
    if (text_check(&changed, "the list of trusted files", err))
        return ERR_FAIL;
    return file_replace(file, text_view(&changed), 0600, err);
}

/* Creates the folder of the list and checks its owner: sudo may keep the HOME of another user. */
static int prepare_folder(const char *file, struct err *err)
{
    char folder[PATH_MAX];
    const char *fault;
    struct stat st;

    if (file_make_parents(file, 0700, err))
        return ERR_FAIL;
    if (!file_folder(file, folder) || stat(folder, &st))
        return err_set(err, ERR_LOCAL, "trust", "cannot use the folder of %s", file);
    fault = owner_fault(folder, &st);
    if (!fault)
        return 0;
    err_set(err, ERR_USAGE, CODE_OWNER, "%s %s", folder, fault);
    return err_hint(err, "check that HOME is your own folder; you must be the only one who can "
                         "write it (chown, chmod go-w)");
}

static int change_list(getenv_fn *env, const char *path, const char *hex, struct err *err)
{
    char file[PATH_MAX], lock[PATH_MAX];
    int fd, answer;

    if (strchr(path, '\n'))
        return err_set(err, ERR_USAGE, "trust", "a path with a line end cannot be stored");
    if (list_path(env, file, err) || prepare_folder(file, err))
        return ERR_FAIL;
    snprintf(lock, sizeof lock, "%.*s.lock", PATH_MAX - 8, file);
    answer = file_lock(lock, &fd, err);
    if (answer == FILE_BUSY) {
        err_set(err, ERR_CONFLICT, "trust", "another s3dock is changing the list of trusted files");
        return err_hint(err, "run the same command again");
    }
    if (answer)
        return ERR_FAIL;
    answer = rewrite_list(file, path, hex, err);
    close(fd);
    return answer;
}

int trust_add(getenv_fn *env, const char *path, const char *hex, struct err *err)
{
    return change_list(env, path, hex, err);
}

int trust_remove(getenv_fn *env, const char *path, struct err *err)
{
    return change_list(env, path, NULL, err);
}

int trust_list(getenv_fn *env, void (*each)(void *arg, const char *path, const char *hex),
               void *arg, struct err *err)
{
    _cleanup_text_ struct text list = {0};
    char file[PATH_MAX], path[PATH_MAX], hex[SHA256_HEX_SIZE];
    const char *at;

    text_init(&list, TRUST_LIST_MAX);
    if (list_path(env, file, err) || read_list(file, &list, err))
        return ERR_FAIL;
    at = list.data;
    while (next_line(&at, hex, path))
        each(arg, path, hex);
    return 0;
}
