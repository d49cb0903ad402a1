/*
 * container_request - a request for one container, and the kinds of its refusals. Internal to
 * core/docker.
 */
#ifndef S3DOCK_DOCKER_CONTAINER_REQUEST_H
#define S3DOCK_DOCKER_CONTAINER_REQUEST_H

#include <stdbool.h>

#include "base/bytes.h"

struct docker;
struct stream;
struct err;

#define CONTAINER_BODY_MAX (64 * KIB) /* of the bodies that s3dock writes itself */

struct container_reply {
    int status;       /* 200 for every 2xx */
    struct text body; /* container_reply_finish frees it */
    char said[512];   /* the daemon's message, printable; "" after a success */
};

/* Writes "/containers/{which}{rest}". usage.container: `which` is no id and no name. */
int container_path(const char *which, const char *rest, struct text *path, struct err *err);
/* Sends "METHOD /containers/{which}{rest}" with a JSON document, or without one (empty). The caller
 * calls container_reply_finish in any case. */
int container_ask(struct docker *docker, const char *method, const char *which, const char *rest,
                  struct view body, struct container_reply *reply, struct err *err);
/* The same with a path that has been written: "/exec/...", "/networks/...". */
int container_ask_path(struct docker *docker, const char *method, const char *path,
                       struct view body, struct container_reply *reply, struct err *err);
/* Reads the rest of a response whose status is known. */
int container_read_reply(struct stream *stream, int status, struct container_reply *reply,
                         struct err *err);
void container_reply_finish(struct container_reply *reply);

/* Returns true if the daemon's message contains a text, in upper or lower case. */
bool container_said(const struct container_reply *reply, const char *text);
/* Returns true for the daemon's own 404. A proxy's 404 is no proof that the container is gone. */
bool container_reply_absent(const struct container_reply *reply);

/* They set an error and return ERR_FAIL. container_refuse: docker.refused with the daemon's
 * message, or docker.{code}. container_missing: not_found.container. */
int container_refuse(const struct container_reply *reply, const char *code, const char *what,
                     struct err *err);
int container_missing(const struct docker *docker, const char *which, struct err *err);

#endif
