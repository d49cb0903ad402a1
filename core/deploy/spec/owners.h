/*
 * owners - refuses a candidate that needs a port of the host which another running container has:
 * the daemon would refuse its start. Refuses one with the slot name of O: requests would reach
 * both.
 */
#ifndef S3DOCK_DEPLOY_SPEC_OWNERS_H
#define S3DOCK_DEPLOY_SPEC_OWNERS_H

struct docker_container;
struct err;
struct unit_spec;

struct owners_input {
    const struct unit_spec *unit;
    const struct docker_container *candidate;
    const struct docker_container *serving; /* NULL: none */
    const struct docker_container *const *others;
    unsigned other_count;
};

/* Fails with usage.judge and a hint. */
int owners_check(const struct owners_input *input, struct err *err);

#endif
