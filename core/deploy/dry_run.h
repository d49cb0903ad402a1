/*
 * dry_run - writes what a run would do, one step a line.
 */
#ifndef S3DOCK_DEPLOY_DRY_RUN_H
#define S3DOCK_DEPLOY_DRY_RUN_H

#include "deploy/deploy_options.h"
#include "deploy/host.h"

struct deploy_unit;
struct err;
struct run;
struct text;

/* Fills result->plan of the run. */
typedef int dry_run_fn(struct run *run, struct err *err);

/* Runs `plan` without a lock, and fills the result. */
int dry_run(struct deploy_host *host, const struct deploy_options *options,
            struct deploy_result *result, dry_run_fn *plan, struct err *err);
/* Plans a deployment. Unless `offline`, creates a container of each unit, compares it with its
 * spec, and removes it; it is never started. */
dry_run_fn dry_run_plan;

/* Chooses the container that serves, as a run does. An interrupted run is not repaired: other
 * containers that run are written into the plan. */
void dry_run_serving(struct run *run);
/* Writes how the candidate of a unit replaces the container that serves. */
void dry_run_switch(const struct deploy_unit *unit, struct text *plan);

#endif
