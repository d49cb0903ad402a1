/*
 * traffic - moves requests between the two slots of a unit, through the user's own proxy.
 *
 * One table of functions a driver: haproxy, caddy, file, command, absent. All operations are
 * idempotent, bounded in time, and verify the result at the proxy where it can be read. One thread
 * at a time.
 *
 * A switch is enter (the candidate), then leave (the container that served). Between the two calls,
 * other containers serve with each driver:
 *
 *   haproxy   both serve after enter. Leave drains the old one.
 *   caddy     one target: enter replaces it, the new one alone serves new requests. Leave verifies
 *             that, and repeats the change if another target is there.
 *   file      the same, with the content of a file and a reload of the proxy.
 *   command   as the command decides.
 *   absent    nothing is done: a proxy that tests both slots, or none.
 *
 * A switch back is the same two calls with the containers exchanged.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_TRAFFIC_H
#define S3DOCK_DEPLOY_TRAFFIC_TRAFFIC_H

#include <stdint.h>

#include "deploy/spec/deployment.h"
#include "deploy/traffic/traffic_target.h"

struct err;
struct text;
struct traffic;

/* Opens the driver. Sends no request. The spec and the context stay valid until traffic_close. */
int traffic_open(const struct traffic_spec *spec, const struct traffic_context *context,
                 struct traffic **out, struct err *err);
void traffic_close(struct traffic *traffic); /* takes NULL */

/* Takes the slot out of rotation before its container exists: no health check of the proxy puts it
 * in. TRAFFIC_UNKNOWN: the driver cannot; nothing else is wrong. */
int traffic_hold(struct traffic *traffic, enum deploy_slot slot, struct err *err);
/* Puts the target into rotation and returns when the proxy shows it there. Call it only for a
 * container that passed its gate. deploy.switch: the proxy cannot be reached, refused, or does not
 * show the target; the old container serves. The file driver writes the old content back and
 * reloads again after a failure. */
int traffic_enter(struct traffic *traffic, const struct traffic_target *target, struct err *err);
/* Takes the target out of rotation for new requests, and returns when the proxy shows that. `stays`
 * is the target that serves now. deploy.switch: as above, or the proxy does not show `stays` in
 * rotation; the target keeps its requests then. */
int traffic_leave(struct traffic *traffic, const struct traffic_target *target,
                  const struct traffic_target *stays, struct err *err);
/* Stores the number of requests or connections that the target still has. TRAFFIC_UNKNOWN: it is
 * not known, *count is -1. The file driver with a pid_file counts the workers of the proxy from
 * before the last enter of this object; without them, and in other drivers that cannot ask the
 * proxy, the established connections to the target's port are counted. */
int traffic_busy(struct traffic *traffic, const struct traffic_target *target, int64_t *count,
                 struct err *err);
/* Cuts the sessions that remain after the drain. TRAFFIC_UNKNOWN: the driver cannot; the stop of
 * the container cuts them. */
int traffic_cut(struct traffic *traffic, const struct traffic_target *target, struct err *err);
/* Stores the slots in rotation as bits (1 << slot); 0: none, or another target than both slots.
 * TRAFFIC_UNKNOWN: it is not known, *slots is 0. So it is while the file may have been written
 * without a reload of the proxy. */
int traffic_where(struct traffic *traffic, unsigned *slots, struct err *err);
/* For doctor: appends one line for each fault of the configuration (socket, backend, servers, file,
 * program). Changes nothing. Returns their number. */
int traffic_examine(struct traffic *traffic, struct text *lines);

#endif
