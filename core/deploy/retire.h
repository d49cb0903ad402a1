/*
 * retire - the steps after a commit: drains and stops the former container.
 */
#ifndef S3DOCK_DEPLOY_RETIRE_H
#define S3DOCK_DEPLOY_RETIRE_H

#include "deploy/run.h"

struct err;

int retire_drain(struct run *run, struct deploy_unit *unit, struct err *err);
int retire_stop(struct run *run, struct deploy_unit *unit, struct err *err);
/* Finishes what a failure after the commit has left. */
int retire_rest(struct run *run, struct err *err);

#endif
