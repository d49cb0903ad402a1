/*
 * A file is replaced by a rename: the new content is written beside it under a private name,
 * synced, and renamed in one step. Then the folder is synced, because otherwise a crash could undo
 * the rename. Any failure deletes the private file and changes nothing else.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/output_path.h"
#include "os/file.h"
#include "os/lock.h"

#define READ_STEP (16 * KIB) /* on the stack */

int file_open_regular(int folder, const char *path, int flags, mode_t mode)
{
    int fd = openat(folder, path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode);
    struct stat st;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    errno = FILE_NOT_REGULAR;
    return -1;
}

int file_read_open(int fd, const char *path, struct text *out, struct err *err)
{
    for (;;) {
        char block[READ_STEP];
        ssize_t got = read(fd, block, sizeof block);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(err, errno, "read", "cannot read %s", path);
        if (got == 0)
            return 0;
        text_add(out, block, (size_t)got);
        if (text_check(out, path, err) < 0)
            return ERR_FAIL;
    }
}

int file_open_read(const char *path, int *fd, struct err *err)
{
    *fd = file_open_regular(AT_FDCWD, path, O_RDONLY, 0);
    if (*fd >= 0)
        return FILE_OK;
    if (errno == ENOENT || errno == ENOTDIR)
        return FILE_ABSENT;
    if (errno == FILE_NOT_REGULAR)
        return err_set(err, ERR_LOCAL, "read", "cannot read %s: not a regular file", path);
    return err_errno(err, errno, "read", "cannot open %s", path);
}

int file_read(const char *path, struct text *out, struct err *err)
{
    int fd, answer = file_open_read(path, &fd, err);

    if (answer)
        return answer;
    answer = file_read_open(fd, path, out, err);
    close(fd);
    return answer;
}

