/*
 * The spec goes into a file beside the configuration file, and the entry into the configuration
 * file. Neither is ever overwritten. The configuration file keeps its trust, if it had it: the
 * entry is the user's own.
 */
#include "cli/commands/deploy_spec.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "base/random.h"
#include "cli/cli.h"
#include "cli/connect.h"
#include "cli/settings/config_insert.h"
#include "cli/settings/trust.h"
#include "deploy/spec/adopt.h"
#include "docker/container.h"
#include "docker/docker.h"

/* The files of one call. */
struct places {
    char config[PATH_MAX]; /* that gets the entry */
    char file[PATH_MAX];   /* with the spec */
    char key[PATH_MAX];    /* `container` of the entry: relative to the folder of config, or
                                absolute */
    bool new_config;       /* there is none so far */
};

/* ---- paths ---- */

static int report_long(struct err *err)
{
    return err_set(err, ERR_USAGE, "arguments", "the path of the spec is too long");
}

/* Appends "/NAME" to the folder of `path`. */
static bool path_beside(const char *path, const char *name, char out[PATH_MAX])
{
    char folder[PATH_MAX];

    return file_folder(path, folder) && snprintf(out, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

static bool real_folder(const char *path, char out[PATH_MAX])
{
    char folder[PATH_MAX];

    return file_folder(path, folder) && realpath(folder, out);
}

/* Returns whether two files are in the same folder, which exists. */
static bool is_same_folder(const char *a, const char *b)
{
    char one[PATH_MAX], other[PATH_MAX];

    return real_folder(a, one) && real_folder(b, other) && strcmp(one, other) == 0;
}

/* Makes a path of the current folder absolute. */
static bool make_absolute(const char *path, char out[PATH_MAX])
{
    char folder[PATH_MAX];

    if (*path == '/')
        return str_copy(out, PATH_MAX, path);
    return getcwd(folder, sizeof folder) &&
           snprintf(out, PATH_MAX, "%s/%s", folder, path) < PATH_MAX;
}

static int find_places(const struct cli *cli, const char *app, const char *env, const char *output,
                       struct places *out, struct err *err)
{
    const char *config = cli->config.file.path, *slash;
    char name[NAME_MAX];

    memset(out, 0, sizeof *out);
    out->new_config = !config[0];
    snprintf(out->config, sizeof out->config, "%s", config[0] ? config : CONFIG_IN_FOLDER);
    if (!output) {
        snprintf(name, sizeof name, "%s.%s.json5", app, env);
        str_copy(out->key, sizeof out->key, name);
        return path_beside(out->config, name, out->file) ? 0 : report_long(err);
    }
    if (!str_copy(out->file, sizeof out->file, output))
        return report_long(err);
    slash = strrchr(output, '/');
    if (is_same_folder(out->config, out->file))
        return str_copy(out->key, sizeof out->key, slash ? slash + 1 : output) ? 0
                                                                               : report_long(err);
    return make_absolute(output, out->key) ? 0 : report_long(err);
}

/* ---- writing ---- */

/* Appends the configuration with the entry. */
static int add_entry(const struct places *places, const char *app, const char *env,
                     const struct adopted *spec, struct text *out, struct err *err)
{
    _cleanup_text_ struct text old = {0};

    text_init(&old, CONFIG_FILE_MAX);
    if (places->new_config)
        text_str(&old,
                 "// s3dock configuration: s3dock config init FILE writes all settings\n{\n}\n");
    else if (file_read(places->config, &old, err))
        return ERR_FAIL;
    if (config_insert(text_view(&old), app, env, text_view(&spec->entry), out, err) == 0)
        return 0;
    err_wrap(err, "%s", places->config);
    return err_is(err, ERR_CONFLICT, "exists")
               ? err_hint(err, "edit that entry, or remove it first")
               : err_hint(err, "add the entry by hand: s3dock deploy ... --dry-run prints it");
}

/* Trusts the new content of a file of the current folder. An untrusted file remains untrusted. */
static void keep_trust(struct cli *cli, const struct places *places, struct view content)
{
    const struct config_file *file = &cli->config.file;
    uint8_t sum[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE], real[PATH_MAX];
    struct err err;

    if (!places->new_config && (file->place != CONFIG_FOLDER || !file->trusted))
        return;
    sha256_of(content, sum);
    hex_encode(sum, sizeof sum, hex);
    if (!realpath(places->config, real) || trust_add(config_environment, real, hex, &err))
        output_warn(&cli->output, "run s3dock config trust before the deployment");
}

static int write_config(struct cli *cli, const struct places *places, struct view content,
                        struct err *err)
{
    struct stat st;
    int answer;

    if (places->new_config)
        answer = file_create(places->config, content, 0600, err);
    else if (stat(places->config, &st))
        return err_errno(err, errno, "open", "%s", places->config);
    else
        answer = file_replace(places->config, content, st.st_mode & 07777, err);
    if (answer == FILE_BUSY)
        return err_set(err, ERR_CONFLICT, "exists", "%s exists already", places->config);
    if (!answer)
        keep_trust(cli, places, content);
    return answer;
}

static int write_spec(const struct places *places, const struct adopted *spec, struct err *err)
{
    int answer = file_create(places->file, text_view(&spec->container), 0600, err);
    char folder[PATH_MAX];

    if (answer == FILE_BUSY) {
        err_set(err, ERR_CONFLICT, "exists", "%s exists already", places->file);
        return err_hint(err, "edit that file, or write another one with --output FILE");
    }
    if (answer < 0 && !real_folder(places->file, folder))
        return err_hint(err, "create its folder first");
    return answer;
}

static int write_files(struct cli *cli, const struct places *places, const char *app,
                       const char *env, const struct adopted *spec, struct err *err)
{
    _cleanup_text_ struct text config = {0};

    text_init(&config, 2 * (size_t)CONFIG_FILE_MAX);
    if (add_entry(places, app, env, spec, &config, err) || write_spec(places, spec, err))
        return ERR_FAIL;
    if (write_config(cli, places, text_view(&config), err) == 0)
        return 0;
    (void)unlink(places->file);
    return ERR_FAIL;
}

/* ---- printing ---- */

static void print_lines(struct cli *cli, const struct text *text,
                        void (*print)(struct cli *cli, const char *line))
{
    const char *at = text->data ? text->data : "";
    char line[2048];

    while (*at) {
        size_t size = strcspn(at, "\n");

        snprintf(line, sizeof line, "%.*s", (int)size, at);
        print(cli, line);
        at += size + (at[size] == '\n');
    }
}

static void print_result(struct cli *cli, const char *line)
{
    output_line(&cli->output, "%s", line);
}

static void print_notice(struct cli *cli, const char *line)
{
    output_notice(&cli->output, "note: %s", line);
}

static void write_notes(struct json_writer *w, const struct text *notes)
{
    const char *at = notes->data ? notes->data : "";

    jw_array(w, "notes");
    while (*at) {
        size_t size = strcspn(at, "\n");

        jw_string_view(w, NULL, view_of(at, size));
        at += size + (at[size] == '\n');
    }
    jw_end(w);
}

static void write_data(struct cli *cli, const struct places *places, const char *app,
                       const char *env, const struct adopted *spec, bool written)
{
    struct json_writer *w = output_data(&cli->output);

    jw_string(w, "app_name", app);
    jw_string(w, "environment", env);
    jw_string(w, "config", places->config);
    jw_string(w, "file", places->file);
    jw_bool(w, "written", written);
    jw_string_view(w, "container", text_view(&spec->container));
    jw_string_view(w, "entry", text_view(&spec->entry));
    write_notes(w, &spec->notes);
}

/* Prints what would be written, in two parts that can be pasted. */
static void print_spec(struct cli *cli, const struct places *places, const char *app,
                       const char *env, const struct adopted *spec)
{
    output_line(&cli->output, "// %s: the container", places->file);
    print_lines(cli, &spec->container, print_result);
    output_line(&cli->output, "%s", "");
    output_line(&cli->output, "// %s: the entry deploy.%s.%s", places->config, app, env);
    print_lines(cli, &spec->entry, print_result);
}

/* A new file has no bucket, and users seldom own the default one. */
static void note_bucket(struct cli *cli, const struct places *places)
{
    char origin[256];

    config_origin(&cli->config, OPT_BUCKET, origin, sizeof origin);
    if (strcmp(origin, "default") == 0)
        output_note(&cli->output,
                    "%s names no bucket yet: s3dock config init FILE writes a file with all "
                    "settings",
                    places->config);
}

static void print_written(struct cli *cli, const struct places *places, const char *app,
                          const char *env)
{
    bool untrusted = !places->new_config && config_file_is_input(&cli->config.file);

    output_line(&cli->output, "wrote %s", places->file);
    output_line(&cli->output, "%s deploy.%s.%s in %s", places->new_config ? "wrote" : "added", app,
                env, places->config);
    if (places->new_config)
        note_bucket(cli, places);
    output_note(&cli->output, "next: read both files, then run %ss3dock deploy --dry-run %s %s",
                untrusted ? "s3dock config trust, and " : "", app, env);
}

/* ---- both ways ---- */

/* Writes the spec, or prints it. */
static int finish(struct cli *cli, const struct places *places, const char *app, const char *env,
                  const struct adopted *spec, bool write, struct err *err)
{
    if (write && write_files(cli, places, app, env, spec, err))
        return ERR_FAIL;
    write_data(cli, places, app, env, spec, write);
    if (!cli->output.json)
        print_lines(cli, &spec->notes, print_notice);
    if (write)
        print_written(cli, places, app, env);
    else
        print_spec(cli, places, app, env, spec);
    return 0;
}

static const char *output_file(const struct cli *cli)
{
    const char *output = config_text(&cli->config, OPT_OUTPUT);

    return output && strcmp(output, "-") != 0 ? output : NULL;
}

int deploy_spec_init(struct cli *cli, const char *app, const char *env, struct err *err)
{
    const char *output = config_text(&cli->config, OPT_OUTPUT);
    bool print = config_switch(&cli->config, OPT_DRY_RUN) || (output && !output_file(cli));
    struct adopted spec = {0};
    struct places places;
    int failed = find_places(cli, app, env, output_file(cli), &places, err) ||
                 adopt_init(app, env, places.key, &spec, err) ||
                 finish(cli, &places, app, env, &spec, !print, err);

    adopted_finish(&spec);
    return failed ? ERR_FAIL : 0;
}

/* ---- adopt ---- */

static int create_bare(struct docker *docker, const char *image, char id[DOCKER_ID_SIZE],
                       struct err *err)
{
    _cleanup_text_ struct text body = {0};
    struct json_writer w;
    char name[64] = "s3dock-bare-";

    if (random_hex(name + strlen(name), 8, err))
        return ERR_FAIL;
    text_init(&body, 4 * KIB);
    jw_init(&w, &body, true);
    jw_object(&w, NULL);
    jw_string(&w, "Image", image);
    jw_end(&w);
    return docker_container_create(docker, name, text_view(&body), id, NULL, err);
}

/* Inspects a container that has nothing but the image. */
static int inspect_bare(struct cli *cli, struct docker *docker, const char *image,
                        struct docker_container *out, struct err *err)
{
    char id[DOCKER_ID_SIZE];
    struct err ignored;
    int failed;

    if (create_bare(docker, image, id, err))
        return ERR_FAIL;
    failed = docker_container_inspect(docker, id, out, err);
    if (docker_container_discard(docker, id, &ignored) < 0)
        output_warn(&cli->output, "remove the container %.12s: %s", id, ignored.text);
    return failed ? ERR_FAIL : 0;
}

static int inspect_named(struct docker *docker, const char *name, struct docker_container *out,
                         struct err *err)
{
    int answer = docker_container_inspect(docker, name, out, err);

    if (answer == DOCKER_ABSENT)
        return err_set(err, ERR_NOT_FOUND, CODE_CONTAINER, "there is no container %s", name);
    return answer;
}

static int read_spec(struct cli *cli, struct docker *docker, const char *app, const char *env,
                     const char *key, struct adopted *spec, struct err *err)
{
    const char *name = config_text(&cli->config, OPT_ADOPT);
    struct docker_container container = {0}, bare = {0};
    int failed = inspect_named(docker, name, &container, err) ||
                 inspect_bare(cli, docker, container.image_id, &bare, err) ||
                 adopt_write(&container, &bare, docker_engine(docker)->default_runtime, app, env,
                             key, spec, err);

    docker_container_finish(&bare);
    docker_container_finish(&container);
    return failed ? ERR_FAIL : 0;
}

int deploy_spec_adopt(struct cli *cli, const char *app, const char *env, struct err *err)
{
    bool write = output_file(cli) && !config_switch(&cli->config, OPT_DRY_RUN);
    struct docker *docker = NULL;
    struct adopted spec = {0};
    struct places places;
    int failed = find_places(cli, app, env, output_file(cli), &places, err) ||
                 connect_docker(cli, &docker, err) ||
                 read_spec(cli, docker, app, env, places.key, &spec, err) ||
                 finish(cli, &places, app, env, &spec, write, err);

    docker_close(docker);
    adopted_finish(&spec);
    return failed ? ERR_FAIL : 0;
}
