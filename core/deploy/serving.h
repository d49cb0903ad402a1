/*
 * serving - decides which container of a unit serves.
 */
#ifndef S3DOCK_DEPLOY_SERVING_H
#define S3DOCK_DEPLOY_SERVING_H

#include "deploy/run.h"

/* Returns the container, or NULL. It may be stopped: then none of the unit serves. Sends one round
 * of a gate to containers that do not have the name of the unit. */
struct deploy_container *serving_choose(const struct run *run, const struct deploy_unit *unit);
/* Returns true if the journal states that the container is a candidate that failed. */
bool serving_abandoned(const struct run *run, const struct deploy_unit *unit,
                       const struct deploy_container *container);
/* Returns true if a container (or NULL) is what the pointer and the files mean. */
bool serving_is_wanted(const struct run *run, const struct deploy_unit *unit,
                       const struct deploy_container *container);

#endif
