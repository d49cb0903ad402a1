/*
 * Some file systems lack a call: FAT has no hard links, NFS no rename without replacement, and
 * several no files without a name. Each call has a second way.
 */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE /* musl has no function for the call */
#define RENAME_NOREPLACE 1
static int renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags)
{
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}
#endif
#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000 /* of the kernel since 5.8, in <linux/stat.h> */
#endif

#define NS_PER_S INT64_C(1000000000)

int os_temp_file(char *path)
{
    return mkostemp(path, O_CLOEXEC);
}

int os_unnamed_file(const char *folder)
{
    char path[PATH_MAX];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        return fd;
    if (snprintf(path, sizeof path, "%s/spool-XXXXXX", folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = os_temp_file(path);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int os_reopen(int fd, int flags)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, flags);
}

/* A hard link does the same where the file system refuses the call (NFS); FAT has no hard links,
 * but the call. */
int os_rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (link(from, to) < 0)
        return -1;
    unlink(from);
    return 0;
}

int os_sync(int fd)
{
    return fsync(fd);
}

static int64_t ns_of(struct timespec time)
{
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

int64_t os_modified(const struct stat *st)
{
    return ns_of(st->st_mtim);
}

int64_t os_changed(const struct stat *st)
{
    return ns_of(st->st_ctim);
}

int os_set_modified(int fd, int64_t time)
{
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = (time_t)(time / NS_PER_S), .tv_nsec = (long)(time % NS_PER_S)}};

    return futimens(fd, times);
}

bool os_is_mount_point(const char *path)
{
#ifdef STATX_TYPE
    struct statx st;

    return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) == 0 &&
           (st.stx_attributes_mask & st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
#else
    (void)path; /* musl before 1.2.5 */
    return false;
#endif
}

bool os_has_access_list(const char *path)
{
    return getxattr(path, "system.posix_acl_access", NULL, 0) >= 0 ||
           (errno != ENODATA && errno != ENOTSUP);
}
