/*
 * fsync of macOS writes to the disk's own cache, which a power failure empties. F_FULLFSYNC empties
 * it onto the disk. Network file systems do not have it, nor the rename without replacement.
 */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/acl.h>
#include <sys/param.h>
#include <unistd.h>

#include "os/posix/file.h"

int os_unnamed_file(const char *folder)
{
    return os_nameless_file(folder);
}

/* /dev/fd of macOS duplicates the descriptor, with its flags. */
int os_reopen(int fd, int flags)
{
    (void)fd;
    (void)flags;
    errno = ENOTSUP;
    return -1;
}

int os_rename_new(const char *from, const char *to)
{
    if (renamex_np(from, to, RENAME_EXCL) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOTSUP)
        return -1;
    return os_rename_by_link(from, to);
}

int os_sync(int fd)
{
    return fcntl(fd, F_FULLFSYNC) == 0 ? 0 : fsync(fd);
}

int64_t os_modified(const struct stat *st)
{
    return os_ns_of(st->st_mtimespec);
}

int64_t os_changed(const struct stat *st)
{
    return os_ns_of(st->st_ctimespec);
}

/* Only folders are mount points. */
bool os_is_mount_point(const char *path)
{
    char parent[PATH_MAX];
    struct stat here, above;

    if (snprintf(parent, sizeof parent, "%s/..", path) >= (int)sizeof parent)
        return false;
    return lstat(path, &here) == 0 && S_ISDIR(here.st_mode) && stat(parent, &above) == 0 &&
           here.st_dev != above.st_dev;
}

/* macOS gives the folders of a user lists that only deny: those give no rights. */
bool os_has_access_list(const char *path)
{
    acl_t list = acl_get_link_np(path, ACL_TYPE_EXTENDED);
    bool allows = false;
    acl_entry_t entry;
    acl_tag_t tag;

    if (!list)
        return !(errno == ENOENT && access(path, F_OK) == 0) && errno != ENOTSUP;
    for (int which = ACL_FIRST_ENTRY; !allows && acl_get_entry(list, which, &entry) == 0;
         which = ACL_NEXT_ENTRY)
        allows = acl_get_tag_type(entry, &tag) != 0 || tag == ACL_EXTENDED_ALLOW;
    acl_free(list);
    return allows;
}
