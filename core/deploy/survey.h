/*
 * survey - reads all containers of a deployment, and the slots that its proxies use.
 */
#ifndef S3DOCK_DEPLOY_SURVEY_H
#define S3DOCK_DEPLOY_SURVEY_H

#include "deploy/run.h"

struct err;

/* Fills the members of all units. O and C are not chosen yet. Changes nothing.
 * conflict.container: a foreign container has the name of a unit. */
int survey(struct run *run, struct err *err);
/* Inspects one more container and adds it to its unit. */
int survey_add(struct run *run, struct deploy_unit *unit, const char *id,
               struct deploy_container **out, struct err *err);

#endif
