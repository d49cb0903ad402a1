/*
 * former - selects the container to which a rollback returns, and the image of all units.
 */
#ifndef S3DOCK_DEPLOY_FORMER_H
#define S3DOCK_DEPLOY_FORMER_H

#include "deploy/run.h"

struct err;

/* Stores the image to which this host can return in run->want. not_found.previous: none is kept. */
int former_choose(struct run *run, struct err *err);
/* Marks the units that have nothing to do after former_choose. Returns true if all have nothing to
 * do. */
bool former_mark(struct run *run);
/* Returns the newest container of a unit that was replaced. Prefers one that differs from what
 * serves. NULL: there is none. */
const struct deploy_container *former_find(const struct run *run, const struct deploy_unit *unit);
/* Returns true if the unit has reached the image of an interrupted rollback. */
bool former_reached(const struct run *run, const struct deploy_unit *unit);

#endif
