/*
 * A killed writer leaves its temporary file. The first new one of each store deletes those that are
 * older than a day.
 */
#include "store/dir/temp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"

#define STALE (INT64_C(24) * 3600) /* seconds after which a temporary file is abandoned */

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
            unlinkat(fd, entry->d_name, 0); /* fails for "." and ".." */
    if (last)
        unlinkat(fd, last, 0);
    closedir(dir);
    return unlinkat(parent, name, AT_REMOVEDIR) < 0 ? ERR_FAIL : 0;
}

/* Deletes the files of killed processes in DIR_TMP. */
static void remove_stale(struct dir_bucket *bucket, int tmp)
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
            st.st_mtime > limit)
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
    if (dir_folder(bucket, DIR_TMP "/", DIR_WRITE, &temp->folder, &leaf, err) < 0)
        return ERR_FAIL;
    if (!bucket->swept)
        remove_stale(bucket, temp->folder);
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
