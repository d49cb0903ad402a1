/*
 * container_list - the containers of the daemon, running or not.
 */
#ifndef S3DOCK_DOCKER_CONTAINER_LIST_H
#define S3DOCK_DOCKER_CONTAINER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "docker/container.h"

struct docker;
struct docker_endpoint;
struct cancel;
struct err;

#define DOCKER_CONTAINERS_MAX 4096
#define DOCKER_LABEL_MAX      1024 /* of "NAME=VALUE" in a filter */

struct docker_listed_container {
    char id[DOCKER_ID_SIZE];
    char name[DOCKER_NAME_SIZE];     /* "" while the container is being removed */
    char image_id[DIGEST_TEXT_SIZE]; /* as in struct docker_container */
    enum container_state state;
    enum container_health health; /* from the Status text; HEALTH_NONE if the text has none */
    int64_t created;              /* seconds since 1970 */
    struct json_node labels;      /* an object; valid until docker_container_list_finish */
};
struct docker_container_list {
    unsigned count;
    struct docker_listed_container *containers;
    struct json *document;
};

/* GET /containers/json?all=1. `label`: only containers that have this label ("NAME" or
 * "NAME=VALUE"); NULL: all. Fills *out; docker_container_list_finish frees it, and takes an empty
 * one. docker.containers: the response is no list of containers, or too long. */
int docker_list_containers(struct docker *docker, const char *label,
                           struct docker_container_list *out, struct err *err);
void docker_container_list_finish(struct docker_container_list *list);
/* Fills *out from a response, whatever its origin, and takes the document, also after a failure. */
int docker_container_list_read(struct json *document, const char *label,
                               struct docker_container_list *out, struct err *err);
/* docker_list_containers with a single request: no ping, no version in the path. For a caller that
 * most often needs nothing else of the daemon. docker_open sends four requests, and daemons need
 * several milliseconds for two of them; a list takes a fraction of one. */
int docker_list_containers_once(const struct docker_endpoint *endpoint, const struct cancel *cancel,
                                const char *label, struct docker_container_list *out,
                                struct err *err);

#endif
