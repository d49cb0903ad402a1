/*
 * owners - refuses a candidate that needs a port of the host, or the name of a slot, that another
 * running container has. The daemon would refuse its start, or requests would reach both.
 */
#ifndef S3DOCK_DEPLOY_SPEC_OWNERS_H
#define S3DOCK_DEPLOY_SPEC_OWNERS_H

struct judge_input;
struct err;

/* Fails with usage.judge and a hint. */
int owners_check(const struct judge_input *input, struct err *err);

#endif
