/*
 * again - which failures the same command may overcome.
 *
 * Only these may have a hint that says "run the same command again": the cause passes by itself, or
 * what was done is kept, or the hint tells what to do before. Everything else is final: it ends in
 * the same way each time. tests/kit/rules holds every code of the program against this list.
 */
#ifndef S3DOCK_BASE_AGAIN_H
#define S3DOCK_BASE_AGAIN_H

#include <stdbool.h>

struct err;

bool again_may_help(const struct err *err);

#endif
