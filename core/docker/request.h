/*
 * request - sends requests to the daemon. Internal to core/docker.
 */
#ifndef S3DOCK_DOCKER_REQUEST_H
#define S3DOCK_DOCKER_REQUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/json.h"
#include "docker/engine.h"
#include "docker/host.h"
#include "http/stream.h"

#define DOCKER_PATH_MAX 2048

struct docker {
    struct docker_endpoint endpoint;
    struct stream_peer peer;
    struct docker_engine
        engine;         /* api_version is "" until it is negotiated; paths have none then */
    bool ping_denied;   /* a proxy denied the ping */
    bool store_unknown; /* a proxy denied /info: an inspect shows the kind of image store */
};

/* The parts of a request besides its method and path. */
struct docker_sent {
    const char *content_type; /* NULL: no body */
    struct view body;         /* never logged: it can contain secrets */
    bool upload;              /* the body follows in pieces */
    int64_t within;           /* ns for the whole exchange; 0: no limit */
    const atomic_bool *stop;  /* once set, it ends the exchange. NULL: none */
};
/* Opens "/v1.41" + path. The error of an unreachable daemon names the source of its address. */
struct stream *docker_open_stream(struct docker *docker, const char *method, const char *path,
                                  const struct docker_sent *sent, struct err *err);
/* The same without a body, or with a tar that follows in pieces. */
struct stream *docker_request(struct docker *docker, const char *method, const char *path,
                              bool upload, int64_t within, const atomic_bool *stop,
                              struct err *err);
/* Reads the rest of a response, up to the maximum of `out`. */
int docker_read_all(struct stream *stream, struct text *out, struct err *err);
/* Sends a request with a JSON document as its body, or without one (empty), and reads the whole
 * response. */
int docker_send(struct docker *docker, const char *method, const char *path, struct view body,
                int *status, struct text *answer, struct err *err);
/* The same without a body. */
int docker_ask(struct docker *docker, const char *method, const char *path, int *status,
               struct text *answer, struct err *err);
/* Gets a document. Returns 0 and *json, which the caller destroys; NULL with *status 404. */
int docker_ask_json(struct docker *docker, const char *path, struct json **json, int *status,
                    struct err *err);
/* Parses a response; the caller destroys *json. docker.answer: it is no document (such as the page
 * of a proxy), or an incomplete one. */
int docker_read_document(struct view answer, struct json **json, struct err *err);

/* Sets the endpoint and the connection settings. The API version is unknown: paths have none. */
void docker_init(struct docker *docker, const struct docker_endpoint *endpoint,
                 const struct cancel *cancel);
/* Records that the daemon keeps images in containerd's store. */
void docker_set_containerd(struct docker *docker);
/* Returns true for statuses with which a proxy before the daemon denies a request. */
bool docker_is_denied(int status);
/* They set an error and return ERR_FAIL. docker_refused: a status that is no success.
 * docker_no_image: no such image. docker_unanswered: adds the daemon's address to a timeout. */
int docker_refused(struct view answer, int status, const char *code, const char *what,
                   struct err *err);
int docker_no_image(const struct docker *docker, const char *name, struct err *err);
int docker_unanswered(const struct docker *docker, struct err *err);

/* Writes "/images/" name rest. usage.reference: the daemon's router would change the path ("..",
 * "//"). */
int docker_image_path(const char *name, const char *rest, struct text *path, struct err *err);

#endif
