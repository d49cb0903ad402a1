/*
 * The Engine API, one connection a request.
 *
 * The version is negotiated as the docker command line does it: the lower of ours and the daemon's
 * (from the ping), but never below the daemon's minimum; paths then carry it. What the daemon says
 * in an answer is hostile until read by the bounded JSON reader, and shown only printable.
 */
#include "wire/docker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "wire/docker_stream.h"
#include "wire/stream.h"

#define OUR_API       "1.48" /* the newest whose answers are known here */
#define OLDEST_API    "1.24" /* of daemons that do not tell */
#define PATH_MAX_SIZE 2048
#define NAME_MAX_SIZE 512
#define SAID_SIZE     512

struct docker {
    struct docker_endpoint endpoint;
    struct stream_peer peer;
    struct docker_engine engine;
};

struct docker_export {
    struct stream *stream;
};

struct docker_load {
    struct stream *stream;
};

/* ---- versions ---- */

static bool split_version(const char *text, unsigned *major, unsigned *minor)
{
    size_t first = strspn(text, "0123456789");
    size_t second = text[first] == '.' ? strspn(text + first + 1, "0123456789") : 0;

    *major = *minor = 0;
    if (first < 1 || first > 3 || second < 1 || second > 4 || text[first + 1 + second])
        return false;
    *major = (unsigned)strtoul(text, NULL, 10);
    *minor = (unsigned)strtoul(text + first + 1, NULL, 10);
    return true;
}

/* Negative, 0, positive as a is older, equal, newer than b. Both are proper. */
static int compare_versions(const char *a, const char *b)
{
    unsigned am, an, bm, bn;

    split_version(a, &am, &an);
    split_version(b, &bm, &bn);
    if (am != bm)
        return am < bm ? -1 : 1;
    return an == bn ? 0 : an < bn ? -1 : 1;
}

static bool is_version(const char *text)
{
    unsigned major, minor;

    return split_version(text, &major, &minor);
}

/* ---- requests ---- */

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

/* Adds a reference as it stands in a path: its separators stay, all else but plain characters is
 * percent-encoded. */
static void add_encoded(struct text *path, const char *name, const char *keep)
{
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-._~", c) || strchr(keep, c))
            text_char(path, (char)c);
        else
            text_printf(path, "%%%02X", c);
    }
}

/* A daemon that hangs says nothing about itself. */
static int unanswered(const struct docker *docker, struct err *err)
{
    if (strcmp(err->code, "timeout") != 0)
        return ERR_FAIL;
    err_wrap(err, "the Docker daemon at %s (%s)", docker->endpoint.host, docker->endpoint.origin);
    return err_hint(err, "it hangs or is overloaded: its log may say why (journalctl -u docker); "
                         "docker.timeout in the configuration gives it longer");
}

/* Opens "/v1.41" + path, or the bare path while the version is not known yet. `within`: ns for the
 * whole exchange, 0: no end. */
static struct stream *open_request(struct docker *docker, const char *method, const char *path,
                                   bool upload, int64_t within, struct err *err)
{
    struct stream_peer peer = docker->peer;
    char full[PATH_MAX_SIZE + 32];
    const char *version = docker->engine.api_version;
    struct stream *stream;

    snprintf(full, sizeof full, "%s%s%s", *version ? "/v" : "", version, path);
    log_debug("docker: %s %s", method, full);
    peer.answer_within = within;
    stream = stream_open(&peer, method, full, upload ? "application/x-tar" : NULL, view_of(NULL, 0),
                         upload, err);
    if (!stream && err->family == ERR_DOCKER) {
        err_wrap(err, "no Docker daemon at %s (%s)", docker->endpoint.host,
                 docker->endpoint.origin);
        if (!err->hint[0])
            err_hint(err, "start it (systemctl start docker), or name another with --docker-host "
                          "or DOCKER_HOST");
    }
    return stream;
}

