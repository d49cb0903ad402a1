/*
 * An image is named after a commit, so the files must be those of that commit. The repository is
 * checked before and after the build. The user's own docker program builds, with the user's cache,
 * secrets and .dockerignore. The first request to the daemon precedes the build, so that an
 * unreachable daemon is reported early. The second one follows the build, because a build may store
 * its image elsewhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "build/build_result.h"
#include "build/docker_arguments.h"
#include "build/docker_build.h"
#include "build/git.h"
#include "catalog/name.h"
#include "catalog/platform.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/connect.h"
#include "cli/settings/args.h"
#include "docker/docker.h"
#include "flow/run.h"
#include "push/own_platform.h"

#define BUILDX_PATIENCE (10 * NS_PER_S) /* until docker buildx version is killed */
#define LIST_TEXT_SIZE  512             /* bytes; the text of an error has 768 */

/* NOLINTNEXTLINE(misc-redundant-expression): the two macros are equal today */
_Static_assert((int)BUILD_MORE_MAX == (int)ARGS_OPERANDS_MAX, "all arguments fit");

struct build {
    const char *app;
    struct git_head head;
    struct git_changes changes;
    struct build_request request;
    struct docker_build plan;
    struct build_result result;
    char platforms[BUILD_PLATFORMS_SIZE];
    char tag[NAME_REF_MAX];
    char image_id[DIGEST_TEXT_SIZE]; /* "" before the build */
};

/* ---- the repository ---- */

/* Formats "a, b and 3 more". */
static void format_list(const struct git_list *list, char out[LIST_TEXT_SIZE])
{
    size_t used = 0;
    unsigned i;

    out[0] = '\0';
    for (i = 0; i < list->count && i < GIT_LIST_MAX; i++) {
        if (used + strlen(list->paths[i]) + sizeof ", and 4294967295 more" > LIST_TEXT_SIZE)
            break;
        used += (size_t)snprintf(out + used, LIST_TEXT_SIZE - used, "%s%s", i ? ", " : "",
                                 list->paths[i]);
    }
    if (i < list->count)
        snprintf(out + used, LIST_TEXT_SIZE - used, " and %u more", list->count - i);
}

/* Names the remedy where git status shows none, or a wrong one. */
static int hint_changes(const struct git_changes *changes, struct err *err)
{
    if (changes->unnamed)
        return err_hint(err, "git fetches only submodules that .gitmodules names: add it with git "
                             "submodule add URL FOLDER, remove it with git rm --cached FOLDER, or "
                             "commit its new state");
    if (changes->submodules)
        return err_hint(err, "run git submodule update --init --recursive, or commit the new state "
                             "of the submodule");
    if (changes->hidden)
        return err_hint(err, "run git update-index --no-skip-worktree FILE, and again with "
                             "--no-assume-unchanged; then git status shows the change");
    if (changes->filter[0])
        return err_hint(err,
                        "run git status, and try again: s3dock does not run the filter %s, because "
                        "only .git/config defines it (git config --global defines it permanently)",
                        changes->filter);
    return err_hint(err, "use git commit or git stash; git status lists all changes");
}

static int refuse_changes(const struct git_changes *changes, struct err *err)
{
    char list[LIST_TEXT_SIZE];

    format_list(&changes->changed, list);
    err_set(err, ERR_CONFLICT, "uncommitted",
            "repository has uncommitted changes - commit all changes before building: %s", list);
    return hint_changes(changes, err);
}

static int refuse_untracked(const struct git_list *untracked, struct err *err)
{
    char list[LIST_TEXT_SIZE];

    format_list(untracked, list);
    err_set(err, ERR_CONFLICT, "untracked",
            "repository has untracked files - commit, ignore or remove them before building: %s",
            list);
    return err_hint(err, "without --strict, untracked files cause a warning only");
}

static void warn_untracked(const struct cli *cli, const struct git_list *untracked)
{
    char list[LIST_TEXT_SIZE];

    format_list(untracked, list);
    output_warn(&cli->output, "untracked files are not in the commit, but may be in the image: %s",
                list);
}

static int check_changes(const struct cli *cli, const struct git_changes *changes, struct err *err)
{
    if (changes->changed.count)
        return refuse_changes(changes, err);
    if (!changes->untracked.count)
        return 0;
    if (config_switch(&cli->config, OPT_STRICT))
        return refuse_untracked(&changes->untracked, err);
    warn_untracked(cli, &changes->untracked);
    return 0;
}

