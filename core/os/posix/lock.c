/*
 * flock is in no version of POSIX, but in every Unix system. The locks of POSIX (fcntl) end when
 * the process closes any descriptor of the file.
 */
#include "os/lock.h"

#include <sys/file.h>

int os_lock(int fd, enum os_lock_mode mode)
{
    return flock(fd, (mode == OS_LOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB);
}
