/*
 * macOS 11 has neither descriptors that only find files, nor a call that stays below a folder.
 */
#include "os/folder.h"

#include <errno.h>
#include <fcntl.h>

const int OS_SEARCH = O_RDONLY;

int os_open_beneath(int top, const char *path, int flags)
{
    (void)top;
    (void)path;
    (void)flags;
    errno = ENOSYS;
    return -1;
}
