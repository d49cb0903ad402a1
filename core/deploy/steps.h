/*
 * steps - the table of a deployment: what is done, for which units, in which order.
 */
#ifndef S3DOCK_DEPLOY_STEPS_H
#define S3DOCK_DEPLOY_STEPS_H

#include "deploy/run.h"

struct err;

/* Runs all steps, each over all units that must change. A failure before the commit ends it; the
 * caller undoes all steps (converge). Failures afterwards are warnings. */
int steps_run(struct run *run, struct err *err);

#endif
