/*
 * A key is the path of a file below the bucket's folder. Folders are opened component by component
 * without following symbolic links, so that a bucket from elsewhere cannot point out of itself.
 *
 * S3 distinguishes "Prod" from "prod", and some file systems do not. There, each component is
 * compared with the folder's list, so that the file of one key never stands for another key.
 */
#include "store/dir/bucket.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "os/file.h"

bool dir_is_own(const char *name)
{
    static const char *const own[] = {DIR_OWN, "lost+found"};
    size_t size = strcspn(name, "/");

    for (size_t i = 0; i < ARRAY_SIZE(own); i++)
        if (strlen(own[i]) == size && strncmp(name, own[i], size) == 0)
            return true;
    return false;
}

static const char *component_fault(const char *part, size_t size, bool first)
{
    char name[DIR_NAME_MAX + 1];

    if (size == 0)
        return "an empty component";
    if (size > DIR_NAME_MAX)
        return "a component of more than 255 bytes";
    memcpy(name, part, size);
    name[size] = '\0';
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return "a component \".\" or \"..\"";
    if (first && dir_is_own(name))
        return "a reserved first component";
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return "a control character";
    return NULL;
}

int dir_key_check(const char *key, struct err *err)
{
    const char *fault = NULL;

    if (!key || !*key)
        return err_set(err, ERR_USAGE, "key", "an object needs a key");
    if (strlen(key) > STORE_KEY_MAX)
        return err_set(err, ERR_USAGE, "key", "the key \"%.60s...\" is longer than %d bytes", key,
                       STORE_KEY_MAX);
    for (const char *at = key; !fault; at++) {
        size_t size = strcspn(at, "/");

        fault = component_fault(at, size, at == key);
        at += size;
        if (!*at)
            break;
    }
    if (fault)
        return err_set(err, ERR_USAGE, "key", "the key \"%.200s\" has %s", key, fault);
    return 0;
}

int dir_sync_folder(const struct dir_bucket *bucket, int fd, struct err *err)
{
    if (os_sync(fd) < 0 && errno != EINVAL) /* some file systems need no sync */
        return err_errno(err, errno, "sync", "cannot sync a folder of %s", bucket->where);
    return 0;
}

void dir_learn_case(struct dir_bucket *bucket)
{
    if (bucket->letters == OS_CASE_UNKNOWN)
        bucket->letters = os_folder_case(bucket->root);
}

int dir_check_spelling(const struct dir_bucket *bucket, int folder, const char *name,
                       enum dir_access access, struct err *err)
{
    char listed[DIR_NAME_MAX + 1];
    int other;

    if (bucket->letters == OS_CASE_DISTINCT)
        return 0;
    other = os_other_spelling(folder, name, listed, sizeof listed);
    if (other < 0)
        return err_errno(err, errno, "folder", "cannot list a folder of %s", bucket->where);
    if (!other)
        return 0;
    if (access == DIR_READ)
        return STORE_ABSENT;
    err_set(err, ERR_CONFLICT, "spelling",
            "%s has \"%s\" already, and its file system does not tell that from \"%s\"",
            bucket->where, listed, name);
    return err_hint(err,
                    "choose a name that differs in more than upper and lower case, or keep the "
                    "bucket on a file system that tells them apart");
}

int dir_absent(const struct dir_bucket *bucket, int folder, const char *name, struct err *err)
{
    struct stat st;

    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISREG(st.st_mode) ||
        S_ISDIR(st.st_mode))
        return STORE_ABSENT;
    err_set(err, ERR_LOCAL, "layout", "\"%s\" in %s is neither a folder nor a regular file", name,
            bucket->where);
    return err_hint(err, "s3dock follows no symbolic link inside of a bucket: move the folder or "
                         "the file itself there, or mount its file system there");
}

/* Replaces *fd with its subfolder `name`. Returns 0, STORE_ABSENT or negative. */
static int open_subfolder(const struct dir_bucket *bucket, int *fd, const char *name,
                          enum dir_access access, struct err *err)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int next = openat(*fd, name, flags);

    if (next < 0 && errno == ENOENT && access == DIR_WRITE) {
        if (mkdirat(*fd, name, 0777) < 0 && errno != EEXIST)
            return err_errno(err, errno, "folder", "cannot make the folder \"%s\" in %s", name,
                             bucket->where);
        if (dir_sync_folder(bucket, *fd, err) < 0)
            return ERR_FAIL;
        next = openat(*fd, name, flags);
    }
    if (next < 0 && errno == ENOENT && access == DIR_READ)
        return STORE_ABSENT;
    if (next < 0 && (errno == ENOTDIR || errno == ELOOP) && access == DIR_READ)
        return dir_absent(bucket, *fd, name, err);
    if (next < 0)
        return err_errno(err, errno, "folder", "cannot open the folder \"%s\" in %s", name,
                         bucket->where);
    close(*fd);
    *fd = next;
    return 0;
}

int dir_folder(const struct dir_bucket *bucket, const char *path, enum dir_access access, int *fd,
               const char **leaf, struct err *err)
{
    bool own = strncmp(path, DIR_OWN "/", sizeof DIR_OWN) == 0; /* no key */
    const char *at = path;
    int answer = 0;

    *leaf = path;
    *fd = fcntl(bucket->root, F_DUPFD_CLOEXEC, 0);
    if (*fd < 0)
        return err_errno(err, errno, "folder", "cannot open %s", bucket->where);
    for (const char *slash; answer == 0 && (slash = strchr(at, '/')); at = slash + 1) {
        char name[DIR_NAME_MAX + 1];

        if ((size_t)(slash - at) >= sizeof name) {
            answer = err_set(err, ERR_USAGE, "key", "\"%.200s\" has too long a component", path);
            break;
        }
        memcpy(name, at, (size_t)(slash - at));
        name[slash - at] = '\0';
        if (!own)
            answer = dir_check_spelling(bucket, *fd, name, access, err);
        if (answer == 0)
            answer = open_subfolder(bucket, fd, name, access, err);
    }
    if (answer != 0) {
        close(*fd);
        *fd = -1;
        return answer;
    }
    *leaf = at;
    return 0;
}

void dir_info(const struct stat *st, struct store_info *info)
{
    info->size = (uint64_t)st->st_size;
    info->modified = os_modified(st);
    snprintf(info->etag, sizeof info->etag, "\"%" PRIx64 "-%" PRIx64 "\"", info->size,
             (uint64_t)info->modified);
}

int dir_file(const struct dir_bucket *bucket, int folder, const char *name, int flags, int *fd,
             struct err *err)
{
    *fd = file_open_regular(folder, name, flags | O_NOFOLLOW, 0666);
    if (*fd >= 0)
        return 0;
    if (!(flags & O_CREAT) && (errno == ENOENT || errno == ELOOP || errno == FILE_NOT_REGULAR))
        return STORE_ABSENT;
    if (errno == ELOOP || errno == FILE_NOT_REGULAR)
        return err_set(err, ERR_LOCAL, "layout", "\"%s\" in %s is not a regular file", name,
                       bucket->where);
    return err_errno(err, errno, "open", "cannot open \"%s\" in %s", name, bucket->where);
}
