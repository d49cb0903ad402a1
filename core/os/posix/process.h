/*
 * process - the functions that the bodies of os/process share.
 */
#ifndef S3DOCK_OS_POSIX_PROCESS_H
#define S3DOCK_OS_POSIX_PROCESS_H

struct os_start;

/* Starts a program that is not tied, with posix_spawn. Any thread. Returns 0, or an errno. */
int os_spawn(const struct os_start *start, long *process);

#endif
