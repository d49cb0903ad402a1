/*
 * Some file systems lack a call: FAT has no hard links, NFS no rename without replacement, and
 * several no files without a name. Each call has a second way.
 */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "os/posix/file.h"

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

int os_unnamed_file(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    return fd >= 0 ? fd : os_nameless_file(folder);
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
    return os_rename_by_link(from, to);
}

int os_sync(int fd)
{
    return fsync(fd);
}

int64_t os_modified(const struct stat *st)
{
    return os_ns_of(st->st_mtim);
}

int64_t os_changed(const struct stat *st)
{
    return os_ns_of(st->st_ctim);
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
