/*
 * The system opens the path in one call. If it has no such call, each folder of the path is opened
 * with O_NOFOLLOW; ".." is refused, so the path cannot leave the top folder.
 */
#include "base/open_beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "os/folder.h"

#define FILE_FLAGS   (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
#define FOLDER_FLAGS (OS_SEARCH | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY)
#define NAME_ROOM    256 /* NAME_MAX and the NUL */

static bool is_dots(const char *name, size_t size)
{
    return size == 2 && name[0] == '.' && name[1] == '.';
}

int beneath_walk(int top, const char *path, int flags)
{
    int folder = top, next = -EINVAL;

    while (*path) {
        size_t size = strcspn(path, "/");
        bool last = path[size + strspn(path + size, "/")] == '\0';
        char name[NAME_ROOM];

        if (size == 0 || size >= sizeof name || is_dots(path, size)) {
            next = size >= sizeof name ? -ENAMETOOLONG : -EXDEV;
            break;
        }
        memcpy(name, path, size);
        name[size] = '\0';
        next = openat(folder, name, last ? flags : FOLDER_FLAGS);
        if (next < 0)
            next = -errno;
        if (folder != top)
            close(folder);
        if (next < 0 || last)
            return next;
        folder = next;
        path += size + strspn(path + size, "/");
    }
    if (folder != top)
        close(folder);
    return next;
}

/* Returns a descriptor or -errno. */
static int open_beneath(int top, const char *path, int flags)
{
    int fd = os_open_beneath(top, path, flags);

    if (fd >= 0)
        return fd;
    return errno == ENOSYS ? beneath_walk(top, path, flags) : -errno;
}

static int open_error(int errnum, const char *path, struct err *err)
{
    if (errnum == ELOOP || errnum == EXDEV || errnum == ENXIO || errnum == ENOTDIR)
        return err_set(err, ERR_LOCAL, "layout", "%s is not a file or leads elsewhere", path);
    return err_errno(err, errnum, "read", "cannot open %s", path);
}

int beneath_top(const char *path, int *folder, struct err *err)
{
    *folder = open(path, OS_SEARCH | O_CLOEXEC | O_DIRECTORY);
    return *folder < 0 ? err_errno(err, errno, "read", "cannot open %s", path) : 0;
}

int beneath_folder(int top, const char *path, int *folder, struct err *err)
{
    *folder = open_beneath(top, path, FOLDER_FLAGS);
    return *folder < 0 ? open_error(-*folder, path, err) : 0;
}

int beneath_look(int top, const char *path, struct err *err)
{
    int folder = open_beneath(top, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY);
    int answer;

    if (folder < 0)
        return open_error(-folder, path, err);
    answer = faccessat(folder, ".", X_OK, AT_EACCESS) ? open_error(errno, path, err) : 0;
    close(folder);
    return answer;
}

int beneath_file(int top, const char *path, int *fd, uint64_t *size, struct err *err)
{
    struct stat st;

    *fd = open_beneath(top, path, FILE_FLAGS);
    if (*fd < 0)
        return open_error(-*fd, path, err);
    if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *size = (uint64_t)st.st_size;
        return 0;
    }
    close(*fd);
    *fd = -1;
    return err_set(err, ERR_LOCAL, "layout", "%s is not a regular file", path);
}

int beneath_read(int top, const char *path, struct text *out, struct err *err)
{
    char block[4096];
    uint64_t size;
    ssize_t got;
    int fd;

    if (beneath_file(top, path, &fd, &size, err))
        return ERR_FAIL;
    do {
        got = read(fd, block, sizeof block);
        if (got > 0)
            text_add(out, block, (size_t)got);
    } while ((got > 0 && !out->failed) || (got < 0 && errno == EINTR));
    if (got < 0)
        err_errno(err, errno, "read", "cannot read %s", path);
    close(fd);
    return got < 0 ? ERR_FAIL : text_check(out, path, err);
}