static void warn_reader(const struct cli *cli, const struct git_head *head)
{
    if (head->by_library)
        output_warn(
            &cli->output,
            "%s: libgit2 reads the repository; it supports no filters and not every feature of git",
            head->why);
}

/* A context outside of the repository is allowed, but the commit does not describe its content. */
static void warn_outside(const struct cli *cli, const struct build *build)
{
    size_t size = strlen(build->head.root);
    char *context = realpath(build->plan.context, NULL);

    if (context && size > 1 &&
        (strncmp(context, build->head.root, size) != 0 || (context[size] && context[size] != '/')))
        output_warn(&cli->output,
                    "the context %s is outside of the repository %s: the commit does not describe "
                    "its content",
                    build->plan.context, build->head.root);
    free(context);
}

/* ---- the plan ---- */

static int read_platforms(struct build *build, const char *list, struct err *err)
{
    if (!list)
        return 0;
    build->request.platform = build->platforms;
    return docker_build_platforms(list, build->platforms, err);
}

static int plan_build(struct cli *cli, struct build *build, struct err *err)
{
    const struct config *config = &cli->config;
    const struct args *args = cli->args;

    build->request = (struct build_request){
        .program = config_text(config, OPT_DOCKER_PROGRAM),
        .tag = build->tag,
        .path = config_text(config, OPT_PATH),
        .context = config_text(config, OPT_CONTEXT),
        .dockerfile = config_text(config, OPT_DOCKERFILE),
        .more = args->operands + args->passed,
        .more_count = args->operand_count - args->passed,
        .quiet = cli->output.quiet,
    };
    if (read_platforms(build, config_text(config, OPT_PLATFORM), err) ||
        git_read(build->request.path, cli->cancel, &build->head, &build->changes, err) ||
        check_changes(cli, &build->changes, err))
        return ERR_FAIL;
    warn_reader(cli, &build->head);
    snprintf(build->tag, sizeof build->tag, "%s:%s-%s", build->app, build->head.time,
             build->head.short_hash);
    if (!config_switch(config, OPT_DRY_RUN) &&
        build_result_begin(&build->result, &build->request, err))
        return ERR_FAIL;
    if (docker_build_make(&build->request, &build->plan, err))
        return ERR_FAIL;
    warn_outside(cli, build);
    return 0;
}

/* ---- the build ---- */

/* Only containerd's store has an image for several platforms, and only Docker 28 and newer report
 * and export each of them: a push from an older one would leave out all but one. */
static int check_platforms(const struct build *build, const struct docker *docker, struct err *err)
{
    const struct docker_engine *engine = docker_engine(docker);

    if (!docker_arguments_several(&build->request) ||
        (engine->containerd_store && engine->reports_content))
        return 0;
    err_set(err, ERR_UNSUPPORTED, "platforms",
            engine->containerd_store
                ? "Docker %s exports one platform of an image, not several"
                : "this Docker %s stores images of one platform, not of several",
            engine->version);
    return err_hint(err, "build and push one platform after the other, or use Docker 28 or newer "
                         "with its containerd image store");
}

/* Returns true if the daemon has the platform `text` of the image, with all of its blobs. buildx
 * also knows short names, such as "arm64" or "local": they are not compared. */
static bool has_platform(const struct docker_platform *all, unsigned count, const char *text)
{
    struct platform wanted;

    if (!platform_parse(text, &wanted))
        return true;
    for (unsigned i = 0; i < count; i++) {
        struct platform platform = own_platform_of(all[i].os, all[i].architecture, all[i].variant);

        if (platform.os[0] && platform_same(&platform, &wanted))
            return true;
    }
    return false;
}

/* Checks that the daemon has each of several platforms that were built. */
static int check_built(const struct build *build, struct docker *docker, struct err *err)
{
    const char *at = strchr(build->platforms, ',') ? build->platforms : "";
    struct docker_platform all[DOCKER_PLATFORMS_MAX];
    unsigned count = 0;

    if (*at && docker_platforms(docker, build->tag, all, &count, err) < 0)
        return err_wrap(err, "the build succeeded, but its platforms cannot be read");
    while (count && *at) {
        char text[PLATFORM_TEXT_SIZE];
        size_t size = strcspn(at, ",");

        snprintf(text, sizeof text, "%.*s", (int)size, at);
        if (!has_platform(all, count, text))
            return err_set(err, ERR_DOCKER, "build",
                           "the build succeeded, but %s in Docker has no image for %s", build->tag,
                           text);
        at += size + (at[size] == ',');
    }
    return 0;
}

