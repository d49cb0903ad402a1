/*
 * pull - moves an image from the bucket into a daemon or a file.
 */
#ifndef S3DOCK_PULL_PULL_H
#define S3DOCK_PULL_PULL_H

#include "pull/options.h"

struct err;

/* Returns 0 once the image is at its destination and verified: every chunk, every layer and, for a
 * daemon, its own report and an inspect of the image. After a failure, the result has the values
 * that were known by then. */
int pull_run(const struct pull_options *options, struct pull_result *result, struct err *err);

#endif
