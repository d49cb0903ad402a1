/*
 * The rules are those of the docker command line: a flag, then DOCKER_HOST, then DOCKER_CONTEXT,
 * then currentContext of config.json, then the default socket. A context is two files under the
 * configuration folder, found by the SHA-256 of its name, with its own certificates. Any other host
 * takes them from DOCKER_CERT_PATH. TLS is for tcp only. DOCKER_TLS_VERIFY counts as set with any
 * value, even "0".
 *
 * One rule is not of the docker command line: without the default socket, those of desktops are
 * tried. On macOS the link at the default place needs the password of an administrator.
 */
#include "docker/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

#define DEFAULT_SOCKET "/var/run/docker.sock"
#define PORT_PLAIN     2375
#define PORT_TLS       2376

struct search {
    const char *(*env)(const char *);
    struct docker_endpoint *out;
    struct err *err;
};

static const char *real_env(const char *name)
{
    return getenv(name);
}

/* Returns a variable; NULL also if it is empty. */
static const char *env(const struct search *s, const char *name)
{
    const char *value = s->env(name);

    return value && *value ? value : NULL;
}

static int bad_host(const struct search *s, const char *why)
{
    err_set(s->err, ERR_USAGE, "docker_host", "%s: \"%.200s\" %s", s->out->origin, s->out->host,
            why);
    return err_hint(s->err, "write the address as unix:///var/run/docker.sock or tcp://HOST:2376");
}

/* ~/.docker, or DOCKER_CONFIG; with `below` behind it. False when there is none, or it is too long.
 */
static bool config_path(const struct search *s, const char *below, char *out, size_t size)
{
    const char *folder = env(s, "DOCKER_CONFIG");
    const char *home = env(s, "HOME");
    int used;

    if (folder)
        used = snprintf(out, size, "%s%s", folder, below);
    else if (home)
        used = snprintf(out, size, "%s/.docker%s", home, below);
    else
        return false;
    return used > 0 && (size_t)used < size;
}

/* Takes the certificates of a folder. A missing file is no certificate. A file that is not regular
 * is refused, because libcurl would block on a FIFO. */
static int use_certificates(const struct search *s, const char *folder)
{
    struct stat st;
    struct {
        const char *name;
        char *to;
    } files[] = {{"ca.pem", s->out->ca_file},
                 {"cert.pem", s->out->cert_file},
                 {"key.pem", s->out->key_file}};
    const size_t size = sizeof s->out->ca_file;

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        int used = snprintf(files[i].to, size, "%s/%s", folder, files[i].name);

        if (used < 0 || (size_t)used >= size)
            return err_set(s->err, ERR_USAGE, "docker_host", "the path of %s is too long",
                           files[i].name);
        if (stat(files[i].to, &st) != 0)
            files[i].to[0] = '\0';
        else if (!S_ISREG(st.st_mode))
            return err_set(s->err, ERR_USAGE, "docker_host", "%s is not a regular file",
                           files[i].to);
    }
    if (!s->out->cert_file[0] || !s->out->key_file[0])
        s->out->cert_file[0] = s->out->key_file[0] = '\0';
    return 0;
}

static int tls_from_env(const struct search *s)
{
    const char *path = env(s, "DOCKER_CERT_PATH");
    char folder[1024] = "";

    s->out->tls_verify = env(s, "DOCKER_TLS_VERIFY") != NULL;
    s->out->tls = s->out->tls_verify || env(s, "DOCKER_TLS");
    if (!s->out->tls)
        return 0;
    if (path ? !str_copy(folder, sizeof folder, path) : !config_path(s, "", folder, sizeof folder))
        return err_set(s->err, ERR_USAGE, "docker_host",
                       "the folder of the TLS certificates is not known");
    return use_certificates(s, folder);
}

static int use_socket(const struct search *s, const char *path)
{
    if (!*path)
        path = DEFAULT_SOCKET;
    if (*path != '/')
        return bad_host(s, "needs an absolute path");
    if (!str_copy(s->out->socket, sizeof s->out->socket, path))
        return bad_host(s, "is longer than 107 bytes, the limit for a socket");
    s->out->tls = s->out->tls_verify = false; /* never on a socket */
    str_copy(s->out->url, sizeof s->out->url, "http://localhost");
    return 0;
}