/* Checks that the daemon responds, and notes which image has the name before the build. */
static int check_daemon(struct cli *cli, struct build *build, struct err *err)
{
    struct docker *docker = NULL;
    int failed = connect_docker(cli, &docker, err) || check_platforms(build, docker, err) ||
                 build_result_look(&build->result, docker, build->tag, err);

    docker_close(docker);
    return failed;
}

static void ignore_output(void *arg, struct view bytes)
{
    (void)arg;
    (void)bytes;
}

/* docker without buildx reads the flags of `buildx build` as its own. Its messages do not name
 * buildx. */
static bool lacks_buildx(const struct cli *cli, const struct build_request *request,
                         char *const *env)
{
    const char *const argv[] = {request->program, "buildx", "version", NULL};
    _cleanup_text_ struct text errors = {0};
    struct run_output output = {.take = ignore_output, .errors = &errors};
    struct run_options run = {.argv = argv,
                              .env = env,
                              .output = &output,
                              .limit = BUILDX_PATIENCE,
                              .cancel = cli->cancel};
    struct err ignored;
    int code = 0;

    text_init(&errors, 4 * KIB);
    return request->platform && run_program(&run, &code, &ignored) == 0 && code != 0;
}

static int build_failed(const struct build_request *request, int code, struct err *err)
{
    const char *what = request->platform ? "buildx build" : "build";

    if (code > 128)
        return err_set(err, ERR_DOCKER, "build", "%s %s was terminated by signal %d",
                       request->program, what, code - 128);
    err_set(err, ERR_DOCKER, "build", "%s %s failed with exit code %d", request->program, what,
            code);
    return err_hint(err, "see its messages above");
}

static int refuse_without_buildx(const struct build_request *request, struct err *err)
{
    err_set(err, ERR_DOCKER, "buildx", "%s has no buildx, which builds with --platform",
            request->program);
    return err_hint(err, "install its plugin buildx (the package docker-buildx-plugin, in Debian "
                         "docker-buildx), or build without --platform on a host of that platform");
}

/* The program gets the environment of the user, AWS_* included (for --secret), without S3DOCK_*.
 * Keys of the configuration file are in no environment. */
static int run_build(struct cli *cli, const struct build *build, struct err *err)
{
    const char *host = config_text(&cli->config, OPT_DOCKER_HOST);
    const char *context = config_text(&cli->config, OPT_DOCKER_CONTEXT);
    char variable[1100];
    const char *const changes[] = {"S3DOCK_*", host || context ? variable : NULL,
                                   host ? "DOCKER_CONTEXT" : "DOCKER_HOST", NULL};
    struct run_options run = {.argv = build->plan.argv, .cancel = cli->cancel};
    char **env;
    int code = 0, failed;

    if (host || context) /* the program must use the same daemon */
        snprintf(variable, sizeof variable, "%s=%s", host ? "DOCKER_HOST" : "DOCKER_CONTEXT",
                 host ? host : context);
    env = run_environment(changes);
    if (!env)
        return err_memory(err, "the environment of docker");
    run.env = env;
    failed = run_program(&run, &code, err);
    if (!failed && code)
        failed = lacks_buildx(cli, &build->request, env)
                     ? refuse_without_buildx(&build->request, err)
                     : build_failed(&build->request, code, err);
    free(env);
    return failed;
}

/* ---- after it ---- */

/* Describes how the repository differs from its state before the build. False: no difference. */
static bool describe_change(const struct cli *cli, const struct build *build,
                            const struct git_head *head, const struct git_changes *changes,
                            char out[LIST_TEXT_SIZE])
{
    bool untracked = config_switch(&cli->config, OPT_STRICT) && changes->untracked.count;

    if (strcmp(head->hash, build->head.hash) != 0)
        snprintf(out, LIST_TEXT_SIZE, "HEAD was %s and is %s", build->head.short_hash,
                 head->short_hash);
    else if (changes->changed.count)
        format_list(&changes->changed, out);
    else if (untracked)
        format_list(&changes->untracked, out);
    return strcmp(head->hash, build->head.hash) != 0 || changes->changed.count || untracked;
}

