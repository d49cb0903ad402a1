/*
 * judge - refuses a created candidate that must not run beside, or instead of, the container that
 * serves. It compares the inspect with the spec: the Engine ignores unknown fields.
 */
#ifndef S3DOCK_DEPLOY_SPEC_JUDGE_H
#define S3DOCK_DEPLOY_SPEC_JUDGE_H

#include "base/bytes.h"
#include "deploy/spec/container_spec.h"

struct docker_container;
struct err;

struct judge_input {
    const struct container_spec *spec;
    const struct docker_container *candidate;
    const struct docker_container *serving;       /* NULL: none */
    const struct docker_container *const *others; /* all but these two */
    unsigned other_count;
    uint64_t memory_available; /* bytes of the host; 0: unknown */
};

/* Fails with usage.judge: the text has the first reason, the hint its remedy. Warnings are added to
 * `warnings`, one a line. Sends no request. */
int judge(const struct judge_input *input, struct text *warnings, struct err *err);

#endif
