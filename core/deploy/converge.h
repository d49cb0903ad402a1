/*
 * converge - makes one container of each unit serve, whatever an earlier run left behind.
 *
 * A run calls converge to repair the state after a kill, and to undo its steps after a failure. The
 * decisions depend on names, labels, policies, states and the proxy, and on the journal, if there
 * is one.
 *
 * Afterwards each unit has at most one container with a restart policy. That container has the name
 * of the unit and gets the traffic. All others are stopped, except for a candidate that the caller
 * wants to keep.
 */
#ifndef S3DOCK_DEPLOY_CONVERGE_H
#define S3DOCK_DEPLOY_CONVERGE_H

#include "deploy/run.h"

struct err;

/* What happens to a running candidate of a start-first unit. */
enum candidates {
    CANDIDATES_KEPT, /* it becomes C: the caller continues with it, or calls converge_take_back */
    CANDIDATES_TAKEN_BACK,
};

/* After a survey. Chooses O of each unit, and repairs. Adds to *changes each time that something
 * had to be repaired. Fails if a unit cannot be repaired; the other units are repaired
 * nevertheless. */
int converge(struct run *run, enum candidates candidates, unsigned *changes, struct err *err);
/* Takes C back: out of rotation, drained, stopped. O serves. If O does not run, C becomes O. */
int converge_take_back(struct run *run, struct deploy_unit *unit, struct err *err);
/* Gives C the name, and takes the policy of O. The former O keeps its slot and runs. */
int converge_commit(struct run *run, struct deploy_unit *unit, struct err *err);

#endif