/* host[:port][/base] */
static int use_tcp(const struct search *s, const char *address)
{
    size_t host_size = strcspn(address, "/");
    const char *bracket = *address == '[' ? memchr(address, ']', host_size) : NULL;
    const char *after = bracket ? bracket : address;
    const char *colon = memchr(after, ':', host_size - (size_t)(after - address));
    size_t name_size = colon ? (size_t)(colon - address) : host_size;
    long port = s->out->tls ? PORT_TLS : PORT_PLAIN;
    const char *base = address + host_size;
    size_t base_size = strlen(base);
    int used;

    if (strspn(address,
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_[]:/%~") !=
        strlen(address))
        return bad_host(s, "has characters that an address cannot contain");
    if (colon) {
        char *end;

        port = strtol(colon + 1, &end, 10);
        if (end != address + host_size || end == colon + 1 || port < 1 || port > 65535)
            return bad_host(s, "has no valid port");
    }
    if (name_size == 0 && !colon)
        return bad_host(s, "names no host");
    while (base_size > 0 && base[base_size - 1] == '/')
        base_size--;
    used = snprintf(s->out->url, sizeof s->out->url, "%s://%.*s:%ld%.*s",
                    s->out->tls ? "https" : "http", name_size ? (int)name_size : 9,
                    name_size ? address : "localhost", port, (int)base_size, base);
    if (used < 0 || (size_t)used >= sizeof s->out->url)
        return bad_host(s, "is too long");
    return 0;
}

static int unsupported(const struct search *s, const char *scheme)
{
    const char *at = s->out->host + strlen(scheme), *host = strchr(at, '@');
    int user = host ? (int)strcspn(at, ":@") : 0; /* without a password: ssh takes none */

    err_set(s->err, ERR_UNSUPPORTED, "docker_host",
            "%s: s3dock does not support %s for a daemon (%.200s)", s->out->origin, scheme,
            s->out->host);
    if (strcmp(scheme, "ssh://") == 0)
        return err_hint(s->err,
                        "open a tunnel and use its local end: ssh -nNT -L "
                        "$HOME/docker.sock:/var/run/docker.sock %.*s%.100s & "
                        "DOCKER_HOST=unix://$HOME/docker.sock",
                        user, at, host ? host : at);
    return err_hint(s->err, "use a unix:// or tcp:// address");
}

/* Splits s->out->host; s->out->tls is known. */
static int parse_host(const struct search *s)
{
    static const char *const foreign[] = {"ssh://", "npipe://", "fd://"};
    const char *host = s->out->host;

    for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
        if (strncmp(host, foreign[i], strlen(foreign[i])) == 0)
            return unsupported(s, foreign[i]);
    if (strncmp(host, "unix://", 7) == 0)
        return use_socket(s, host + 7);
    if (strncmp(host, "tcp://", 6) == 0)
        return use_tcp(s, host + 6);
    if (strstr(host, "://") || !strchr(host, ':'))
        return bad_host(s, "is not an address of a daemon");
    return use_tcp(s, host); /* "host:port" */
}

static int use_host(const struct search *s, const char *host, const char *origin)
{
    snprintf(s->out->origin, sizeof s->out->origin, "%s", origin);
    if (!str_copy(s->out->host, sizeof s->out->host, host))
        return err_set(s->err, ERR_USAGE, "docker_host", "%s is too long", origin);
    if (tls_from_env(s) < 0)
        return ERR_FAIL;
    return parse_host(s);
}

/* ---- contexts ---- */

static int read_json(const struct search *s, const char *path, struct json **out)
{
    struct text text;
    int answer;

    text_init(&text, JSON_IMAGE.bytes); /* logins of many registries make it large */
    answer = file_read(path, &text, s->err);
    if (answer == FILE_OK)
        answer = json_parse(out, text_view(&text), &JSON_IMAGE, path, s->err);
    text_finish(&text);
    return answer;
}

/* currentContext of config.json, or "". An unreadable file counts as "": the docker command
 * line only warns, too. */
static void current_context(const struct search *s, char *out, size_t size)
{
    struct err ignored;
    struct search quiet = {.env = s->env, .out = s->out, .err = &ignored};
    char path[1024];
    struct json *json = NULL;

    out[0] = '\0';
    if (!config_path(s, "/config.json", path, sizeof path))
        return;
    if (read_json(&quiet, path, &json) == 0)
        json_string(json_get(json_root(json), "currentContext"), out, size);
    json_destroy(json);
}

static int context_tls(const struct search *s, const char *hash, bool skip_verify)
{
    char below[128], folder[1024];

    snprintf(below, sizeof below, "/contexts/tls/%s/docker", hash);
    if (!config_path(s, below, folder, sizeof folder))
        return err_set(s->err, ERR_USAGE, "docker_host",
                       "the docker configuration's path is too "
                       "long");
    if (use_certificates(s, folder) < 0)
        return ERR_FAIL;
    s->out->tls = skip_verify || s->out->ca_file[0] || s->out->cert_file[0];
    s->out->tls_verify = s->out->tls && !skip_verify;
    return 0;
}

static int no_context(const struct search *s, const char *name)
{
    err_set(s->err, ERR_USAGE, "docker_context", "%s: the docker context \"%.100s\" does not exist",
            s->out->origin, name);
    return err_hint(s->err, "docker context ls lists the contexts");
}

static int use_context(const struct search *s, const char *name, const char *origin)
{
    char path[1024], below[128], hash[SHA256_HEX_SIZE];
    uint8_t digest[SHA256_SIZE];
    struct json *json = NULL;
    struct json_node endpoint;
    int answer;

    snprintf(s->out->origin, sizeof s->out->origin, "%.160s \"%.80s\"", origin, name);
    sha256_of(view_str(name), digest);
    hex_encode(digest, sizeof digest, hash);
    snprintf(below, sizeof below, "/contexts/meta/%s/meta.json", hash);
    if (!config_path(s, below, path, sizeof path))
        return no_context(s, name);
    answer = read_json(s, path, &json);
    if (answer == FILE_ABSENT)
        return no_context(s, name);
    if (answer < 0)
        return err_wrap(s->err, "%s", s->out->origin);
    endpoint = json_get(json_get(json_root(json), "Endpoints"), "docker");
    if (!json_string(json_get(endpoint, "Host"), s->out->host, sizeof s->out->host))
        answer = no_context(s, name);
    else
        answer = context_tls(s, hash, json_bool(json_get(endpoint, "SkipTLSVerify"), false));
    json_destroy(json);
    return answer < 0 ? answer : parse_host(s);
}

/* ---- sockets ---- */

static bool is_socket(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

bool docker_user_socket(const char *home, char *out, size_t size)
{
    static const char *const sockets[] = {
        ".docker/run/docker.sock",            /* Docker Desktop on macOS */
        ".docker/desktop/docker.sock",        /* Docker Desktop on Linux */
        ".orbstack/run/docker.sock",          /* OrbStack */
        ".colima/default/docker.sock",        /* Colima */
        ".config/colima/default/docker.sock", /* Colima with XDG folders */
        ".rd/docker.sock",                    /* Rancher Desktop */
    };

    for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
        int used = snprintf(out, size, "%s/%s", home, sockets[i]);

        if (used > 0 && (size_t)used < size && is_socket(out))
            return true;
    }
    return false;
}

/* No setting names a daemon. */
static int use_usual_socket(const struct search *s)
{
    const char *home = env(s, "HOME");
    char path[sizeof s->out->socket], host[sizeof path + sizeof "unix://"];

    if (!home || is_socket(DEFAULT_SOCKET) || !docker_user_socket(home, path, sizeof path))
        return use_host(s, "unix://" DEFAULT_SOCKET, "default");
    snprintf(host, sizeof host, "unix://%s", path);
    return use_host(s, host, "default");
}

/* "default" is the default socket and no context. */
static int use_named_context(const struct search *s, const char *name, const char *origin)
{
    if (*name && strcmp(name, "default") != 0)
        return use_context(s, name, origin);
    return use_host(s, "unix://" DEFAULT_SOCKET, "default");
}

int docker_endpoint_find(const struct docker_asked *asked, const char *(*getenv_fn)(const char *),
                         struct docker_endpoint *out, struct err *err)
{
    struct search s = {.env = getenv_fn ? getenv_fn : real_env, .out = out, .err = err};
    char name[256];

    *out = (struct docker_endpoint){0};
    if (env(&s, "DOCKER_API_VERSION"))
        str_copy(out->api_version, sizeof out->api_version, env(&s, "DOCKER_API_VERSION"));
    if (asked && asked->host && *asked->host)
        return use_host(&s, asked->host, asked->origin);
    if (asked && asked->context && *asked->context)
        return use_named_context(&s, asked->context, asked->origin);
    if (env(&s, "DOCKER_HOST"))
        return use_host(&s, env(&s, "DOCKER_HOST"), "DOCKER_HOST");
    if (env(&s, "DOCKER_CONTEXT"))
        return use_named_context(&s, env(&s, "DOCKER_CONTEXT"), "DOCKER_CONTEXT");
    current_context(&s, name, sizeof name);
    return *name ? use_named_context(&s, name, "context") : use_usual_socket(&s);
}
