/*
 * intact - finds with one request to the daemon that an earlier run left nothing to do.
 */
#ifndef S3DOCK_DEPLOY_INTACT_H
#define S3DOCK_DEPLOY_INTACT_H

#include <stdbool.h>

#include "deploy/run.h"

/* Returns true if no run was interrupted, and each unit has one running container, with the name
 * and the traffic. Then sets O of each unit. Returns false also if the state is not certain. */
bool deployment_intact(struct run *run);

#endif
