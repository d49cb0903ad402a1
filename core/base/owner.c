#include "base/owner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"

const char *owner_fault(const struct stat *st)
{
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return "belongs to another user";
    if (st->st_mode & (S_IWGRP | S_IWOTH))
        return "can be written by other users";
    return NULL;
}

static int refuse(const char *what, const char *fault, struct err *err)
{
    return err_set(err, ERR_USAGE, "owner", "%s %s", what, fault);
}

/* Judges the folder that holds `path`. */
static int check_folder(const char *path, struct err *err)
{
    char folder[PATH_MAX];
    const char *fault;
    struct stat st;

    if (!file_folder(path, folder))
        return err_errno(err, ENAMETOOLONG, "read", "cannot read %s", path);
    if (stat(folder, &st))
        return err_errno(err, errno, "read", "cannot read %s", folder);
    fault = owner_fault(&st);
    if (fault && !strcmp(folder, "."))
        return refuse("the current folder", fault, err);
    return fault ? refuse(folder, fault, err) : 0;
}

/* `real` must still lead to the open file. */
static int check_real(const char *path, const struct stat *open_file, char real[PATH_MAX],
                      struct err *err)
{
    struct stat named;

    if (!realpath(path, real) || stat(real, &named))
        return err_errno(err, errno, "read", "cannot read %s", path);
    if (named.st_dev != open_file->st_dev || named.st_ino != open_file->st_ino)
        return err_set(err, ERR_LOCAL, "read", "%s was replaced while it was read", path);
    return check_folder(real, err);
}

static int check(int fd, const char *path, char real[PATH_MAX], struct err *err)
{
    const char *fault;
    struct stat st;

    if (fstat(fd, &st))
        return err_errno(err, errno, "read", "cannot read %s", path);
    fault = owner_fault(&st);
    if (fault)
        return refuse(path, fault, err);
    return check_folder(path, err) || check_real(path, &st, real, err) ? ERR_FAIL : 0;
}

int owner_read(const char *path, struct text *out, char real[PATH_MAX], struct err *err)
{
    int fd, answer = file_open_read(path, &fd, err);

    if (answer)
        return answer == FILE_ABSENT ? OWNER_ABSENT : ERR_FAIL;
    answer = check(fd, path, real, err) || file_read_open(fd, path, out, err) ? ERR_FAIL : OWNER_OK;
    close(fd);
    return answer;
}
