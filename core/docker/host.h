/*
 * host - which daemon is meant: what was asked for, DOCKER_HOST, DOCKER_CONTEXT, the current
 * context, or the default socket, in the order of the docker command line (its code, not its
 * manual: DOCKER_HOST beats DOCKER_CONTEXT).
 */
#ifndef S3DOCK_DOCKER_HOST_H
#define S3DOCK_DOCKER_HOST_H

#include <stdbool.h>
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
    int64_t patience; /* ns to connect, and for each small question; 0: no end. For the caller to
                         set; transfers have no limit */
};

/* What was asked for beside the environment, and is stronger. */
struct docker_asked {
    const char *host;    /* or NULL, or "" */
    const char *context; /* or NULL, or ""; `host` comes first */
    const char *origin;  /* what asks for it, for messages: "--docker-host" */
};

/* `asked`: NULL when nothing was. `getenv_fn`: NULL for getenv (tests give their own). ssh:// and
 * npipe:// are unsupported.docker_host with a hint (an ssh -L tunnel). */
int docker_endpoint_find(const struct docker_asked *asked, const char *(*getenv_fn)(const char *),
                         struct docker_endpoint *out, struct err *err);

#endif
