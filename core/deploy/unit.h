/*
 * unit - questions about the containers of a unit, and single requests for one of them.
 */
#ifndef S3DOCK_DEPLOY_UNIT_H
#define S3DOCK_DEPLOY_UNIT_H

#include <stdbool.h>

#include "deploy/run.h"

struct err;

#define UNIT_RETIRED ".retired" /* end of the name of a container that served */

bool container_runs(const struct deploy_container *container);    /* NULL: false */
bool container_stopped(const struct deploy_container *container); /* not paused, not restarting */
/* Returns true if Podman may start it again. */
bool container_ended(const struct deploy_container *container);
/* Returns true if it is a candidate that ended by itself, and that the daemon starts again and
 * again: its policy cannot be changed. */
bool container_returns(const struct run *run, const struct deploy_container *container);
/* Returns true if it cannot have written to a volume. */
bool container_never_ran(const struct deploy_container *container);
bool container_has_policy(const struct deploy_container *container); /* other than "no" */
/* Returns true if it comes back when the host boots, once it has been started. */
bool container_armed(const struct run *run, const struct deploy_container *container);
/* Returns true if its name is that of a retired container. */
bool container_retired(const struct deploy_container *container);

/* Returns true if its name is one that a run gives it: that of the unit, or one with its
 * generation. Labels alone do not make a container ours: tools copy them, and so does a commit of a
 * container. */
bool container_has_our_name(const struct deploy_unit *unit,
                            const struct deploy_container *container);

/* Returns the generation that a container repeats, or its own one. */
unsigned container_origin(const struct deploy_container *container);

/* Compares when two retired containers served: a rollback makes an old one the newest. */
bool container_newer(const struct deploy_container *a, const struct deploy_container *b);

/* Returns true if a rollback to a retired container changes the image or the spec. */
bool unit_differs(const struct deploy_unit *unit, const struct deploy_container *container);
/* Returns true if a rollback returns to `a` rather than to `b`. */
bool unit_prefers(const struct deploy_unit *unit, const struct deploy_container *a,
                  const struct deploy_container *b);

/* Writes NAME.gN, the name of a candidate. */
void unit_candidate_name(const struct deploy_unit *unit, unsigned generation,
                         char out[DOCKER_NAME_SIZE]);
/* Writes NAME.gN.retired. `number` counts from 1; a later one makes another name. */
void unit_retired_name(const struct deploy_unit *unit, const struct deploy_container *container,
                       unsigned number, char out[DOCKER_NAME_SIZE]);
/* Stores the time since a run stopped the container that served, if it did. */
void unit_count_gap(const struct run *run, const struct deploy_unit *unit);
/* Returns the unit whose labels the container has, or NULL. */
struct deploy_unit *unit_of(struct run *run, const struct deploy_container *container);
/* Returns the container that has the name of the unit, or NULL. */
struct deploy_container *unit_holder(const struct deploy_unit *unit);
struct deploy_container *unit_member(const struct deploy_unit *unit, const char *id);
/* Returns the slot for a new candidate. */
enum deploy_slot unit_free_slot(const struct deploy_unit *unit);
bool unit_stop_first(const struct deploy_unit *unit);

/* Fills the target of a container. The strings belong to `address` and the container. */
#define UNIT_ADDRESS_SIZE 96
void unit_target(const struct deploy_unit *unit, const struct deploy_container *container,
                 char address[UNIT_ADDRESS_SIZE], struct traffic_target *out);

/* Inspects the container again. DOCKER_ABSENT: it is gone, and counts as stopped. */
int unit_refresh(const struct run *run, struct deploy_container *container, struct err *err);
int unit_start(const struct run *run, struct deploy_container *container, struct err *err);
int unit_rename(const struct run *run, struct deploy_container *container, const char *name,
                struct err *err);
/* Sets the policy of a serving container, or "no". Does nothing if it has it already, or if the
 * daemon cannot. */
int unit_arm(const struct run *run, struct deploy_container *container, struct err *err);
int unit_disarm(const struct run *run, struct deploy_container *container, struct err *err);
int unit_enter(const struct run *run, const struct deploy_unit *unit,
               const struct deploy_container *container, struct err *err);
int unit_leave(const struct run *run, const struct deploy_unit *unit,
               const struct deploy_container *container, const struct deploy_container *stays,
               struct err *err);
int unit_gate(const struct run *run, struct deploy_unit *unit,
              const struct deploy_container *container, struct err *err);
/* Returns true if one round of its gate passes. */
bool unit_passes(const struct run *run, const struct deploy_unit *unit,
                 const struct deploy_container *container);

#endif
