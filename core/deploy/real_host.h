/*
 * real_host - the host of the program: the daemon, the proxies, the bucket, and the files of this
 * machine.
 */
#ifndef S3DOCK_DEPLOY_REAL_HOST_H
#define S3DOCK_DEPLOY_REAL_HOST_H

#include "deploy/deploy_options.h"
#include "deploy/host.h"

struct err;

/* Creates the host of a run. Reaches nothing yet: the daemon is opened with the first request that
 * needs it. The options must outlive the host. */
struct deploy_host *real_host_create(const struct deploy_options *options, struct err *err);
void real_host_destroy(struct deploy_host *host); /* takes NULL */

#endif
