/*
 * A new folder is filled in DIR_TMP and moved when it is whole. An old one loses its key last, so
 * that a deletion that was interrupted can be repeated.
 */
#include "store/dir/upload_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"
#include "store/dir/copy.h"
#include "store/dir/temp.h"

bool dir_upload_id_is_valid(const char *id)
{
    return id && strlen(id) < 40 && *id && id[strspn(id, "0123456789abcdef-")] == '\0';
}

bool dir_upload_read_key(const struct dir_bucket *bucket, int folder, char *out, size_t size)
{
    struct err ignored;
    ssize_t got = -1;
    int fd;

    if (dir_file(bucket, folder, UPLOAD_KEY, O_RDONLY, &fd, &ignored) == 0) {
        got = read(fd, out, size - 1);
        close(fd);
    }
    out[got < 0 ? 0 : got] = '\0';
    return got > 0;
}

int dir_upload_folder(const struct dir_bucket *bucket, const char *id, int *fd, struct err *err)
{
    char path[sizeof DIR_UPLOADS + 48];
    const char *leaf;

    snprintf(path, sizeof path, DIR_UPLOADS "/%s/", id);
    return dir_folder(bucket, path, DIR_READ, fd, &leaf, err);
}

int dir_upload_open(struct dir_upload *up, const struct dir_bucket *bucket,
                    const struct store_op *op, struct err *err)
{
    char key[STORE_KEY_MAX + 2];
    int answer;

    *up = (struct dir_upload){.bucket = bucket, .folder = -1};
    if (!dir_upload_id_is_valid(op->upload_id_in))
        return STORE_ABSENT;
    answer = dir_upload_folder(bucket, op->upload_id_in, &up->folder, err);
    if (answer != 0)
        return answer;
    if (dir_upload_read_key(bucket, up->folder, key, sizeof key) && strcmp(key, op->key) == 0)
        return 0;
    close(up->folder);
    return STORE_ABSENT;
}

void dir_upload_close(struct dir_upload *up)
{
    close(up->folder);
}

/* Makes the folder in `tmp` and moves it to `uploads`. */
static int make_folder(const struct dir_bucket *bucket, int tmp, int uploads, const char *id,
                       const char *key, struct err *err)
{
    int folder, fd = -1, answer = 0;

    if (mkdirat(tmp, id, 0777) < 0)
        return err_errno(err, errno, "upload", "cannot start an upload in %s", bucket->where);
    folder = openat(tmp, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0)
        fd = openat(folder, UPLOAD_KEY, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        answer = err_errno(err, errno, "upload", "cannot start an upload in %s", bucket->where);
    else
        answer = dir_write(bucket, fd, view_str(key), 0, err);
    if (answer == 0 && os_sync(fd) < 0) /* an upload without its key would never be deleted */
        answer = err_errno(err, errno, "sync", "cannot sync an upload in %s", bucket->where);
    if (answer == 0 && renameat(tmp, id, uploads, id) < 0)
        answer = err_errno(err, errno, "upload", "cannot start an upload in %s", bucket->where);
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    if (answer != 0)
        dir_remove_folder(tmp, id, NULL);
    return answer;
}

int dir_upload_make(const struct dir_bucket *bucket, const char *id, const char *key,
                    struct err *err)
{
    const char *leaf;
    int tmp, uploads, answer;

    if (dir_folder(bucket, DIR_TMP "/", DIR_WRITE, &tmp, &leaf, err) < 0)
        return ERR_FAIL;
    answer = dir_folder(bucket, DIR_UPLOADS "/", DIR_WRITE, &uploads, &leaf, err);
    if (answer == 0) {
        answer = make_folder(bucket, tmp, uploads, id, key, err);
        close(uploads);
    }
    close(tmp);
    return answer;
}

void dir_upload_remove(const struct dir_bucket *bucket, const char *id)
{
    const char *leaf;
    struct err ignored;
    int uploads;

    if (dir_folder(bucket, DIR_UPLOADS "/", DIR_READ, &uploads, &leaf, &ignored) != 0)
        return;
    dir_remove_folder(uploads, id, UPLOAD_KEY);
    close(uploads);
}
