/*
 * drain - waits until a container that is out of rotation has no requests left.
 */
#ifndef S3DOCK_DEPLOY_DRAIN_H
#define S3DOCK_DEPLOY_DRAIN_H

#include "deploy/run.h"

struct err;

struct drained {
    double seconds;
    int64_t left; /* requests that were cut; -1: not known */
};

/* Waits at most `limit` ns. Then the remaining requests are cut, if the proxy can do that. Fails
 * only with a cancel. */
int drain(const struct run *run, const struct deploy_unit *unit,
          const struct deploy_container *container, int64_t limit, struct drained *out,
          struct err *err);

#endif