/* The rest of an answer, up to the maximum of `out`. */
static int read_all(struct stream *stream, struct text *out, struct err *err)
{
    const size_t size = 64 * KIB;
    uint8_t *piece = malloc(size);
    long got = 1;

    if (!piece)
        return err_memory(err, "an answer of the daemon");
    while (got > 0) {
        got = stream_read(stream, piece, size, err);
        if (got > 0)
            text_add(out, piece, (size_t)got);
    }
    free(piece);
    return got < 0 ? ERR_FAIL : text_check(out, "an answer of the daemon", err);
}

/* A whole small exchange. */
static int ask(struct docker *docker, const char *method, const char *path, int *status,
               struct text *answer, struct err *err)
{
    struct stream *stream =
        open_request(docker, method, path, false, docker->endpoint.patience, err);
    int failed;

    if (!stream)
        return ERR_FAIL;
    failed = stream_status(stream, status, err);
    if (failed == 0)
        failed = read_all(stream, answer, err);
    stream_close(stream);
    return failed < 0 ? unanswered(docker, err) : 0;
}

/* An answer that was not the hoped-for one. */
static int refused(struct view answer, int status, const char *code, const char *what,
                   struct err *err)
{
    char said[SAID_SIZE];

    docker_error_message(answer, said, sizeof said);
    err_set(err, ERR_DOCKER, code, "%s: the daemon answered %d%s%s", what, status,
            *said ? ": " : "", said);
    if (strstr(said, "is too old") || strstr(said, "is too new"))
        err_hint(err, "unset DOCKER_API_VERSION, so that the version is negotiated");
    return ERR_FAIL;
}

/* ---- opening ---- */

/* The daemon's API version, by the ping: HEAD first, GET for what knows no HEAD. */
static int ping(struct docker *docker, char version[16], struct err *err)
{
    static const char *const methods[] = {"HEAD", "GET"};
    int status = 0;

    for (size_t i = 0; i < ARRAY_SIZE(methods) && status != 200; i++) {
        struct stream *stream =
            open_request(docker, methods[i], "/_ping", false, docker->endpoint.patience, err);
        int failed;

        if (!stream)
            return ERR_FAIL;
        failed = stream_status(stream, &status, err);
        if (failed == 0 && !str_copy(version, 16, stream_header(stream, "api-version")))
            version[0] = '\0';
        stream_close(stream);
        if (failed < 0 && !strcmp(err->code, "timeout"))
            return unanswered(docker, err);
        if (failed < 0 && (i > 0 || err->family == ERR_CANCELLED)) {
            if (err->family == ERR_DOCKER)
                str_copy(err->code, sizeof err->code, "unreachable");
            return ERR_FAIL;
        }
    }
    if (status == 200)
        return 0;
    err_set(err, ERR_DOCKER, "unreachable",
            "what answers at %s (%s) is no Docker daemon: status %d", docker->endpoint.host,
            docker->endpoint.origin, status);
    return err_hint(err, "check --docker-host, DOCKER_HOST and the docker context");
}

static int choose_version(struct docker *docker, const char *pinged, struct err *err)
{
    char *chosen = docker->engine.api_version;

    if (docker->endpoint.api_version[0]) {
        if (!is_version(docker->endpoint.api_version))
            return err_set(err, ERR_USAGE, "docker_api_version",
                           "DOCKER_API_VERSION \"%s\" is no version like 1.41",
                           docker->endpoint.api_version);
        str_copy(chosen, sizeof docker->engine.api_version, docker->endpoint.api_version);
        return 0;
    }
    if (!is_version(pinged))
        pinged = OLDEST_API;
    str_copy(chosen, sizeof docker->engine.api_version,
             compare_versions(pinged, OUR_API) < 0 ? pinged : OUR_API);
    return 0;
}

/* What the daemon says is no document: a proxy's page, or half of one. */
static int read_document(struct view answer, struct json **json, struct err *err)
{
    struct err unread;

    if (json_parse(json, answer, &JSON_DOCKER, "the daemon's answer", &unread) == 0)
        return 0;
    if (unread.family == ERR_LOCAL) {
        *err = unread;
        return ERR_FAIL;
    }
    err_set(err, ERR_DOCKER, "answer", "%s", unread.text);
    return err_hint(err, "is it a Docker daemon that listens there? s3dock doctor looks closer");
}

