/*
 * again - which failures the same command may overcome.
 *
 * Only these may have a hint that says "run the same command again": the cause passes by itself,
 * the finished part of the work is kept, or the hint names a step to take before. All other
 * failures are final: a repeated command fails again. tests/kit/rules holds every code of the
 * program against this list.
 */
#ifndef S3DOCK_BASE_AGAIN_H
#define S3DOCK_BASE_AGAIN_H

#include <stdbool.h>

struct err;

bool again_may_help(const struct err *err);

#endif
