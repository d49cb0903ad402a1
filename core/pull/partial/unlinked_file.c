/*
 * A file that has no name needs no cleanup: the kernel deletes it when its descriptor is closed.
 */
#include "pull/partial/unlinked_file.h"

#include <errno.h>

#include "base/err.h"
#include "base/file.h"
#include "os/disk.h"
#include "os/file.h"

int unlinked_file_create(uint64_t leave, uint64_t *room, struct err *err)
{
    struct os_space disk;
    char dir[4096];
    int fd;

    *room = UINT64_MAX;
    if (file_cache_dir(dir, sizeof dir, err))
        return -1;
    fd = os_unnamed_file(dir);
    if (fd < 0) {
        err_errno(err, errno, "spool", "cannot create a file in %s", dir);
        return -1;
    }
    if (os_space_of(fd, &disk) == 0)
        *room = disk.free > leave ? disk.free - leave : 0;
    return fd;
}
