/*
 * Opening a connection to the daemon. Each request has its own connection.
 *
 * The version is negotiated as in the docker command line: the lower of ours and the daemon's (from
 * the ping), but not below the daemon's minimum. All paths then contain it. Responses are
 * untrusted: the bounded JSON reader reads them, and only printable text is shown.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "docker/docker.h"
#include "docker/messages.h"
#include "docker/request.h"

#define HOST_NAME_SIZE 256 /* POSIX: at most 255 bytes and a NUL */

#define OUR_API     "1.48" /* the newest whose responses are known here */
#define OLDEST_API  "1.24" /* of daemons that report none */
#define CONTENT_API "1.48" /* an inspect reports which manifests are present */

/* Entries of a response that are read; daemons send about a dozen. */
#define COMPONENTS_MAX 256
#define STATUS_MAX     256

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

/* Returns negative, 0, positive as a is older than, equal to, newer than b. Both are valid. */
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

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

/* ---- opening ---- */

/* Adds the likely cause of a response that is no HTTP, or a 400: only one side speaks TLS, or a
 * certificate is missing. */
static int hint_at_tls(const struct docker *docker, struct err *err)
{
    if (strncmp(docker->endpoint.url, "https://", 8) == 0)
        return err_hint(err, "does the daemon need a certificate of the client? Put cert.pem and "
                             "key.pem into DOCKER_CERT_PATH");
    return err_hint(err,
                    "does the daemon need TLS? Set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to "
                    "the folder of ca.pem, cert.pem and key.pem; otherwise check the address");
}

/* Reads the headers of a ping. */
static void read_ping(struct docker_engine *engine, struct stream *stream, char version[16])
{
    if (!str_copy(version, 16, stream_header(stream, "api-version")))
        version[0] = '\0';
    str_copy(engine->os, sizeof engine->os, stream_header(stream, "ostype"));
    engine->podman = stream_header(stream, "libpod-api-version")[0] != '\0';
}

/* Finds the daemon's API version by the ping: HEAD first, then GET for old daemons. A proxy may
 * deny both; then the version stays unknown. */
static int ping(struct docker *docker, char version[16], struct err *err)
{
    static const char *const methods[] = {"HEAD", "GET"};
    int status = 0;

    for (size_t i = 0; i < ARRAY_SIZE(methods) && status != 200; i++) {
        struct stream *stream = docker_request(docker, methods[i], "/_ping", false,
                                               docker->endpoint.patience, NULL, err);
        int failed;

        if (!stream)
            return ERR_FAIL;
        failed = stream_status(stream, &status, err);
        if (failed == 0)
            read_ping(&docker->engine, stream, version);
        stream_close(stream);
        if (failed < 0 && err_is(err, ERR_DOCKER, CODE_TIMEOUT))
            return docker_unanswered(docker, err);
        if (failed < 0 && (i > 0 || err->family == ERR_CANCELLED)) {
            if (err->family == ERR_DOCKER)
                str_copy(err->code, sizeof err->code, CODE_UNREACHABLE);
            return err->family == ERR_DOCKER ? hint_at_tls(docker, err) : ERR_FAIL;
        }
    }
    if (status == 200)
        return 0;
    if (status == 401 || status == 403) {
        docker->ping_denied = true;
        version[0] = '\0';
        return 0;
    }
    err_set(err, ERR_DOCKER, CODE_UNREACHABLE,
            "the server at %s (%s) is not a Docker daemon: status %d", docker->endpoint.host,
            docker->endpoint.origin, status);
    if (status == 400)
        return hint_at_tls(docker, err);
    return ERR_FAIL;
}

static int choose_version(struct docker *docker, const char *pinged, struct err *err)
{
    char *chosen = docker->engine.api_version;

    if (docker->endpoint.api_version[0]) {
        if (!is_version(docker->endpoint.api_version))
            return err_set(err, ERR_USAGE, "docker_api_version",
                           "DOCKER_API_VERSION \"%s\" is not a version such as 1.41",
                           docker->endpoint.api_version);
        str_copy(chosen, sizeof docker->engine.api_version, docker->endpoint.api_version);
        return 0;
    }
    if (docker->ping_denied && !is_version(pinged)) {
        chosen[0] = '\0'; /* paths without a version: the daemon uses its own */
        return 0;
    }
    if (!is_version(pinged))
        pinged = OLDEST_API;
    str_copy(chosen, sizeof docker->engine.api_version,
             compare_versions(pinged, OUR_API) < 0 ? pinged : OUR_API);
    return 0;
}

static void read_components(struct docker_engine *engine, struct json_node components)
{
    struct json_node at = json_first(components);

    for (unsigned i = 0; at.doc && i < COMPONENTS_MAX; i++, at = json_next(components, at, NULL))
        if (json_string_equals(json_get(at, "Name"), "Podman Engine"))
            engine->podman = true;
}

