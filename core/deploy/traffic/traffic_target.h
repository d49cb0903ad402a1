/*
 * traffic_target - a container as a target of requests, and the context of a driver.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_TRAFFIC_TARGET_H
#define S3DOCK_DEPLOY_TRAFFIC_TRAFFIC_TARGET_H

#include <stdint.h>

#include "base/clock.h"
#include "deploy/spec/deployment.h"

struct cancel;

#define TRAFFIC_LIMIT (10 * NS_PER_S)

/* A container in a slot. Strings are borrowed. */
struct traffic_target {
    enum deploy_slot slot;
    const char *address;   /* "127.0.0.1:18081" or "shop-blue:8080"; "": the unit has no port */
    const char *container; /* its id, or "" */
    int64_t pid;           /* of its first process on this host; 0: not known */
    uint16_t port;         /* in the container; 0: none */
};

struct traffic_context {
    const char *app, *env, *unit; /* for commands */
    /* Of each slot, as in traffic_target, also while no container is in it: traffic_where maps the
     * target of the proxy to its slot. "": the unit has no port. Strings are borrowed. */
    const char *addresses[SLOT_COUNT];
    /* ns for one request, one program, or one wait for the proxy; 0: TRAFFIC_LIMIT. `settle` is
     * added. */
    int64_t limit;
    const struct cancel *cancel;
};

enum traffic_answer {
    TRAFFIC_OK = 0,
    TRAFFIC_UNKNOWN = 1, /* the driver cannot know */
};

#endif
