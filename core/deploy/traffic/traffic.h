/*
 * traffic - moves requests between the two slots of a unit, through the user's own proxy.
 *
 * One table of functions a driver: haproxy, caddy, file, command, absent. All operations are
 * idempotent, take at most TRAFFIC_LIMIT, and verify the result at the proxy where it can be read.
 * One thread at a time.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_TRAFFIC_H
#define S3DOCK_DEPLOY_TRAFFIC_TRAFFIC_H

#include <stdint.h>

#include "base/clock.h"
#include "deploy/spec/deployment.h"

struct cancel;
struct err;
struct text;
struct traffic;

#define TRAFFIC_LIMIT (10 * NS_PER_S)

/* A container in a slot. Strings are borrowed. */
struct traffic_target {
    enum deploy_slot slot;
    const char *address;   /* "127.0.0.1:18081" or "shop-blue:8080"; "": the unit has no port */
    const char *container; /* its id, or "" */
    int64_t pid;           /* of its first process on this host; 0: not known */
};

struct traffic_context {
    const char *app, *env, *unit; /* for commands */
    const struct cancel *cancel;
};

enum traffic_answer {
    TRAFFIC_OK = 0,
    TRAFFIC_UNKNOWN = 1, /* the driver cannot know */
};

/* Opens the driver. Sends no request. The spec and the context stay valid until traffic_close. */
int traffic_open(const struct traffic_spec *spec, const struct traffic_context *context,
                 struct traffic **out, struct err *err);
void traffic_close(struct traffic *traffic); /* takes NULL */

/* Takes the slot out of rotation before its container exists, so that no health check of the proxy
 * puts it in. */
int traffic_hold(struct traffic *traffic, enum deploy_slot slot, struct err *err);
/* Puts the target into rotation and returns when the proxy says so. deploy.switch: the proxy cannot
 * be reached, refused, or does not show the target; what served before serves. */
int traffic_enter(struct traffic *traffic, const struct traffic_target *target, struct err *err);
/* Takes the target out of rotation for new requests. `stays` is the one that serves now. */
int traffic_leave(struct traffic *traffic, const struct traffic_target *target,
                  const struct traffic_target *stays, struct err *err);
/* Stores the number of requests or connections that the target still has. */
int traffic_busy(struct traffic *traffic, const struct traffic_target *target, int64_t *count,
                 struct err *err);
/* Cuts the sessions that remain after the drain, where the proxy can. */
int traffic_cut(struct traffic *traffic, const struct traffic_target *target, struct err *err);
/* Stores the slots in rotation as bits (1 << slot); 0: none. */
int traffic_where(struct traffic *traffic, unsigned *slots, struct err *err);
/* For doctor: appends one line for each fault of the configuration (socket, backend, servers, file,
 * program). Returns their number. */
int traffic_examine(struct traffic *traffic, struct text *lines);

#endif
