/*
 * exchange - replaces the container of a stop-first unit: nothing serves while it runs.
 */
#ifndef S3DOCK_DEPLOY_EXCHANGE_H
#define S3DOCK_DEPLOY_EXCHANGE_H

#include "deploy/run.h"

struct err;

/* Stops O, starts C, waits until it is ready. After a failure, converge starts O again. */
int exchange(struct run *run, struct deploy_unit *unit, struct err *err);

#endif
