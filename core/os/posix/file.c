/*
 * The calls for files that are the same on all systems, and replacements of calls that some file
 * systems lack.
 */
#include "os/posix/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"

int os_temp_file(char *path)
{
    return mkostemp(path, O_CLOEXEC);
}

int os_nameless_file(const char *folder)
{
    char path[PATH_MAX];
    int fd;

    if (snprintf(path, sizeof path, "%s/spool-XXXXXX", folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = os_temp_file(path);
    if (fd >= 0)
        unlink(path);
    return fd;
}

/* FAT has no hard links, but mostly the rename without replacement. */
int os_rename_by_link(const char *from, const char *to)
{
    if (link(from, to) < 0)
        return -1;
    unlink(from);
    return 0;
}

int64_t os_ns_of(struct timespec time)
{
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

int os_set_modified(int fd, int64_t time)
{
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = (time_t)(time / NS_PER_S), .tv_nsec = (long)(time % NS_PER_S)}};

    return futimens(fd, times);
}

bool os_has_bytes(int fd, uint64_t offset, uint64_t size)
{
    struct stat st;
    off_t hole;

    if (fstat(fd, &st) < 0 || offset > (uint64_t)st.st_size || size > (uint64_t)st.st_size - offset)
        return false;
    if (size == 0)
        return true;
    hole = lseek(fd, (off_t)offset, SEEK_HOLE);
    return hole < 0 || (uint64_t)hole >= offset + size;
}
