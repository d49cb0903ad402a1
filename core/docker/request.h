/*
 * request - requests to the daemon: what docker.h's functions share. For the files of
 * core/docker only.
 */
#ifndef S3DOCK_DOCKER_REQUEST_H
#define S3DOCK_DOCKER_REQUEST_H

#include "base/json.h"
#include "docker/engine.h"
#include "docker/host.h"
#include "http/stream.h"

#define DOCKER_PATH_MAX 2048

struct docker {
    struct docker_endpoint endpoint;
    struct stream_peer peer;
    struct docker_engine engine; /* api_version is "" until it is negotiated: paths go without */
    bool unpinged;               /* the ping was denied */
    bool store_unknown;          /* /info was denied: an inspect tells which image store it is */
};

/* Opens "/v1.41" + path. `within`: ns for the whole exchange, 0: no end.
 * `stop` (or NULL): ends it when it is set. A daemon that is away is
 * told with where its address came from. */
struct stream *docker_request(struct docker *docker, const char *method, const char *path,
                              bool upload, int64_t within, const atomic_bool *stop,
                              struct err *err);
/* The rest of an answer, up to the maximum of `out`. */
int docker_read_all(struct stream *stream, struct text *out, struct err *err);
/* A whole small exchange. */
int docker_ask(struct docker *docker, const char *method, const char *path, int *status,
               struct text *answer, struct err *err);
/* GET of a document: 0 and *json, to be destroyed, or NULL with *status 404. */
int docker_ask_json(struct docker *docker, const char *path, struct json **json, int *status,
                    struct err *err);

/* Notes that images are in containerd's store. */
void docker_set_containerd(struct docker *docker);
/* Whether a status is how a proxy before the daemon denies a request. */
bool docker_is_denied(int status);
/* Fails: an answer that was not the hoped-for one; that there is no such image; an exchange that
 * broke off, where a daemon that hangs says nothing about itself. */
int docker_refused(struct view answer, int status, const char *code, const char *what,
                   struct err *err);
int docker_no_image(const struct docker *docker, const char *name, struct err *err);
int docker_unanswered(const struct docker *docker, struct err *err);

/* "/images/" name rest. The daemon's router cleans paths, so a name must not hold what it would
 * clean. */
int docker_image_path(const char *name, const char *rest, struct text *path, struct err *err);
/* Adds a reference as it stands in a path: plain characters and those of `keep`, all else
 * percent-encoded. */
void docker_add_encoded(struct text *path, const char *name, const char *keep);

#endif