int file_write_all(int fd, const void *data, size_t size, const char *what, struct err *err)
{
    const char *at = data;

    while (size) {
        ssize_t put = write(fd, at, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return err_errno(err, errno, "write", "cannot write %s", what);
        at += put;
        size -= (size_t)put;
    }
    return 0;
}

int file_read_at(int fd, void *data, size_t size, off_t offset, const char *what, struct err *err)
{
    char *at = data;

    while (size) {
        ssize_t got = pread(fd, at, size, offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(err, errno, "read", "cannot read %s", what);
        if (got == 0)
            return err_set(err, ERR_LOCAL, "read", "%s is %zu bytes too short", what, size);
        at += got;
        size -= (size_t)got;
        offset += got;
    }
    return 0;
}

int file_write_at(int fd, const void *data, size_t size, off_t offset, const char *what,
                  struct err *err)
{
    const char *at = data;

    while (size) {
        ssize_t put = pwrite(fd, at, size, offset);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return err_errno(err, errno, "write", "cannot write %s", what);
        at += put;
        size -= (size_t)put;
        offset += put;
    }
    return 0;
}

/* ---- replacing ---- */

bool file_folder(const char *path, char out[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) : 0;

    if (size >= PATH_MAX)
        return false;
    if (!slash)
        return str_copy(out, PATH_MAX, ".");
    snprintf(out, PATH_MAX, "%.*s", (int)size, path);
    return size ? true : str_copy(out, PATH_MAX, "/");
}

/* Syncs the folder of `path`. Ignores file systems that cannot do that (EINVAL), and folders that
 * may be written but not read, because those cannot be opened. */
static int sync_folder(const char *path, struct err *err)
{
    char folder[PATH_MAX];
    int fd, rc = 0;

    if (!file_folder(path, folder))
        return err_errno(err, ENAMETOOLONG, "write", "cannot write %s", path);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? 0 : err_errno(err, errno, "write", "cannot open %s", folder);
    if (os_sync(fd) < 0 && errno != EINVAL && errno != ENOTSUP)
        rc = err_errno(err, errno, "write", "cannot sync %s", folder);
    close(fd);
    return rc;
}

/* Writes the content to a new private file and stores its name in `temp`. */
static int write_beside(const char *path, struct view content, mode_t mode, char temp[PATH_MAX],
                        struct err *err)
{
    char *beside = output_path_beside(path, ".tmp-XXXXXX");
    int fault = !beside ? ENOMEM : str_copy(temp, PATH_MAX, beside) ? 0 : ENAMETOOLONG;
    int fd, rc;

    free(beside);
    if (fault)
        return err_errno(err, fault, "write", "cannot write %s", path);
    fd = os_temp_file(temp);
    if (fd < 0)
        return err_errno(err, errno, "write", "cannot write %s", path);
    rc = file_write_all(fd, content.data, content.size, path, err);
    /* FAT has no modes, and elsewhere os_temp_file() has made the file with 0600. */
    if (rc == 0 && fchmod(fd, mode) < 0 && errno != EPERM && errno != ENOTSUP)
        rc = err_errno(err, errno, "write", "cannot set the mode of %s", path);
    if (rc == 0 && os_sync(fd) < 0)
        rc = err_errno(err, errno, "write", "cannot sync %s", path);
    if (close(fd) < 0 && rc == 0)
        rc = err_errno(err, errno, "write", "cannot write %s", path);
    if (rc < 0)
        unlink(temp);
    return rc;
}

int file_replace(const char *path, struct view content, mode_t mode, struct err *err)
{
    char temp[PATH_MAX];
    struct output_path place;

    if (output_path_find(&place, path, err) < 0)
        return ERR_FAIL;
    if (place.kind != OUTPUT_PATH_NEW && place.kind != OUTPUT_PATH_FILE)
        return err_set(err, ERR_LOCAL, "write", "%s is not a file that can be replaced", path);
    path = place.path;
    if (write_beside(path, content, mode, temp, err) < 0)
        return ERR_FAIL;
    if (rename(temp, path) < 0) {
        err_errno(err, errno, "write", "cannot replace %s", path);
        unlink(temp);
        return ERR_FAIL;
    }
    return sync_folder(path, err);
}

int file_create(const char *path, struct view content, mode_t mode, struct err *err)
{
    char temp[PATH_MAX];
    int rc = FILE_BUSY;

    if (access(path, F_OK) == 0) /* saves work; os_rename_new() decides */
        return FILE_BUSY;
    if (write_beside(path, content, mode, temp, err) < 0)
        return ERR_FAIL;
    if (os_rename_new(temp, path) == 0)
        return sync_folder(path, err);
    if (errno != EEXIST)
        rc = err_errno(err, errno, "write", "cannot create %s", path);
    unlink(temp);
    return rc;
}

/* ---- folders ---- */

static int make_dir(const char *path, mode_t mode, struct err *err)
{
    struct stat st;
    int errnum;

    if (mkdir(path, mode) == 0)
        return 0;
    errnum = errno; /* EEXIST, but also EROFS, EACCES, EISDIR: fine if it exists */
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    return err_errno(err, errnum == EEXIST ? ENOTDIR : errnum, "write", "cannot make folder %s",
                     path);
}

/* Makes `folder`, which is changed meanwhile, and its parents. */
static int make_dirs(char *folder, mode_t mode, struct err *err)
{
    for (char *slash = folder[0] ? strchr(folder + 1, '/') : NULL; slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (make_dir(folder, mode, err) < 0)
            return ERR_FAIL;
        *slash = '/';
    }
    return make_dir(folder, mode, err);
}

static int refuse_long(const char *path, struct err *err)
{
    return err_errno(err, ENAMETOOLONG, "write", "cannot make folder %s", path);
}

int file_make_dirs(const char *path, mode_t mode, struct err *err)
{
    char folder[PATH_MAX];

    return str_copy(folder, sizeof folder, path) ? make_dirs(folder, mode, err)
                                                 : refuse_long(path, err);
}

int file_make_parents(const char *path, mode_t mode, struct err *err)
{
    char folder[PATH_MAX];

    return file_folder(path, folder) ? make_dirs(folder, mode, err) : refuse_long(path, err);
}

/* Returns true for a folder of this user that no other user can write to, and for this user's link
 * to one. HOME may be that of another user (sudo), and any user can make a folder in /var/tmp. */
static bool is_private(const char *path)
{
    struct stat link, st;

    return lstat(path, &link) == 0 && stat(path, &st) == 0 && link.st_uid == geteuid() &&
           S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022);
}

/* Returns true if another user could replace files of the folder. */
static bool is_of_others(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && st.st_uid != geteuid() && st.st_uid != 0;
}

/* Stores "base/more" in `out` and makes that folder. Returns false if `base` is not an absolute
 * path, or of another user, or if the folder cannot be made or is not private. */
static bool make_private(char *out, size_t size, const char *base, const char *more)
{
    struct err ignored; /* the caller tries the next place */
    int length;

    if (!base || base[0] != '/' || is_of_others(base))
        return false;
    length = snprintf(out, size, "%s/%s", base, more);
    return length > 0 && (size_t)length < size && file_make_dirs(out, 0700, &ignored) == 0 &&
           access(out, W_OK) == 0 && is_private(out);
}

int file_cache_dir(char *out, size_t size, struct err *err)
{
    int length;

    if (make_private(out, size, getenv("XDG_CACHE_HOME"), "s3dock") ||
        make_private(out, size, getenv("HOME"), ".cache/s3dock"))
        return 0;
    length = snprintf(out, size, "/var/tmp/s3dock-%lu", (unsigned long)geteuid());
    if (length < 0 || (size_t)length >= size)
        return err_errno(err, ENAMETOOLONG, "cache", "cannot use %s", out);
    if (file_make_dirs(out, 0700, err) < 0)
        return ERR_FAIL;
    if (!is_private(out))
        return err_set(err, ERR_LOCAL, "cache", "%s is not a private folder of this user", out);
    return 0;
}

int file_state_dir(char *out, size_t size, struct err *err)
{
    return file_state_dir_in(geteuid() == 0 ? "/var/lib" : NULL, out, size, err);
}

int file_state_dir_in(const char *system, char *out, size_t size, struct err *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *more = "s3dock";

    if (!state || state[0] != '/' || is_of_others(state)) /* sudo may keep the variable */
        state = system;
    if (!state) {
        state = getenv("HOME");
        more = ".local/state/s3dock";
    }
    if (make_private(out, size, state, more))
        return 0;
    err_set(err, ERR_LOCAL, "state", "cannot use %s/%s, the folder for files that must be kept",
            state ? state : "~", more);
    return err_hint(err,
                    "make it writable for this user and for nobody else, or set XDG_STATE_HOME "
                    "to such a folder, always the same");
}

/* ---- locks ---- */

/* Returns true if the name still leads to the open file: another process may have deleted it before
 * the lock was taken. */
static bool is_same_file(int fd, const char *path)
{
    struct stat open_file, named;

    return fstat(fd, &open_file) == 0 && lstat(path, &named) == 0 &&
           open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

int file_lock(const char *path, int *fd, struct err *err)
{
    for (;;) {
        int file = file_open_regular(AT_FDCWD, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
        int errnum;

        if (file < 0 && errno == FILE_NOT_REGULAR)
            return err_set(err, ERR_LOCAL, "lock", "%s is not a regular file", path);
        if (file < 0)
            return err_errno(err, errno, "lock", "cannot open %s", path);
        if (os_lock(file, OS_LOCK_EXCLUSIVE) < 0) {
            errnum = errno;
            close(file);
            if (errnum == EINTR)
                continue;
            if (errnum == EWOULDBLOCK)
                return FILE_BUSY;
            return err_errno(err, errnum, "lock", "cannot lock %s", path);
        }
        if (is_same_file(file, path)) {
            *fd = file;
            return 0;
        }
        close(file);
    }
}
