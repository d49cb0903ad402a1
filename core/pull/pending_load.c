/*
 * The path of a note depends only on the daemon's identity and the name, so that every process of
 * the user finds it.
 */
#include "pull/pending_load.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "docker/docker.h"

#define NAME_SIZE 32

/* A daemon that denies /info has an unknown store, which may be containerd's. */
static bool needs_note(const struct docker *docker)
{
    const struct docker_engine *engine = docker_engine(docker);

    return !engine->podman && (engine->containerd_store || !engine->driver[0]);
}

static int path_of(const struct docker *docker, const char *ref, char out[PATH_MAX],
                   struct err *err)
{
    char folder[PATH_MAX], hex[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_SIZE];
    struct text subject;
    int length;

    if (file_cache_dir(folder, sizeof folder, err))
        return ERR_FAIL;
    text_init(&subject, 8 * KIB);
    text_printf(&subject, "%s\n%s", docker_engine(docker)->identity, ref);
    sha256_of(text_view(&subject), sum);
    text_finish(&subject);
    hex_encode(sum, sizeof sum, hex);
    length = snprintf(out, PATH_MAX, "%s/loads/%.*s", folder, NAME_SIZE, hex);
    if (length < 0 || length >= PATH_MAX)
        return err_errno(err, ENAMETOOLONG, "loads", "cannot use %s", folder);
    return 0;
}

bool pending_load_is(const struct docker *docker, const char *ref)
{
    char path[PATH_MAX];
    struct err ignored;

    return needs_note(docker) && path_of(docker, ref, path, &ignored) == 0 &&
           access(path, F_OK) == 0;
}

int pending_load_add(const struct docker *docker, const char *ref, struct err *err)
{
    char path[PATH_MAX], line[1024];
    int length;

    if (!needs_note(docker))
        return 0;
    length = snprintf(line, sizeof line, "%.1000s\n", ref);
    if (path_of(docker, ref, path, err) || file_make_parents(path, 0700, err))
        return ERR_FAIL;
    return file_replace(path, view_of(line, (size_t)length), 0600, err);
}

void pending_load_remove(const struct docker *docker, const char *ref)
{
    char path[PATH_MAX];
    struct err ignored;

    if (path_of(docker, ref, path, &ignored) == 0)
        unlink(path);
}
