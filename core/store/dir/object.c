/*
 * An object is a file; a key is its path below the bucket's folder.
 *
 * Writers never touch a file that has a key. They write a file of their own in .s3dock/tmp, sync
 * it, and give it its name by rename(2): a reader sees the old object or the new one, whole, and a
 * writer that is killed leaves nothing but a temporary file, which is swept up a day later.
 *
 * The rename happens under one lock (flock on .s3dock/lock, so it also holds between processes),
 * together with everything that must not change in between: the check of if_match and
 * if_none_match, the making and removing of folders, and the choice of the modification time. The
 * ETag is size and time; under the lock the time is moved until the ETag differs from the replaced
 * object's, so even on a file system with 2-second times no replacement goes unnoticed. The inode
 * number is left out on purpose: a bucket that was copied to a disk keeps its ETags.
 *
 * Folders are opened component by component, without following symbolic links: a bucket that came
 * on somebody's disk cannot point out of itself.
 */
#include "store/dir/object.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "store/dir/lock.h"

#define STEP  (8 * MIB)            /* bytes moved between two looks at the cancel flag */
#define STALE (INT64_C(24) * 3600) /* seconds after which a temporary file is nobody's */

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

static int sync_folder(int fd, const struct dir_bucket *bucket, struct err *err)
{
    if (fsync(fd) < 0 && errno != EINVAL) /* some file systems cannot, and need not */
        return err_errno(err, errno, "sync", "cannot sync a folder of %s", bucket->where);
    return 0;
}

/* One step down. 0, STORE_ABSENT or negative. */
static int enter(const struct dir_bucket *bucket, int *fd, const char *name, bool make,
                 struct err *err)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int next = openat(*fd, name, flags);

    if (next < 0 && errno == ENOENT && make) {
        if (mkdirat(*fd, name, 0777) < 0 && errno != EEXIST)
            return err_errno(err, errno, "folder", "cannot make the folder \"%s\" in %s", name,
                             bucket->where);
        if (sync_folder(*fd, bucket, err) < 0)
            return ERR_FAIL;
        next = openat(*fd, name, flags);
    }
    if (next < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) && !make)
        return STORE_ABSENT;
    if (next < 0)
        return err_errno(err, errno, "folder", "cannot open the folder \"%s\" in %s", name,
                         bucket->where);
    close(*fd);
    *fd = next;
    return 0;
}

int dir_folder(const struct dir_bucket *bucket, const char *path, bool make, int *fd,
               const char **leaf, struct err *err)
{
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
        answer = enter(bucket, fd, name, make, err);
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
    info->modified = (int64_t)st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
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

int dir_object_open(const struct dir_bucket *bucket, const char *key, int *fd,
                    struct store_info *info, struct err *err)
{
    const char *leaf;
    struct stat st;
    int folder;
    int answer = dir_folder(bucket, key, false, &folder, &leaf, err);

    *fd = -1;
    if (answer != 0)
        return answer;
    answer = dir_file(bucket, folder, leaf, O_RDONLY, fd, err);
    if (answer == 0 && fstat(*fd, &st) < 0)
        answer = err_errno(err, errno, "read", "cannot read \"%s\" in %s", key, bucket->where);
    else if (answer == 0)
        dir_info(&st, info);
    close(folder);
    if (answer != 0 && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return answer;
}

void dir_unique(char out[40])
{
    char chance[17];
    struct err ignored;

    if (random_hex(chance, sizeof chance / 2, &ignored))
        snprintf(chance, sizeof chance, "%016x", (unsigned)getpid());
    snprintf(out, 40, "%016" PRIx64 "-%s", (uint64_t)clock_wall(), chance);
}

int dir_remove_folder(int parent, const char *name, const char *last)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return ERR_FAIL;
    }
    while ((entry = readdir(dir)))
        if (!last || strcmp(entry->d_name, last) != 0)
            unlinkat(fd, entry->d_name, 0); /* "." and ".." just fail */
    if (last)
        unlinkat(fd, last, 0);
    closedir(dir);
    return unlinkat(parent, name, AT_REMOVEDIR) < 0 ? ERR_FAIL : 0;
}

/* Removes what processes that were killed left in DIR_TMP, once in a store's life. */
static void sweep(struct dir_bucket *bucket, int tmp)
{
    int fd = openat(tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    int64_t limit = clock_wall() / NS_PER_S - STALE;
    struct dirent *entry;
    struct stat st;

    bucket->swept = true;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.' || fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            st.st_mtim.tv_sec > limit)
            continue;
        if (S_ISDIR(st.st_mode))
            dir_remove_folder(fd, entry->d_name, NULL);
        else
            unlinkat(fd, entry->d_name, 0);
    }
    closedir(dir);
}

