/*
 * stop - ends a container with its stop signal, and with SIGKILL after its time.
 *
 * The daemon's own stop is never used: it kills at once if the client disconnects.
 */
#ifndef S3DOCK_DEPLOY_STOP_H
#define S3DOCK_DEPLOY_STOP_H

#include <stdbool.h>

#include "deploy/run.h"

struct err;

struct stopped {
    double seconds;
    bool forced; /* SIGKILL was needed */
};

/* Returns once the container does not run. The signal is noted in the journal first, and is never
 * sent twice: for some programs a second one means "abort". A container that the daemon starts
 * again meanwhile gets it for that start, too. deploy.stop: it does not end. */
int stop_container(struct run *run, const struct deploy_unit *unit,
                   struct deploy_container *container, struct stopped *out, struct err *err);

#endif
