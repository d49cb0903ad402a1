/* The id of the result is compared with the id of the image that has the name before and after the
 * build. */
#include "build/build_result.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/file.h"
#include "build/docker_arguments.h"
#include "docker/docker.h"
#include "flow/run.h"
#include "os/file.h"

#define IID_MAX 256

/* A docker that was installed as a snap can access neither the cache folder nor /tmp. */
static bool is_confined(const struct build_request *request)
{
    char program[PATH_MAX], real[PATH_MAX];

    return run_find(request->program, program, sizeof program) &&
           (!strncmp(program, "/snap/", 6) ||
            (realpath(program, real) &&
             (!strcmp(real, "/usr/bin/snap") || strstr(real, "/snap/"))));
}

/* ---- the id file ---- */

static int make_file(struct build_result *result, struct err *err)
{
    char cache[PATH_MAX - 32];
    int fd;

    if (file_cache_dir(cache, sizeof cache, err))
        return ERR_FAIL;
    snprintf(result->iidfile, sizeof result->iidfile, "%s/iid.XXXXXX", cache);
    fd = os_temp_file(result->iidfile);
    if (fd < 0) {
        err_errno(err, errno, "write", "cannot write %s", result->iidfile);
        result->iidfile[0] = '\0';
        return ERR_FAIL;
    }
    close(fd);
    result->ours = true;
    return 0;
}

int build_result_begin(struct build_result *result, struct build_request *request, struct err *err)
{
    const char *theirs = docker_arguments_value(request, "--iidfile");

    *result = (struct build_result){.ours = false};
    if (theirs) {
        if (!str_copy(result->iidfile, sizeof result->iidfile, theirs))
            return err_set(err, ERR_USAGE, "value", "--iidfile is too long");
        if (stat(theirs, &result->was))
            result->was = (struct stat){0};
        return 0;
    }
    if (docker_arguments_refuse_iidfile(request) || is_confined(request))
        return 0;
    if (make_file(result, err))
        return ERR_FAIL;
    request->iidfile = result->iidfile;
    return 0;
}

/* Returns false if the build did not change the user's file: its id is old then. */
static bool was_written(const struct build_result *result)
{
    struct stat now;

    if (result->ours)
        return true;
    return stat(result->iidfile, &now) == 0 &&
           (now.st_ino != result->was.st_ino || now.st_size != result->was.st_size ||
            os_modified(&now) != os_modified(&result->was));
}

/* Reads the id that docker wrote; "": none. */
static void read_id(const struct build_result *result, char out[IID_MAX])
{
    _cleanup_text_ struct text text = {0};
    struct err ignored;

    out[0] = '\0';
    text_init(&text, IID_MAX - 1);
    if (!result->iidfile[0] || !was_written(result) ||
        file_read(result->iidfile, &text, &ignored) != FILE_OK)
        return;
    snprintf(out, IID_MAX, "%.*s", (int)strcspn(text.data, " \r\n"), text.data);
}

void build_result_finish(struct build_result *result)
{
    if (result->ours && result->iidfile[0])
        unlink(result->iidfile);
}

/* ---- the name ---- */

int build_result_look(struct build_result *result, struct docker *docker, const char *tag,
                      struct err *err)
{
    struct docker_image image;
    int answer = docker_inspect(docker, tag, &image, err);

    if (answer == DOCKER_OK)
        str_copy(result->before, sizeof result->before, image.id);
    return answer < 0 ? ERR_FAIL : 0;
}

static const char *without_kind(const char *id)
{
    return digest_text_hex(id);
}

/* Returns true if this build made the image `id`, which has the name now. */
static bool is_result(const struct build_result *result, const struct build_request *request,
                      const struct docker *docker, const char *id)
{
    char written_id[IID_MAX];

    read_id(result, written_id);
    if (written_id[0] && !strcmp(without_kind(written_id), without_kind(id)))
        return true;
    if (written_id[0] && !docker_engine(docker)->containerd_store)
        return false;
    if (strcmp(id, result->before) != 0)
        return true;
    return !docker_arguments_elsewhere(request) && (written_id[0] || !result->iidfile[0]);
}

static int is_absent(const struct build_request *request, struct err *err)
{
    err_set(err, ERR_DOCKER, "build", "the build succeeded, but %s is not in Docker", request->tag);
    return err_hint(err,
                    "do the arguments after -- send it elsewhere, does the builder need --load, or "
                    "does %s use another daemon?",
                    request->program);
}

static int is_older(const struct build_request *request, const char *id, struct err *err)
{
    err_set(err, ERR_DOCKER, "build",
            "the build succeeded, but its image is not %s in Docker: that is %.19s of an earlier "
            "build",
            request->tag, id);
    return err_hint(err,
                    "do the arguments after -- send it elsewhere, does the builder need --load, or "
                    "does %s use another daemon?",
                    request->program);
}

int build_result_check(const struct build_result *result, struct docker *docker,
                       const struct build_request *request, struct docker_image *image,
                       struct err *err)
{
    int answer = docker_inspect(docker, request->tag, image, err);

    if (answer < 0)
        return err_wrap(err, "the build succeeded, but its image was not found");
    if (answer == DOCKER_ABSENT)
        return is_absent(request, err);
    return is_result(result, request, docker, image->id) ? 0 : is_older(request, image->id, err);
}

int build_result_undo(const struct build_result *result, struct docker *docker, const char *tag,
                      const char *id, struct err *err)
{
    const char *colon = strrchr(tag, ':');
    char repo[512];
    struct err ignored;

    if (!strcmp(id, result->before))
        return 0; /* the name was not moved */
    snprintf(repo, sizeof repo, "%.*s", (int)(colon - tag), tag);
    if (result->before[0] &&
        docker_tag(docker, result->before, repo, colon + 1, &ignored) == DOCKER_OK)
        return 0;
    return docker_untag(docker, tag, err) < 0 ? ERR_FAIL : 0;
}
