/*
 * wait - waits for descriptors: pipes, terminals and sockets.
 */
#ifndef S3DOCK_OS_WAIT_H
#define S3DOCK_OS_WAIT_H

#include <stdint.h>

#define OS_WAIT_MAX 4 /* descriptors of a call */

enum { OS_READABLE = 1, OS_WRITABLE = 2 };

struct os_wait {
    int fd;   /* negative: it is left out */
    int want; /* OS_READABLE, OS_WRITABLE or both */
    int has;  /* the result; an error or the end of the other side sets all bits of `want` */
};

/* Waits until one of the descriptors is ready, at most `ns`, rounded up to milliseconds. A signal
 * ends the wait. Returns the number of those that are ready, or -1 and errno. */
int os_wait(struct os_wait *waits, unsigned count, int64_t ns);
/* The same for one descriptor. Returns what it is ready for; 0: nothing, after that time or a
 * signal; or -1 and errno. */
int os_wait_one(int fd, int want, int64_t ns);
/* Sleeps for that time, or until a signal. */
void os_nap(int64_t ns);

#endif