int dir_temp_create(struct dir_bucket *bucket, struct dir_temp *temp, struct err *err)
{
    const char *leaf;

    *temp = (struct dir_temp){.fd = -1, .folder = -1};
    if (dir_folder(bucket, DIR_TMP "/", true, &temp->folder, &leaf, err) < 0)
        return ERR_FAIL;
    if (!bucket->swept)
        sweep(bucket, temp->folder);
    dir_unique(temp->name);
    temp->fd = openat(temp->folder, temp->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (temp->fd < 0) {
        temp->name[0] = '\0';
        err_errno(err, errno, "write", "cannot make a temporary file in %s", bucket->where);
        dir_temp_finish(temp);
        return ERR_FAIL;
    }
    return 0;
}

void dir_temp_finish(struct dir_temp *temp)
{
    if (temp->fd >= 0)
        close(temp->fd);
    if (temp->folder >= 0) {
        if (temp->name[0])
            unlinkat(temp->folder, temp->name, 0);
        close(temp->folder);
    }
    *temp = (struct dir_temp){.fd = -1, .folder = -1};
}

/* Gives the file the time `wall` (ns) and says what it is now. */
static int stamp(int fd, int64_t wall, struct store_info *info)
{
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = (time_t)(wall / NS_PER_S), .tv_nsec = (long)(wall % NS_PER_S)}};
    struct stat st;

    if (futimens(fd, times) < 0 || fstat(fd, &st) < 0)
        return ERR_FAIL;
    dir_info(&st, info);
    return 0;
}

/* Moves the time of the new file on until its ETag is not the old one's: by a nanosecond, then by
 * steps that the coarsest file system (2 s) can see. */
static int tell_apart(int fd, const struct store_info *old, struct store_info *info)
{
    static const int64_t steps[] = {0, 1, 10 * NS_PER_MS, NS_PER_S, 2 * NS_PER_S, 4 * NS_PER_S};
    int64_t base = info->modified > old->modified ? info->modified : old->modified;

    if (info->modified > old->modified)
        return 0;
    for (size_t i = 1; i < ARRAY_SIZE(steps); i++) {
        if (stamp(fd, base + steps[i], info) < 0)
            return ERR_FAIL;
        if (strcmp(info->etag, old->etag) != 0 && info->modified > old->modified)
            break;
    }
    return fsync(fd);
}

/* What is under the name now, against op's conditions. */
static enum store_answer check_conditions(const struct dir_bucket *bucket, int folder,
                                          const char *leaf, const struct store_op *op,
                                          struct store_info *old, struct err *err)
{
    struct stat st;

    *old = (struct store_info){0};
    if (fstatat(folder, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT)
            return err_errno(err, errno, "write", "cannot look at \"%s\" in %s", op->key,
                             bucket->where);
        return op->if_match ? STORE_CHANGED : STORE_DONE;
    }
    if (S_ISDIR(st.st_mode))
        return err_set(err, ERR_LOCAL, "key",
                       "\"%s\" is a folder in %s and cannot be an object at the same time", op->key,
                       bucket->where);
    dir_info(&st, old);
    if (op->if_none_match || (op->if_match && strcmp(op->if_match, old->etag) != 0))
        return STORE_CHANGED;
    return STORE_DONE;
}

static enum store_answer rename_locked(const struct dir_bucket *bucket, int folder,
                                       const char *name, int fd, struct store_op *op, int *target,
                                       struct err *err)
{
    enum store_answer answer;
    struct store_info old;
    const char *leaf;

    if (dir_folder(bucket, op->key, true, target, &leaf, err) < 0)
        return STORE_FAILED;
    answer = check_conditions(bucket, *target, leaf, op, &old, err);
    if (answer != STORE_DONE)
        return answer;
    if (tell_apart(fd, &old, &op->info) < 0 || renameat(folder, name, *target, leaf) < 0)
        return err_errno(err, errno, "write", "cannot put \"%s\" in place in %s", op->key,
                         bucket->where);
    return STORE_DONE;
}

enum store_answer dir_commit(const struct dir_bucket *bucket, int folder, const char *name, int fd,
                             struct store_op *op, struct err *err)
{
    enum store_answer answer;
    int lock, target = -1;

    if (stamp(fd, clock_wall(), &op->info) < 0 || fsync(fd) < 0)
        return err_errno(err, errno, "write", "cannot sync \"%s\" in %s", op->key, bucket->where);
    if (dir_lock_bucket(bucket, &lock, err) < 0)
        return STORE_FAILED;
    answer = rename_locked(bucket, folder, name, fd, op, &target, err);
    close(lock);
    if (answer == STORE_DONE && sync_folder(target, bucket, err) < 0)
        answer = STORE_FAILED;
    if (target >= 0)
        close(target);
    return answer;
}

