/*
 * proxy_workers - the worker processes of a proxy on this host: the children of the process whose
 * number is in a pid file.
 *
 * A reload of nginx (and of others) starts new workers. The old ones end after their last request.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_PROXY_WORKERS_H
#define S3DOCK_DEPLOY_TRAFFIC_PROXY_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#define PROXY_WORKERS_MAX 512

struct proxy_workers {
    unsigned count;
    struct proxy_worker {
        int64_t pid;
        uint64_t started; /* in ticks since boot: differs for a later process of this number */
        char title[64];   /* the beginning of its command line; nginx writes "is shutting down" */
    } list[PROXY_WORKERS_MAX];
};

/* Finds the workers. False: the file has no number of a running process, or they cannot be read, or
 * there are more than fit; the list is empty then. */
bool proxy_workers_find(const char *pid_file, struct proxy_workers *out);
/* Counts those that still run. */
unsigned proxy_workers_running(const struct proxy_workers *workers);
/* Counts those that still run under the same title. */
unsigned proxy_workers_unchanged(const struct proxy_workers *workers);
/* Returns true if `now` has a worker that `before` has not. */
bool proxy_workers_has_new(const struct proxy_workers *now, const struct proxy_workers *before);

#endif