/* Gets an optional document. *json is NULL if a proxy denies it. */
static int ask_optional(struct docker *docker, const char *path, struct json **json,
                        struct err *err)
{
    int status = 0;

    if (docker_ask_json(docker, path, json, &status, err) < 0 && !docker_is_denied(status))
        return ERR_FAIL;
    if (!*json)
        log_info("docker: %s is denied (%d)", path, status);
    return 0;
}

/* Reads the engine and its version, and whether it accepts the chosen API version. The path
 * of /version has no version, so that every daemon responds. */
static int read_version(struct docker *docker, struct err *err)
{
    struct docker_engine *engine = &docker->engine;
    char chosen[sizeof engine->api_version], least[16];
    struct json_node root;
    struct json *json;

    memcpy(chosen, engine->api_version, sizeof chosen);
    engine->api_version[0] = '\0';
    if (ask_optional(docker, "/version", &json, err) < 0)
        return ERR_FAIL;
    memcpy(engine->api_version, chosen, sizeof chosen);
    if (!json)
        return 0;
    root = json_root(json);
    if (docker->ping_denied && json_string(json_get(root, "ApiVersion"), least, sizeof least) &&
        is_version(least) && choose_version(docker, least, err) < 0)
        return ERR_FAIL;
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

/* Looks for containerd's image store in the pairs of name and value of the storage driver. */
static bool has_containerd_store(struct json_node pairs)
{
    struct json_node pair = json_first(pairs);

    for (unsigned i = 0; pair.doc && i < STATUS_MAX; i++, pair = json_next(pairs, pair, NULL)) {
        struct json_node name = json_first(pair);

        if (json_string_equals(name, "driver-type") &&
            json_string_equals(json_next(pair, name, NULL), "io.containerd.snapshotter.v1"))
            return true;
    }
    return false;
}

void docker_set_containerd(struct docker *docker)
{
    struct docker_engine *engine = &docker->engine;

    engine->containerd_store = true;
    engine->reports_content = compare_versions(engine->api_version, CONTENT_API) >= 0;
}

/* Sets the identity: the daemon's id, or the host. */
static void read_identity(struct docker_engine *engine, struct json_node id)
{
    char daemon_id[128];

    if (json_string(id, daemon_id, sizeof daemon_id) && daemon_id[0])
        str_copy(engine->identity, sizeof engine->identity, daemon_id);
}

/* Reads what the daemon reports about its host. A socket can lead to another host (ssh -L), or to
 * the host outside of this container: their names differ. */
static void read_host(struct docker_engine *engine, struct json_node root)
{
    char name[HOST_NAME_SIZE], own[HOST_NAME_SIZE] = "";

    json_string(json_get(root, "DefaultRuntime"), engine->default_runtime,
                sizeof engine->default_runtime);
    if (!json_int(json_get(root, "MemTotal"), &engine->memory) || engine->memory < 0)
        engine->memory = 0;
    engine->same_host = engine->local && json_string(json_get(root, "Name"), name, sizeof name) &&
                        gethostname(own, sizeof own - 1) == 0 && strcmp(name, own) == 0;
}

/* Reads the image store: its driver, its folder and the daemon's id. */
static int read_info(struct docker *docker, struct err *err)
{
    struct docker_engine *engine = &docker->engine;
    struct json_node root;
    struct json *json;

    if (ask_optional(docker, "/info", &json, err) < 0)
        return ERR_FAIL;
    docker->store_unknown = !json;
    str_copy(engine->identity, sizeof engine->identity, docker->endpoint.host);
    if (!json)
        return 0;
    root = json_root(json);
    read_identity(engine, json_get(root, "ID"));
    json_string(json_get(root, "Driver"), engine->driver, sizeof engine->driver);
    json_string(json_get(root, "DockerRootDir"), engine->root_dir, sizeof engine->root_dir);
    read_host(engine, root);
    if (has_containerd_store(json_get(root, "DriverStatus")))
        docker_set_containerd(docker);
    json_destroy(json);
    return 0;
}

void docker_init(struct docker *docker, const struct docker_endpoint *endpoint,
                 const struct cancel *cancel)
{
    *docker = (struct docker){.endpoint = *endpoint};
    docker->engine.local = endpoint->socket[0] != '\0';
    docker->peer = (struct stream_peer){.unix_socket = or_null(docker->endpoint.socket),
                                        .base_url = docker->endpoint.url,
                                        .tls_verify = docker->endpoint.tls_verify,
                                        .ca_file = or_null(docker->endpoint.ca_file),
                                        .cert_file = or_null(docker->endpoint.cert_file),
                                        .key_file = or_null(docker->endpoint.key_file),
                                        .connect_within = docker->endpoint.patience,
                                        .cancel = cancel};
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
    docker_init(docker, endpoint, cancel);
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

bool docker_api_at_least(const struct docker *docker, const char *version)
{
    return is_version(docker->engine.api_version) &&
           compare_versions(docker->engine.api_version, version) >= 0;
}
