/*
 * replace - runs the steps, and undoes all of them if one fails.
 */
#ifndef S3DOCK_DEPLOY_REPLACE_H
#define S3DOCK_DEPLOY_REPLACE_H

#include "deploy/run.h"

struct err;

/* Brings each unit that is not `unchanged` to the wanted image. A retired container that does not
 * come up again is replaced by a new one, once. After a failure O serves (deploy.*), or nothing
 * does (down.serving). Sets the outcome. After a cancel nothing is taken back: the next run does
 * it. */
int replace(struct run *run, struct err *err);
/* Writes the digest of the specs of all units. The record of a failure contains it. */
void replace_spec_of(const struct run *run, char out[SHA256_HEX_SIZE]);

#endif