/* Removes the folders above `key` that are empty now; the first that is not ends it. */
static void prune(const struct dir_bucket *bucket, const char *key)
{
    char path[STORE_KEY_MAX + 1];
    char *slash;

    str_copy(path, sizeof path, key);
    while ((slash = strrchr(path, '/'))) {
        struct err ignored;
        const char *leaf;
        int folder, removed;

        *slash = '\0';
        if (dir_folder(bucket, path, false, &folder, &leaf, &ignored) != 0)
            return;
        removed = unlinkat(folder, leaf, AT_REMOVEDIR);
        close(folder);
        if (removed < 0)
            return;
    }
}

/* Whether the object under the name is the one that op->if_match means. An object that is not there
 * is deleted already. */
static bool may_remove(int folder, const char *leaf, const struct store_op *op)
{
    struct store_info info;
    struct stat st;

    if (!op->if_match || fstatat(folder, leaf, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return true;
    dir_info(&st, &info);
    return strcmp(op->if_match, info.etag) == 0;
}

static int remove_locked(const struct dir_bucket *bucket, const struct store_op *op,
                         struct err *err)
{
    const char *leaf;
    int folder;
    int answer = dir_folder(bucket, op->key, false, &folder, &leaf, err);

    if (answer != 0)
        return answer < 0 ? answer : 0;
    if (!may_remove(folder, leaf, op)) {
        close(folder);
        return STORE_CHANGED;
    }
    if (unlinkat(folder, leaf, 0) < 0) {
        if (errno != ENOENT && errno != EISDIR)
            answer = err_errno(err, errno, "delete", "cannot delete \"%s\" in %s", op->key,
                               bucket->where);
    } else {
        answer = sync_folder(folder, bucket, err);
    }
    close(folder);
    if (answer == 0)
        prune(bucket, op->key);
    return answer;
}

int dir_remove(const struct dir_bucket *bucket, const struct store_op *op, struct err *err)
{
    int lock, answer;

    if (dir_lock_bucket(bucket, &lock, err) < 0)
        return ERR_FAIL;
    answer = remove_locked(bucket, op, err);
    close(lock);
    return answer;
}

int dir_write(const struct dir_bucket *bucket, int fd, struct view bytes, uint64_t offset,
              struct err *err)
{
    while (bytes.size > 0) {
        size_t step = bytes.size < STEP ? bytes.size : STEP;
        ssize_t wrote;

        if (cancel_check(bucket->cancel, err) < 0)
            return ERR_FAIL;
        wrote = pwrite(fd, bytes.data, step, (off_t)offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return err_errno(err, errno, "write", "cannot write to %s", bucket->where);
        bytes.data += wrote;
        bytes.size -= (size_t)wrote;
        offset += (uint64_t)wrote;
    }
    return 0;
}

/* One step through memory, for file systems that do not copy by themselves. */
static ssize_t copy_step(int from, off_t from_offset, int to, off_t to_offset, size_t length)
{
    size_t size = length < MIB ? length : MIB;
    uint8_t *buffer = malloc(size);
    ssize_t got, wrote = 0;

    if (!buffer)
        return -1;
    got = pread(from, buffer, size, from_offset);
    while (got > wrote) {
        ssize_t n = pwrite(to, buffer + wrote, (size_t)(got - wrote), to_offset + wrote);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            got = -1;
            break;
        }
        wrote += n;
    }
    free(buffer);
    return got;
}

int dir_copy(const struct dir_bucket *bucket, int from, uint64_t from_offset, int to,
             uint64_t to_offset, uint64_t length, struct err *err)
{
    bool kernel = true;

    while (length > 0) {
        size_t step = length < STEP ? (size_t)length : STEP;
        off_t in = (off_t)from_offset, out = (off_t)to_offset;
        ssize_t n;

        if (cancel_check(bucket->cancel, err) < 0)
            return ERR_FAIL;
        n = kernel ? copy_file_range(from, &in, to, &out, step, 0)
                   : copy_step(from, in, to, out, step);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 && kernel && (n == 0 || (errno != ENOSPC && errno != EDQUOT && errno != EIO))) {
            kernel = false;
            continue;
        }
        if (n < 0)
            return err_errno(err, errno, "write", "cannot copy within %s", bucket->where);
        if (n == 0)
            return err_set(err, ERR_INTEGRITY, "short", "an object of %s ended early",
                           bucket->where);
        from_offset += (uint64_t)n;
        to_offset += (uint64_t)n;
        length -= (uint64_t)n;
    }
    return 0;
}
