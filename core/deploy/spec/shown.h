/*
 * shown - compares a spec with the inspect of the container that was created from it.
 *
 * The Engine accepts unknown members and ignores them, and it drops limits that the kernel does not
 * have. So every member of the spec must be in the inspect, in a form that a daemon is known to
 * make of it.
 */
#ifndef S3DOCK_DEPLOY_SPEC_SHOWN_H
#define S3DOCK_DEPLOY_SPEC_SHOWN_H

#include "deploy/spec/container_spec.h"

struct docker_container;
struct err;

/* usage.judge: a member is missing in the inspect, or has another value. The text names it, the
 * file and the most similar member. Members that a daemon is known to change, and those that Podman
 * does not show, are lines in `warnings`. Values of variables are never named. */
int shown_check(const struct container_spec *spec, const struct docker_container *candidate,
                struct text *warnings, struct err *err);
/* Returns true if the inspect is one of Podman. */
bool shown_by_podman(const struct docker_container *container);

#endif
