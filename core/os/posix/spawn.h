/*
 * spawn - starts a program with posix_spawn. Only for the bodies of os/process.
 */
#ifndef S3DOCK_OS_SPAWN_H
#define S3DOCK_OS_SPAWN_H

#include "os/process.h"

/* Starts a program that is not tied. Any thread. Returns 0, or an errno. */
int os_spawn(const struct os_start *start, long *process);

#endif
