/*
 * again - the failures after which the same command may succeed.
 *
 * Only their hints may contain "run the same command again": the cause is temporary, the finished
 * part of the work is kept, or the hint names a step to take before. All other failures are final.
 * tests/kit/rules compares every code of the program with this list.
 */
#ifndef S3DOCK_BASE_AGAIN_H
#define S3DOCK_BASE_AGAIN_H

#include <stdbool.h>

struct err;

/* Returns true if the same command may succeed after this error. */
bool again_may_help(const struct err *err);

#endif
