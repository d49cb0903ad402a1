/*
 * Links are followed one by one. The links below /proc/self/fd (the targets of /dev/stdout and
 * /dev/fd) are not paths: the file of the descriptor may have no name, or must not be replaced.
 */
#include "base/output_path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "os/file.h"

#define HOPS_MAX 40 /* as in the kernel */

/* Splits a path into the real path of its folder and the name in it. -1 with errno. */
static int split(const char *path, char folder[PATH_MAX], const char **name)
{
    const char *slash = strrchr(path, '/');
    char before[PATH_MAX] = ".";

    *name = slash ? slash + 1 : path;
    if (slash == path)
        str_copy(before, sizeof before, "/");
    else if (slash)
        snprintf(before, sizeof before, "%.*s", (int)(slash - path), path);
    return realpath(before, folder) ? 0 : -1;
}

/* Returns true if the folder lists the descriptors of a process. Sets *own if it is this
 * process. */
static bool holds_descriptors(const char *folder, bool *own)
{
    static const char *const ours[] = {"/proc/self/fd", "/proc/thread-self/fd"};
    size_t size = strlen(folder);
    char real[PATH_MAX];

    *own = false;
    if (strncmp(folder, "/proc/", 6) != 0 || size < 3 || strcmp(folder + size - 3, "/fd") != 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        *own = *own || (realpath(ours[i], real) && strcmp(real, folder) == 0);
    return true;
}

static int classify(struct output_path *out, const char *path, struct err *err)
{
    if (S_ISDIR(out->st.st_mode)) {
        err_set(err, ERR_LOCAL, "output", "%s is a folder", path);
        return err_hint(err, "name a file in it");
    }
    if (S_ISSOCK(out->st.st_mode))
        return err_set(err, ERR_LOCAL, "output", "cannot write to %s: it is a socket", path);
    /* A rename cannot replace a mounted file, as in containers. */
    out->kind = S_ISREG(out->st.st_mode) && !os_is_mount_point(out->path) ? OUTPUT_PATH_FILE
                                                                          : OUTPUT_PATH_FIXED;
    return 0;
}

/* Returns true for a link of another user in a sticky folder such as /tmp. Linux refuses to follow
 * it (protected_symlinks), but readlink() does not. */
static bool is_foreign_link(const struct output_path *out, const char *folder)
{
    const mode_t shared = S_ISVTX | S_IWOTH;
    struct stat st;

    return out->st.st_uid != geteuid() && stat(folder, &st) == 0 &&
           (st.st_mode & shared) == shared && st.st_uid != out->st.st_uid;
}

static int refuse_link(const struct output_path *out, struct err *err)
{
    err_set(err, ERR_LOCAL, "output",
            "%s is a link of another user, in a folder that all users can write", out->path);
    return err_hint(err, "name another file");
}

/* Follows the link out->path by one step. */
static int follow_link(struct output_path *out, const char *folder)
{
    char target[PATH_MAX], next[PATH_MAX];
    ssize_t size = readlink(out->path, target, sizeof target - 1);
    int used;

    if (size < 0)
        return -1;
    target[size] = '\0';
    used = target[0] == '/' ? snprintf(next, sizeof next, "%s", target)
                            : snprintf(next, sizeof next, "%s/%s", folder, target);
    if (used < 0 || (size_t)used >= sizeof next) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(out->path, next, sizeof next);
    return 0;
}

char *output_path_beside(const char *path, const char *suffix)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t keep = strlen(name), most = NAME_MAX - strlen(suffix);

    if (keep > most)
        for (keep = most; keep && (name[keep] & 0xc0) == 0x80;)
            keep--;
    return str_format("%.*s%s", (int)(name - path + (ptrdiff_t)keep), path, suffix);
}

enum { DONE = 0, MORE = 1, BROKEN = 2 /* with errno */ };

/* Classifies out->path, or follows it by one link (MORE). Returns ERR_FAIL with err filled. */
static int classify_or_follow(struct output_path *out, const char *path, struct err *err)
{
    char folder[PATH_MAX];
    const char *name;
    bool own;

    if (lstat(out->path, &out->st) != 0) {
        out->kind = OUTPUT_PATH_NEW;
        return errno == ENOENT && out->path[0] ? DONE : BROKEN;
    }
    if (!S_ISLNK(out->st.st_mode))
        return classify(out, path, err);
    if (split(out->path, folder, &name) != 0)
        return BROKEN;
    if (is_foreign_link(out, folder))
        return refuse_link(out, err);
    if (!holds_descriptors(folder, &own))
        return follow_link(out, folder) ? BROKEN : MORE;
    out->kind = own ? OUTPUT_PATH_DESCRIPTOR : OUTPUT_PATH_FIXED;
    out->fd = own ? (int)strtol(name, NULL, 10) : -1;
    return own || stat(out->path, &out->st) == 0 ? DONE : BROKEN;
}

int output_path_find(struct output_path *out, const char *path, struct err *err)
{
    int answer = MORE;

    *out = (struct output_path){.fd = -1};
    errno = ENAMETOOLONG;
    if (!str_copy(out->path, sizeof out->path, path))
        answer = BROKEN;
    for (int hops = 0; answer == MORE && hops <= HOPS_MAX; hops++)
        answer = classify_or_follow(out, path, err);
    if (answer == MORE)
        errno = ELOOP;
    if (answer == MORE || answer == BROKEN)
        return err_errno(err, errno, "output", "cannot write %s", path);
    return answer;
}