/* Asks for a document; 0 and *json, to be destroyed. */
static int ask_json(struct docker *docker, const char *path, struct json **json, int *status,
                    struct err *err)
{
    struct text answer;
    int failed;

    *json = NULL;
    text_init(&answer, JSON_DOCKER.bytes);
    failed = ask(docker, "GET", path, status, &answer, err);
    if (failed == 0 && *status == 200)
        failed = read_document(text_view(&answer), json, err);
    if (failed == 0 && *status != 200 && *status != 404)
        failed = refused(text_view(&answer), *status, "refused", path, err);
    text_finish(&answer);
    return failed;
}

static void read_components(struct docker_engine *engine, struct json_node components)
{
    for (size_t i = 0; i < json_count(components); i++)
        if (json_string_equals(json_get(json_at(components, i), "Name"), "Podman Engine"))
            engine->podman = true;
}

/* Who it is; and whether it takes the version that was chosen at all. /version is asked without a
 * version, so that every daemon answers. */
static int read_version(struct docker *docker, struct err *err)
{
    struct docker_engine *engine = &docker->engine;
    char chosen[sizeof engine->api_version], least[16];
    struct json_node root;
    struct json *json;
    int status;

    memcpy(chosen, engine->api_version, sizeof chosen);
    engine->api_version[0] = '\0';
    if (ask_json(docker, "/version", &json, &status, err) < 0)
        return ERR_FAIL;
    memcpy(engine->api_version, chosen, sizeof chosen);
    root = json_root(json);
    json_string(json_get(root, "Version"), engine->version, sizeof engine->version);
    json_string(json_get(root, "Os"), engine->os, sizeof engine->os);
    json_string(json_get(root, "Arch"), engine->architecture, sizeof engine->architecture);
    read_components(engine, json_get(root, "Components"));
    if (json_string(json_get(root, "MinAPIVersion"), least, sizeof least) && is_version(least) &&
        !docker->endpoint.api_version[0] && compare_versions(engine->api_version, least) < 0)
        str_copy(engine->api_version, sizeof engine->api_version, least);
    json_destroy(json);
    return 0;
}

/* The image store: its driver and where it lies. */
static int read_info(struct docker *docker, struct err *err)
{
    struct docker_engine *engine = &docker->engine;
    struct json_node root, pairs;
    struct json *json;
    int status;

    if (ask_json(docker, "/info", &json, &status, err) < 0)
        return ERR_FAIL;
    root = json_root(json);
    json_string(json_get(root, "Driver"), engine->driver, sizeof engine->driver);
    json_string(json_get(root, "DockerRootDir"), engine->root_dir, sizeof engine->root_dir);
    pairs = json_get(root, "DriverStatus");
    for (size_t i = 0; i < json_count(pairs); i++) {
        struct json_node pair = json_at(pairs, i);

        if (json_string_equals(json_at(pair, 0), "driver-type") &&
            json_string_equals(json_at(pair, 1), "io.containerd.snapshotter.v1"))
            engine->containerd_store = true;
    }
    json_destroy(json);
    return 0;
}

struct docker *docker_open(const struct docker_endpoint *endpoint, const struct cancel *cancel,
                           struct err *err)
{
    struct docker *docker = calloc(1, sizeof *docker);
    char pinged[16] = "";

    if (!docker) {
        err_memory(err, "the daemon");
        return NULL;
    }
    docker->endpoint = *endpoint;
    docker->engine.local = endpoint->socket[0] != '\0';
    docker->peer = (struct stream_peer){.unix_socket = or_null(docker->endpoint.socket),
                                        .base_url = docker->endpoint.url,
                                        .tls_verify = docker->endpoint.tls_verify,
                                        .ca_file = or_null(docker->endpoint.ca_file),
                                        .cert_file = or_null(docker->endpoint.cert_file),
                                        .key_file = or_null(docker->endpoint.key_file),
                                        .connect_within = docker->endpoint.patience,
                                        .cancel = cancel};
    if (ping(docker, pinged, err) == 0 && choose_version(docker, pinged, err) == 0 &&
        read_version(docker, err) == 0 && read_info(docker, err) == 0) {
        log_debug("docker: %s%s, API %s, %s", docker->engine.podman ? "Podman " : "",
                  docker->engine.version, docker->engine.api_version, docker->engine.driver);
        return docker;
    }
    docker_close(docker);
    return NULL;
}

