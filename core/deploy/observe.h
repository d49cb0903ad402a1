/*
 * observe - watches the candidates after they got the traffic, while O still runs.
 */
#ifndef S3DOCK_DEPLOY_OBSERVE_H
#define S3DOCK_DEPLOY_OBSERVE_H

#include "deploy/run.h"

struct err;

/* Waits for the time that the deployment configures. deploy.observe: a candidate ended, restarted,
 * became unhealthy, or the URL `verify` failed. *failed_unit is its unit then, or NULL. */
int observe(struct run *run, struct deploy_unit **failed_unit, struct err *err);

#endif
