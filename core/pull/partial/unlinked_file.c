/*
 * A file that has no name needs no cleanup: the kernel deletes it when its descriptor is closed.
 */
#include "pull/partial/unlinked_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"

/* For file systems without O_TMPFILE, the file is created with a name and unlinked. */
static int open_unlinked(const char *dir, struct err *err)
{
    char path[4200];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        return fd;
    snprintf(path, sizeof path, "%s/spool-XXXXXX", dir);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        err_errno(err, errno, "spool", "cannot create a file in %s", dir);
        return -1;
    }
    unlink(path);
    return fd;
}

int unlinked_file_create(uint64_t leave, uint64_t *room, struct err *err)
{
    struct statvfs disk;
    char dir[4096];
    int fd;

    *room = UINT64_MAX;
    if (file_cache_dir(dir, sizeof dir, err))
        return -1;
    fd = open_unlinked(dir, err);
    if (fd >= 0 && fstatvfs(fd, &disk) == 0) {
        uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;

        *room = free_bytes > leave ? free_bytes - leave : 0;
    }
    return fd;
}