void docker_close(struct docker *docker)
{
    free(docker);
}

const struct docker_engine *docker_engine(const struct docker *docker)
{
    return &docker->engine;
}

/* ---- images ---- */

/* "/images/" name rest. The daemon's router cleans paths, so a name must not hold what it would
 * clean. */
static int image_path(const char *name, const char *rest, struct text *path, struct err *err)
{
    if (!*name || *name == '/' || strstr(name, "..") || strstr(name, "//") ||
        strlen(name) > NAME_MAX_SIZE)
        return err_set(err, ERR_USAGE, "reference", "\"%.100s\" is not the name of an image", name);
    text_str(path, "/images/");
    add_encoded(path, name, "/:@");
    text_str(path, rest);
    return text_check(path, "a request to the daemon", err);
}

static int no_image(const struct docker *docker, const char *name, struct err *err)
{
    err_set(err, ERR_NOT_FOUND, "image", "the daemon at %s has no image %.200s",
            docker->endpoint.host, name);
    return err_hint(err, "docker images shows those it has; build or pull it first");
}

static int read_layers(struct json_node layers, const char *name, struct docker_image *out,
                       struct err *err)
{
    size_t count = json_count(layers);

    if (count > DOCKER_LAYERS_MAX)
        return err_set(err, ERR_DOCKER, "inspect",
                       "%.200s has %zu layers, more than the %d there "
                       "may be",
                       name, count, DOCKER_LAYERS_MAX);
    for (out->layer_count = 0; out->layer_count < count; out->layer_count++)
        if (!json_string(json_at(layers, out->layer_count), out->diff_ids[out->layer_count],
                         sizeof out->diff_ids[0]))
            return err_set(err, ERR_DOCKER, "inspect",
                           "the daemon does not say what the layers "
                           "of %.200s are",
                           name);
    return 0;
}

static int read_image(struct json_node root, const char *name, struct docker_image *out,
                      struct err *err)
{
    int64_t size = 0;

    memset(out, 0, sizeof *out);
    if (!json_string(json_get(root, "Id"), out->id, sizeof out->id) || !out->id[0])
        return err_set(err, ERR_DOCKER, "inspect",
                       "the daemon does not say what the id of %.200s "
                       "is",
                       name);
    if (json_int(json_get(root, "Size"), &size) && size > 0)
        out->size = (uint64_t)size;
    json_string(json_get(root, "Os"), out->os, sizeof out->os);
    json_string(json_get(root, "Architecture"), out->architecture, sizeof out->architecture);
    return read_layers(json_get(json_get(root, "RootFS"), "Layers"), name, out, err);
}

int docker_inspect(struct docker *docker, const char *name, struct docker_image *out,
                   struct err *err)
{
    struct json *json = NULL;
    struct text path;
    int status = 0;
    int failed;

    text_init(&path, PATH_MAX_SIZE);
    failed = image_path(name, "/json", &path, err);
    if (failed == 0)
        failed = ask_json(docker, path.data, &json, &status, err);
    if (failed == 0 && status == 200)
        failed = read_image(json_root(json), name, out, err);
    json_destroy(json);
    text_finish(&path);
    if (failed < 0)
        return failed;
    return status == 200 ? DOCKER_OK : DOCKER_ABSENT;
}

/* Names that mean nothing ("<none>:<none>") or do not fit are left out. */
static int read_tags(struct json_node tags, struct docker_listed *out, struct err *err)
{
    size_t count = json_count(tags);

    if (count == 0)
        return 0;
    if (count > DOCKER_TAGS_MAX)
        count = DOCKER_TAGS_MAX;
    out->tags = calloc(count, sizeof *out->tags);
    if (!out->tags)
        return err_memory(err, "the names of an image");
    for (size_t i = 0; i < count; i++) {
        char *tag = out->tags[out->tag_count];

        if (json_string(json_at(tags, i), tag, sizeof out->tags[0]) && *tag && *tag != '<')
            out->tag_count++;
    }
    return 0;
}