static int check_repository_again(struct cli *cli, const struct build *build, struct err *err)
{
    struct git_changes *changes = calloc(1, sizeof *changes);
    char change[LIST_TEXT_SIZE] = "";
    struct git_head head;
    int failed;

    if (!changes)
        return err_memory(err, "the changes of the repository");
    failed = git_read(build->request.path, cli->cancel, &head, changes, err);
    if (!failed && describe_change(cli, build, &head, changes, change)) {
        failed = err_set(err, ERR_CONFLICT, "changed",
                         "the repository changed while the image was built: %s", change);
        err_hint(err, "the image may differ from the commit, so its name was removed: build again "
                      "while nothing else changes the repository");
    }
    free(changes);
    return failed ? ERR_FAIL : 0;
}

/* Removes the name from the new image. If that fails, the error reports the wrong name first. */
static int remove_name(const struct build *build, struct docker *docker, const char *id,
                       struct err *err)
{
    struct err found;

    if (build_result_undo(&build->result, docker, build->tag, id, &found))
        return err_wrap(err, "%s still names the wrong image (%.200s)", build->tag, found.text);
    return ERR_FAIL;
}

static int check_image(struct cli *cli, struct build *build, struct err *err)
{
    struct docker *docker = NULL;
    struct docker_image image;
    int failed = connect_docker(cli, &docker, err);

    if (failed)
        return err_wrap(err, "the build succeeded, but its image could not be checked");
    failed = build_result_check(&build->result, docker, &build->request, &image, err) ||
             check_built(build, docker, err);
    if (!failed && check_repository_again(cli, build, err))
        failed = remove_name(build, docker, image.id, err);
    docker_close(docker);
    if (!failed)
        str_copy(build->image_id, sizeof build->image_id, image.id);
    return failed;
}

/* ---- the result ---- */

static void write_list(struct json_writer *w, const char *name, const struct git_list *list)
{
    if (!list->count)
        return;
    jw_array(w, name);
    for (unsigned i = 0; i < list->count && i < GIT_LIST_MAX; i++)
        jw_string(w, NULL, list->paths[i]);
    jw_end(w);
}

static void write_data(struct json_writer *w, const struct build *build, bool dry_run)
{
    jw_string(w, "image_tag", build->tag);
    jw_string(w, "app_name", build->app);
    jw_string(w, "git_hash", build->head.short_hash);
    jw_string(w, "git_time", build->head.time);
    if (!dry_run)
        jw_string(w, "image_id", build->image_id);
    write_list(w, "untracked", &build->changes.untracked);
    if (!dry_run)
        return;
    jw_bool(w, "dry_run", true);
    jw_array(w, "would_run");
    for (unsigned i = 0; build->plan.argv[i]; i++)
        jw_string(w, NULL, build->plan.argv[i]);
    jw_end(w);
}

static void print_result(struct cli *cli, const struct build *build, bool dry_run)
{
    write_data(output_data(&cli->output), build, dry_run);
    if (dry_run) {
        docker_build_line(&build->plan, &cli->output.lines);
        text_char(&cli->output.lines, '\n');
    } else {
        output_line(&cli->output, "%s", build->tag); /* REF=$(s3dock build shop) */
    }
}

static int build_image(struct cli *cli, struct build *build, struct err *err)
{
    bool dry_run = config_switch(&cli->config, OPT_DRY_RUN);

    if (plan_build(cli, build, err))
        return ERR_FAIL;
    if (!dry_run && (check_daemon(cli, build, err) || run_build(cli, build, err) ||
                     check_image(cli, build, err)))
        return ERR_FAIL;
    print_result(cli, build, dry_run);
    return 0;
}

int cmd_build(struct cli *cli, struct err *err)
{
    struct build *build;
    int failed;

    if (name_check_app(cli->args->operands[0], err))
        return ERR_FAIL;
    build = calloc(1, sizeof *build);
    if (!build)
        return err_memory(err, "the build");
    build->app = cli->args->operands[0];
    failed = build_image(cli, build, err);
    build_result_finish(&build->result);
    free(build);
    return failed;
}
