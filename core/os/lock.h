/*
 * lock - locks of whole files between processes.
 */
#ifndef S3DOCK_OS_LOCK_H
#define S3DOCK_OS_LOCK_H

#include <stdbool.h>

enum os_lock_mode { OS_LOCK_SHARED, OS_LOCK_EXCLUSIVE };

/* Locks an open file without waiting; a lock that the descriptor holds is exchanged. Closing the
 * descriptor and the end of the process unlock it. Returns 0, or -1 and errno: EWOULDBLOCK if
 * another descriptor holds the lock, EINTR. */
int os_lock(int fd, enum os_lock_mode mode);

struct os_lock_holder {
    long process;
    char name[32]; /* of its program; "": unknown */
};
/* Finds the process that holds the lock of an open file. Returns false if that is not known: it is
 * on another host, or the system does not list its locks. */
bool os_lock_holder(int fd, struct os_lock_holder *out);

#endif