static int read_listed(struct json_node node, struct docker_list *list, struct err *err)
{
    struct docker_listed *out = &list->images[list->count];
    int64_t size = 0;

    if (!json_string(json_get(node, "Id"), out->id, sizeof out->id) || !out->id[0])
        return err_set(err, ERR_DOCKER, "images", "the daemon lists an image without an id");
    if (json_int(json_get(node, "Size"), &size) && size > 0)
        out->size = (uint64_t)size;
    json_int(json_get(node, "Created"), &out->created);
    list->count++;
    return read_tags(json_get(node, "RepoTags"), out, err);
}

static int read_list(struct json_node root, struct docker_list *list, struct err *err)
{
    size_t count = json_count(root);
    struct json_node at = {0};

    if (json_kind(root) != JSON_ARRAY)
        return err_set(err, ERR_DOCKER, "images", "the daemon does not say which images it has");
    if (count > DOCKER_IMAGES_MAX)
        count = DOCKER_IMAGES_MAX;
    if (count == 0)
        return 0;
    list->images = calloc(count, sizeof *list->images);
    if (!list->images)
        return err_memory(err, "the list of images");
    for (at = json_next(root, at, NULL); at.doc && list->count < count;
         at = json_next(root, at, NULL))
        if (read_listed(at, list, err))
            return ERR_FAIL;
    return 0;
}

int docker_list_images(struct docker *docker, struct docker_list *out, struct err *err)
{
    struct json *json = NULL;
    int status = 0, failed;

    *out = (struct docker_list){0};
    failed = ask_json(docker, "/images/json", &json, &status, err);
    if (failed == 0 && status != 200)
        failed = err_set(err, ERR_DOCKER, "images", "the daemon does not list its images");
    if (failed == 0)
        failed = read_list(json_root(json), out, err);
    json_destroy(json);
    if (failed)
        docker_list_finish(out);
    return failed;
}

void docker_list_finish(struct docker_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        free(list->images[i].tags);
    free(list->images);
    *list = (struct docker_list){0};
}

int docker_tag(struct docker *docker, const char *name, const char *repo, const char *tag,
               struct err *err)
{
    struct text path, answer;
    int status = 0, failed;

    text_init(&path, PATH_MAX_SIZE);
    text_init(&answer, DOCKER_SAYING_MAX);
    failed = image_path(name, "/tag?repo=", &path, err);
    if (failed == 0) {
        add_encoded(&path, repo, "");
        text_str(&path, "&tag=");
        add_encoded(&path, tag, "");
        failed = text_check(&path, "a request to the daemon", err);
    }
    if (failed == 0)
        failed = ask(docker, "POST", path.data, &status, &answer, err);
    if (failed == 0 && status == 404)
        failed = no_image(docker, name, err);
    else if (failed == 0 && status / 100 != 2)
        failed = refused(text_view(&answer), status, "tag", "tagging the image", err);
    text_finish(&answer);
    text_finish(&path);
    return failed;
}

/* ---- export ---- */

static int check_export(struct docker *docker, struct stream *stream, const char *name,
                        struct err *err)
{
    struct text answer;
    int status, failed = stream_status(stream, &status, err);

    if (failed < 0)
        return err_wrap(err, "exporting %.200s", name);
    if (status == 200)
        return 0;
    if (status == 404)
        return no_image(docker, name, err);
    text_init(&answer, DOCKER_SAYING_MAX);
    failed = read_all(stream, &answer, err);
    if (failed == 0)
        failed = refused(text_view(&answer), status, "export", "exporting the image", err);
    text_finish(&answer);
    return failed;
}

struct docker_export *docker_export_open(struct docker *docker, const char *name, struct err *err)
{
    const char *last = strrchr(name, '/');
    struct docker_export *export = NULL;
    struct stream *stream = NULL;
    struct text path;

