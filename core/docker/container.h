/*
 * container - one container of the daemon: inspect, create, start, signal, update, rename, remove.
 *
 * All requests are short: they fail with docker.timeout after endpoint->patience. No request waits
 * for a container: callers poll docker_container_inspect. `which` is an id or a name;
 * usage.container if it cannot be one. not_found.container: there is none, unless a function
 * returns DOCKER_ABSENT for that. Only the daemon's own 404 counts: a proxy's 404 is
 * docker.refused.
 *
 * Image ids. `image_id` of a container is the daemon's id of its image, and equals the `id` that
 * docker_inspect of the same daemon returns for it. With a graph driver and with Podman it is the
 * digest of the config. With containerd's store it is the digest of a manifest, or of an index of
 * manifests; then it differs from the image id in the bucket, and from the id of the same image on
 * another host. So compare image_id with docker_inspect, never with a document of the bucket.
 */
#ifndef S3DOCK_DOCKER_CONTAINER_H
#define S3DOCK_DOCKER_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "base/json.h"
#include "docker/container_state.h"

struct docker;
struct err;

/* The parts of an inspect by which s3dock decides. */
struct docker_container {
    char id[DOCKER_ID_SIZE], name[DOCKER_NAME_SIZE];
    char image_id[DIGEST_TEXT_SIZE]; /* see below; "" if the daemon does not report it */
    enum container_state state;
    enum container_health health;
    char started_at[48]; /* as the daemon writes it; a restart changes it */
    int64_t pid;         /* of the first process, in the name space of the daemon; 0: none */
    int64_t exit_code;
    bool oom_killed;
    bool tty;        /* its log has no frames */
    char error[512]; /* why the last start failed, or "" */
    int64_t restart_count;
    char restart_policy[32]; /* "no", "always", "unless-stopped", "on-failure"; "" counts as "no" */
    int64_t restart_retries; /* of on-failure */
    char stop_signal[32];    /* its name, or a number without a name; "SIGTERM" if none is set */
    int64_t stop_timeout;    /* seconds; -1: none is set. Podman: never 0 */
    struct json *document;   /* the whole inspect; docker_container_finish frees it */
};

/* GET /containers/{which}/json. DOCKER_ABSENT: no such container; *out is empty then. */
int docker_container_inspect(struct docker *docker, const char *which, struct docker_container *out,
                             struct err *err);
void docker_container_finish(struct docker_container *container); /* takes an empty one */
/* Fills *out from an inspect, whatever its origin, and takes the document, also after a failure:
 * docker_container_finish frees it. docker.inspect: it lacks the id, the name or the state. */
int docker_container_read(struct json *document, struct docker_container *out, struct err *err);
/* Copies the value of a label out of an object of labels. Names are compared exactly, in the same
 * case. False, and "": there is none, or it does not fit. */
bool docker_label(struct json_node labels, const char *label, char *out, size_t size);
/* The same for the labels of a container. */
bool docker_container_label(const struct docker_container *container, const char *label, char *out,
                            size_t size);
/* Writes the address of the container in a network, from NetworkSettings.Networks ("": in any):
 * IPv4, else IPv6 without brackets. False: it has none, such as before its start. */
bool docker_container_address(const struct docker_container *container, const char *network,
                              char out[64]);

/* POST /containers/create?name=. `body` is the whole document. Stores the id; adds the daemon's
 * warnings to `warnings`, one a line (may be NULL). conflict.container: the name is taken.
 * not_found.image. docker.refused: any other refusal of the daemon, with its message. */
int docker_container_create(struct docker *docker, const char *name, struct view body,
                            char id[DOCKER_ID_SIZE], struct text *warnings, struct err *err);
/* POST /containers/{which}/start. Success if it runs already. docker.start: the daemon cannot start
 * it (port, mount, network, runtime), with the daemon's words; the container exists. */
int docker_container_start(struct docker *docker, const char *which, struct err *err);
/* POST /containers/{which}/kill. DOCKER_ABSENT: it does not run, or there is none. The daemon
 * counts it as a manual stop: the restart policy does not start the container again. Podman before
 * 4.7 does; there, every signal but SIGKILL is replaced by the stop signal of the container. */
int docker_container_kill(struct docker *docker, const char *which, const char *signal,
                          struct err *err);
/* POST /containers/{which}/update with the whole restart policy. unsupported.update: the daemon has
 * no such request (Podman before 5.1). */
int docker_container_set_restart(struct docker *docker, const char *which, const char *policy,
                                 int64_t retries, struct err *err);
/* POST /containers/{which}/rename. Success if it has the name already. conflict.container: another
 * container has it. */
int docker_container_rename(struct docker *docker, const char *which, const char *name,
                            struct err *err);
/* DELETE /containers/{which}?v=0, without force. DOCKER_ABSENT: there is none. conflict.container:
 * it runs. */
int docker_container_remove(struct docker *docker, const char *which, struct err *err);
/* The same for a container that never ran: also removes the anonymous volumes that its creation
 * made. Named volumes stay. */
int docker_container_discard(struct docker *docker, const char *which, struct err *err);
/* POST /networks/{network}/connect. `endpoint` is the EndpointConfig, or empty. Success if it is
 * connected already. not_found.network, also where the daemon itself would accept the request. */
int docker_container_connect(struct docker *docker, const char *which, const char *network,
                             struct view endpoint, struct err *err);
/* Appends the last lines of both outputs of the container, printable, without escape sequences of
 * terminals. Keeps the end if not all fits. docker.refused: the daemon cannot read the log (log
 * driver). `tty`: as in struct docker_container. */
int docker_container_log(struct docker *docker, const char *which, bool tty, unsigned lines,
                         struct text *out, struct err *err);
/* Runs a command in the container without output, and stores its exit code. 126 and 127: it cannot
 * be executed, or does not exist, as in a shell. docker.exec: the daemon cannot start it, the
 * container ended, or it runs longer than `limit` ns (then it continues to run). */
int docker_container_exec(struct docker *docker, const char *which, const char *const *argv,
                          int64_t limit, int *code, struct err *err);

#endif
