/*
 * prune - removes what a deployment does not need any more: retired containers beyond those that
 * are kept, candidates that failed, images of the application that no container has.
 */
#ifndef S3DOCK_DEPLOY_PRUNE_H
#define S3DOCK_DEPLOY_PRUNE_H

#include "deploy/run.h"

struct err;

/* Removes stopped containers with the exact label of the unit. Keeps the newest `keep` that served,
 * at least one. */
int prune_containers(struct run *run, struct deploy_unit *unit, unsigned keep, struct err *err);
/* The same for the retired containers of all units that serve: an interrupted run did not do it. */
int prune_retired(struct run *run, struct err *err);
/* Removes stopped candidates that never served. The last one is kept until the next is created. */
int prune_failed(struct run *run, struct deploy_unit *unit, struct err *err);
/* Removes images of the application but for the wanted one. */
int prune_images(struct run *run, bool dangling, struct err *err);

#endif