    if (!strchr(last ? last : name, ':')) {
        err_set(err, ERR_USAGE, "reference", "\"%.200s\" names no tag: all of them would be saved",
                name);
        return NULL;
    }
    text_init(&path, PATH_MAX_SIZE);
    if (image_path(name, "/get", &path, err) == 0)
        stream = open_request(docker, "GET", path.data, false, 0, err);
    text_finish(&path);
    if (!stream)
        return NULL;
    if (check_export(docker, stream, name, err) == 0) {
        export = malloc(sizeof *export);
        if (!export)
            err_memory(err, "an export");
    }
    if (!export)
        stream_close(stream);
    else
        export->stream = stream;
    return export;
}

long docker_export_read(struct docker_export *export, uint8_t *out, size_t cap, struct err *err)
{
    long got = stream_read(export->stream, out, cap, err);

    if (got < 0 && err->family == ERR_DOCKER) {
        err_wrap(err, "the export broke off");
        err_hint(err, "the daemon's log says why (often: no space on its disk); then run the same "
                      "command again");
    }
    return got;
}

void docker_export_close(struct docker_export *export)
{
    if (!export)
        return;
    stream_close(export->stream);
    free(export);
}

/* ---- load ---- */

struct docker_load *docker_load_open(struct docker *docker, struct err *err)
{
    struct docker_load *load = malloc(sizeof *load);

    if (!load) {
        err_memory(err, "a load");
        return NULL;
    }
    /* quiet=0: the code of the daemon says 1 where its manual says 0. */
    load->stream = open_request(docker, "POST", "/images/load?quiet=0", true, 0, err);
    if (load->stream)
        return load;
    free(load);
    return NULL;
}

int docker_load_write(struct docker_load *load, struct view bytes, struct err *err)
{
    return stream_write(load->stream, bytes, err);
}

/* Hears the daemon out. What it said counts even when the connection breaks afterwards. */
static int hear_out(struct stream *stream, struct docker_stream *said, struct err *err)
{
    const size_t size = 16 * KIB;
    uint8_t *piece = malloc(size);
    long got = 1;

    if (!piece)
        return err_memory(err, "an answer of the daemon");
    while (got > 0) {
        got = stream_read(stream, piece, size, err);
        if (got > 0)
            docker_stream_feed(said, view_of(piece, (size_t)got));
    }
    free(piece);
    return got < 0 && (!said->failed || err->family == ERR_CANCELLED) ? ERR_FAIL : 0;
}

static int judge(const struct docker_stream *said, struct err *err)
{
    if (said->failed) {
        err_set(err, ERR_DOCKER, "load", "the daemon could not load the image: %s", said->error);
        if (strstr(said->error, "no space left"))
            err_hint(err, "free space on the daemon's disk (docker system df), then run the same "
                          "command again");
        return ERR_FAIL;
    }
    if (!said->loaded[0])
        return err_set(err, ERR_DOCKER, "load",
                       "the daemon took the image but did not say that it "
                       "loaded it%s%s",
                       said->stray[0] ? "; it said: " : "", said->stray);
    return 0;
}

static int load_refused(struct stream *stream, int status, struct err *err)
{
    struct text answer;
    int failed;

    text_init(&answer, DOCKER_SAYING_MAX);
    failed = read_all(stream, &answer, err);
    if (failed == 0 || err->family != ERR_CANCELLED)
        failed = refused(text_view(&answer), status, "load", "loading the image", err);
    text_finish(&answer);
    return failed;
}

int docker_load_finish(struct docker_load *load, void (*progress)(void *arg, const char *line),
                       void *arg, char *loaded, size_t size, struct err *err)
{
    struct docker_stream said;
    int status, failed;

    if (stream_status(load->stream, &status, err) < 0)
        return err_wrap(err, "loading the image");
    if (status != 200)
        return load_refused(load->stream, status, err);
    docker_stream_init(&said, progress, arg);
    failed = hear_out(load->stream, &said, err);
    if (failed == 0)
        failed = judge(&said, err);
    docker_stream_finish(&said);
    if (failed == 0 && loaded && !str_copy(loaded, size, said.loaded))
        failed = err_set(err, ERR_DOCKER, "load", "the daemon loaded an image of too long a name");
    return failed;
}

void docker_load_close(struct docker_load *load)
{
    if (!load)
        return;
    stream_close(load->stream);
    free(load);
}
