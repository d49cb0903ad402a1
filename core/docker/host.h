/*
 * host - finds the address of the daemon: a flag, DOCKER_HOST, DOCKER_CONTEXT, the current context,
 * the default socket, or a socket of the user, in this order. It is the order in the code of the
 * docker command line; its manual puts DOCKER_CONTEXT before DOCKER_HOST.
 */
#ifndef S3DOCK_DOCKER_HOST_H
#define S3DOCK_DOCKER_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct docker_endpoint {
    char host[1024];  /* as named: "unix:///var/run/docker.sock", "tcp://host:2376" */
    char origin[256]; /* "DOCKER_HOST", "context \"edge\"", "default": for messages */
    char socket[108]; /* path of a unix socket, or "" */
    char url[1024];   /* base URL for HTTP */
    bool tls, tls_verify;
    char ca_file[1024], cert_file[1024], key_file[1024]; /* "" when there is none */
    char api_version[16]; /* DOCKER_API_VERSION: no negotiation; "" when it is not set */
    int64_t patience; /* ns to connect, and for each small request; 0: no limit. The caller sets it;
                         transfers have no limit */
};

/* Settings that precede the environment. */
struct docker_asked {
    const char *host;    /* or NULL, or "" */
    const char *context; /* or NULL, or ""; `host` comes first */
    const char *origin;  /* their source, for messages: "--docker-host" */
};

/* Finds the address and its settings. `asked`: NULL: none. `getenv_fn`: NULL for getenv (tests pass
 * their own). unsupported.docker_host: ssh:// and npipe://; the hint names an ssh -L tunnel. */
int docker_endpoint_find(const struct docker_asked *asked, const char *(*getenv_fn)(const char *),
                         struct docker_endpoint *out, struct err *err);

/* Stores the path of the first socket in this home that a Docker for desktops made: Docker Desktop,
 * OrbStack, Colima or Rancher Desktop. It is used if nothing names a daemon and the default socket
 * does not exist. Returns false if there is none. */
bool docker_user_socket(const char *home, char *out, size_t size);

#endif
