/*
 * prepare - makes the candidate of a unit: creates it, compares it with its spec, starts it, waits
 * until it is ready. The container that serves is not touched.
 */
#ifndef S3DOCK_DEPLOY_PREPARE_H
#define S3DOCK_DEPLOY_PREPARE_H

#include "deploy/run.h"

struct err;

/* Returns a retired container of the wanted image and spec, in the free slot, or NULL. */
struct deploy_container *prepare_find_retired(const struct run *run,
                                              const struct deploy_unit *unit);
/* C is a running candidate of an earlier run, a retired container of this image and spec, or new.
 * conflict.container: another program creates one, too. */
int prepare_create(struct run *run, struct deploy_unit *unit, struct err *err);
/* usage.judge. */
int prepare_judge(struct run *run, struct deploy_unit *unit, struct err *err);
/* deploy.start: the daemon cannot start it. */
int prepare_start(struct run *run, struct deploy_unit *unit, struct err *err);
/* deploy.unhealthy, deploy.exited. */
int prepare_gate(struct run *run, struct deploy_unit *unit, struct err *err);

#endif
