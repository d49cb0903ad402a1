/*
 * deployer - deploy_run, deploy_converge and deploy_rollback on a given host.
 */
#ifndef S3DOCK_DEPLOY_DEPLOYER_H
#define S3DOCK_DEPLOY_DEPLOYER_H

#include "deploy/deploy_options.h"
#include "deploy/deploy_result.h"
#include "deploy/host.h"

struct err;

/* As in deploy.h. */
int deployer_run(struct deploy_host *host, const struct deploy_options *options,
                 struct deploy_result *result, struct err *err);
int deployer_converge(struct deploy_host *host, const struct deploy_options *options,
                      struct deploy_result *result, struct err *err);
int deployer_rollback(struct deploy_host *host, const struct deploy_options *options,
                      struct deploy_result *result, struct err *err);

#endif
