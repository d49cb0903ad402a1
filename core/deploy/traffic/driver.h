/*
 * driver - the table of functions that one kind of proxy fills in. Private to this floor.
 *
 * A NULL function means TRAFFIC_UNKNOWN; without `busy`, connections are counted. The functions
 * have the contracts of traffic.h.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_DRIVER_H
#define S3DOCK_DEPLOY_TRAFFIC_DRIVER_H

#include <stdint.h>

#include "deploy/traffic/proxy_workers.h"
#include "deploy/traffic/traffic_target.h"

struct err;
struct text;
struct traffic;

#define TRAFFIC_POLL (100 * NS_PER_MS) /* between two reads of the state of a proxy */

struct traffic_driver {
    int (*check)(const struct traffic *traffic, struct err *err); /* of the spec, at open */
    int (*hold)(struct traffic *traffic, enum deploy_slot slot, struct err *err);
    int (*enter)(struct traffic *traffic, const struct traffic_target *target, struct err *err);
    int (*leave)(struct traffic *traffic, const struct traffic_target *target,
                 const struct traffic_target *stays, struct err *err);
    int (*busy)(struct traffic *traffic, const struct traffic_target *target, int64_t *count,
                struct err *err);
    int (*cut)(struct traffic *traffic, const struct traffic_target *target, struct err *err);
    int (*where)(struct traffic *traffic, unsigned *slots, struct err *err);
    void (*examine)(struct traffic *traffic, struct text *lines);
};

extern const struct traffic_driver TRAFFIC_DRIVER_ABSENT, TRAFFIC_DRIVER_HAPROXY,
    TRAFFIC_DRIVER_CADDY, TRAFFIC_DRIVER_FILE, TRAFFIC_DRIVER_COMMAND;

struct traffic {
    const struct traffic_driver *driver;
    const struct traffic_spec *spec;
    struct traffic_context context;
    struct proxy_workers old_workers; /* file: of the proxy, from before the last reload */
};

/* Returns the time at which the current request, program or wait must be over. */
int64_t traffic_deadline(const struct traffic *traffic);
/* Waits `time` ns. Fails with cancelled.signal. */
int traffic_pause(const struct traffic *traffic, int64_t time, struct err *err);
/* Counts the connections to the target's port. */
int traffic_connections(const struct traffic_target *target, int64_t *count);

#endif
