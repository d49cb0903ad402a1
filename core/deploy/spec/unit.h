/*
 * unit - reads one unit of a deployment.
 */
#ifndef S3DOCK_DEPLOY_SPEC_UNIT_H
#define S3DOCK_DEPLOY_SPEC_UNIT_H

#include <stddef.h>

#include "deploy/spec/deployment.h"
#include "deploy/spec/keys.h"

struct err;
struct text;

/* The keys of a unit; offsets in struct unit_spec. The first UNIT_SHARED_KEYS may stand beside
 * `units`, as defaults of all units. */
#define UNIT_SHARED_KEYS 6
#define UNIT_KEYS        13
extern const struct key unit_keys[UNIT_KEYS];

/* Fills in the values of a unit without any key. */
void unit_init(struct unit_spec *unit);
/* Fills in what depends on other keys: the name, the servers of HAProxy. Then refuses a unit whose
 * keys contradict each other. usage.deploy. `place` is the place of the unit. */
int unit_check(const struct key_place *place, const char *app, const char *env,
               struct unit_spec *unit, struct text *warnings, struct err *err);
/* Frees the commands of a unit. */
void unit_finish(struct unit_spec *unit);

#endif
