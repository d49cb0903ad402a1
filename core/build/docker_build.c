/*
 * The original ran `docker build` inside the context, so its Dockerfile is relative to the context.
 * Users of docker expect a path relative to the current folder. Both work, in this order.
 */
#include "build/docker_build.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/err.h"

#define BETWEEN ", \t\r\n" /* two items of a list */

int docker_build_platforms(const char *text, char out[BUILD_PLATFORMS_SIZE], struct err *err)
{
    size_t used = 0;

    out[0] = '\0';
    for (text += strspn(text, BETWEEN); *text; text += strspn(text, BETWEEN)) {
        size_t size = strcspn(text, BETWEEN);

        if (used + size + sizeof "," > BUILD_PLATFORMS_SIZE)
            return err_set(err, ERR_USAGE, "value", "--platform is too long");
        used += (size_t)snprintf(out + used, BUILD_PLATFORMS_SIZE - used, "%s%.*s", used ? "," : "",
                                 (int)size, text);
        text += size;
    }
    return used ? 0 : err_set(err, ERR_USAGE, "value", "--platform names no platform");
}

/* Stores a path that no program reads as a flag. */
static int set_path(char out[BUILD_PATH_SIZE], const char *path, struct err *err)
{
    int used = snprintf(out, BUILD_PATH_SIZE, "%s%s", path[0] == '-' ? "./" : "", path);

    if (used < 0 || used >= BUILD_PATH_SIZE)
        return err_set(err, ERR_USAGE, "value", "the path is too long: %.100s...", path);
    return 0;
}

static int find_context(const struct build_request *request, struct docker_build *out,
                        struct err *err)
{
    struct stat stat_of;

    if (set_path(out->context, request->context ? request->context : request->path, err))
        return ERR_FAIL;
    if (stat(out->context, &stat_of))
        return err_errno(err, errno, "context", "build context %s", out->context);
    if (!S_ISDIR(stat_of.st_mode))
        return err_set(err, ERR_LOCAL, "context", "build context %s: not a folder", out->context);
    return 0;
}

static bool is_file(const char *path)
{
    struct stat stat_of;

    return stat(path, &stat_of) == 0 && !S_ISDIR(stat_of.st_mode);
}

static int find_dockerfile(const struct build_request *request, struct docker_build *out,
                           struct err *err)
{
    const char *name = request->dockerfile;
    char inside[2 * BUILD_PATH_SIZE];

    if (!strcmp(name, "-") || name[0] == '/' || !strcmp(out->context, "."))
        snprintf(inside, sizeof inside, "%s", name);
    else
        snprintf(inside, sizeof inside, "%s/%s", out->context, name);
    if (!strcmp(name, "-")) {
        str_copy(out->dockerfile, sizeof out->dockerfile, name);
        return 0;
    }
    if (is_file(inside))
        return set_path(out->dockerfile, inside, err);
    if (strcmp(name, "Dockerfile") != 0 && is_file(name)) /* a file that the user named */
        return set_path(out->dockerfile, name, err);
    return err_set(err, ERR_NOT_FOUND, CODE_DOCKERFILE, "dockerfile not found: %s", inside);
}

static void fill_words(const struct build_request *request, struct docker_build *out)
{
    const char *const build[] = {request->program, "build"};
    const char *const buildx[] = {request->program, "buildx",     "build",
                                  "--load",         "--platform", request->platform};
    const char *const *first = request->platform ? buildx : build;
    size_t count = request->platform ? ARRAY_SIZE(buildx) : ARRAY_SIZE(build);

    memcpy(out->argv, first, count * sizeof *first);
    if (request->quiet)
        out->argv[count++] = "--quiet";
    out->argv[count++] = "-f";
    out->argv[count++] = out->dockerfile;
    out->argv[count++] = "-t";
    out->argv[count++] = request->tag;
    if (request->iidfile) {
        out->argv[count++] = "--iidfile";
        out->argv[count++] = request->iidfile;
    }
    for (unsigned i = 0; i < request->more_count; i++)
        out->argv[count++] = request->more[i];
    out->argv[count++] = out->context;
    out->argv[count] = NULL;
}

int docker_build_make(const struct build_request *request, struct docker_build *out,
                      struct err *err)
{
    if (find_context(request, out, err) || find_dockerfile(request, out, err))
        return ERR_FAIL;
    fill_words(request, out);
    return 0;
}

/* ---- printing ---- */

static bool is_plain(const char *word)
{
    return *word && !word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789%+,-./:=@_")];
}

static void quote(struct text *out, const char *word)
{
    text_char(out, '\'');
    for (; *word; word++) {
        if (*word == '\'')
            text_str(out, "'\\''");
        else
            text_char(out, *word);
    }
    text_char(out, '\'');
}

void docker_build_line(const struct docker_build *plan, struct text *out)
{
    for (unsigned i = 0; plan->argv[i]; i++) {
        if (i)
            text_char(out, ' ');
        if (is_plain(plan->argv[i]))
            text_str(out, plan->argv[i]);
        else
            quote(out, plan->argv[i]);
    }
}
