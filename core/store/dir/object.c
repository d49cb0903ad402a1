/*
 * Writers never change a file that has a key. They write a temporary file, sync it, and rename(2)
 * it to its key. A reader sees the old or the new object, whole.
 *
 * The rename happens under the bucket's lock, which also holds between processes, together with all
 * that must not change in between: the check of the conditions, the creation and deletion of
 * folders, and the choice of the modification time. The ETag is size and time. Under the lock, the
 * time is advanced until the ETag differs from that of the replaced object. So even a file system
 * with 2-second times shows each replacement. The ETag has no inode number, so that a bucket that
 * was copied to another disk keeps its ETags.
 */
#include "store/dir/object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/file.h"
#include "store/dir/lock.h"

int dir_object_open(const struct dir_bucket *bucket, const char *key, int *fd,
                    struct store_info *info, struct err *err)
{
    const char *leaf;
    struct stat st;
    int folder;
    int answer = dir_folder(bucket, key, DIR_READ, &folder, &leaf, err);

    *fd = -1;
    if (answer != 0)
        return answer;
    answer = dir_check_spelling(bucket, folder, leaf, DIR_READ, err);
    if (answer == 0)
        answer = dir_file(bucket, folder, leaf, O_RDONLY, fd, err);
    if (answer == STORE_ABSENT)
        answer = dir_absent(bucket, folder, leaf, err);
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

/* Sets the modification time to `wall` (ns) and reads the result. */
static int set_time(int fd, int64_t wall, struct store_info *info)
{
    struct stat st;

    if (os_set_modified(fd, wall) < 0 || fstat(fd, &st) < 0)
        return ERR_FAIL;
    dir_info(&st, info);
    return 0;
}

/* Advances the time of the new file until its ETag differs from the old one: by a nanosecond, then
 * by steps that the coarsest file system (2 s) can store. */
static int make_etag_differ(int fd, const struct store_info *old, struct store_info *info)
{
    static const int64_t steps[] = {0, 1, 10 * NS_PER_MS, NS_PER_S, 2 * NS_PER_S, 4 * NS_PER_S};
    int64_t base = info->modified > old->modified ? info->modified : old->modified;

    if (info->modified > old->modified)
        return 0;
    for (size_t i = 1; i < ARRAY_SIZE(steps); i++) {
        if (set_time(fd, base + steps[i], info) < 0)
            return ERR_FAIL;
        if (strcmp(info->etag, old->etag) != 0 && info->modified > old->modified)
            break;
    }
    return os_sync(fd);
}

/* Checks op's conditions against the present object, which goes to *old. */
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

    if (dir_folder(bucket, op->key, DIR_WRITE, target, &leaf, err) < 0)
        return STORE_FAILED;
    if (dir_check_spelling(bucket, *target, leaf, DIR_WRITE, err) < 0)
        return STORE_FAILED;
    answer = check_conditions(bucket, *target, leaf, op, &old, err);
    if (answer != STORE_DONE)
        return answer;
    if (make_etag_differ(fd, &old, &op->info) < 0 || renameat(folder, name, *target, leaf) < 0)
        return err_errno(err, errno, "write", "cannot put \"%s\" in place in %s", op->key,
                         bucket->where);
    return STORE_DONE;
}

enum store_answer dir_commit(const struct dir_bucket *bucket, int folder, const char *name, int fd,
                             struct store_op *op, struct err *err)
{
    enum store_answer answer;
    int lock, target = -1;

    if (set_time(fd, clock_wall(), &op->info) < 0 || os_sync(fd) < 0)
        return err_errno(err, errno, "write", "cannot sync \"%s\" in %s", op->key, bucket->where);
    if (dir_lock_bucket(bucket, &lock, err) < 0)
        return STORE_FAILED;
    answer = rename_locked(bucket, folder, name, fd, op, &target, err);
    close(lock);
    if (answer == STORE_DONE && dir_sync_folder(bucket, target, err) < 0)
        answer = STORE_FAILED;
    if (target >= 0)
        close(target);
    return answer;
}

/* Deletes the folders above `key`, from the last one up, until one is not empty. */
static void remove_empty_folders(const struct dir_bucket *bucket, const char *key)
{
    char path[STORE_KEY_MAX + 1];
    char *slash;

    str_copy(path, sizeof path, key);
    while ((slash = strrchr(path, '/'))) {
        struct err ignored;
        const char *leaf;
        int folder, removed;

        *slash = '\0';
        if (dir_folder(bucket, path, DIR_READ, &folder, &leaf, &ignored) != 0)
            return;
        removed = unlinkat(folder, leaf, AT_REMOVEDIR);
        close(folder);
        if (removed < 0)
            return;
    }
}

/* Returns true if the object has the ETag of op->if_match, or does not exist. */
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
    int answer = dir_folder(bucket, op->key, DIR_READ, &folder, &leaf, err);

    if (answer != 0)
        return answer < 0 ? answer : 0;
    answer = dir_check_spelling(bucket, folder, leaf, DIR_READ, err);
    if (answer == 0 && !may_remove(folder, leaf, op))
        answer = STORE_CHANGED;
    if (answer != 0) {
        close(folder);
        return answer == STORE_ABSENT ? 0 : answer;
    }
    if (unlinkat(folder, leaf, 0) < 0) {
        if (errno != ENOENT && errno != EISDIR)
            answer = err_errno(err, errno, "delete", "cannot delete \"%s\" in %s", op->key,
                               bucket->where);
    } else {
        answer = dir_sync_folder(bucket, folder, err);
    }
    close(folder);
    if (answer == 0)
        remove_empty_folders(bucket, op->key);
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
