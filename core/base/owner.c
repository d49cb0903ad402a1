/*
 * A file is opened first and judged by its descriptor, so that it cannot be exchanged between the
 * check and the read.
 */
#include "base/owner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "os/file.h"
#include "os/user.h"

const char *owner_fault(const char *path, const struct stat *st)
{
    uid_t user = geteuid();

    if (st->st_uid != user && st->st_uid != 0)
        return "belongs to another user";
    if (st->st_mode & S_IWOTH)
        return "can be written by other users";
    if ((st->st_mode & S_IWGRP) &&
        (user == 0 || st->st_uid != user || !os_is_private_group(st->st_gid, user) ||
         os_has_access_list(path)))
        return "can be written by other users";
    return NULL;
}

static int refuse(const char *what, const char *fault, struct err *err)
{
    return err_set(err, ERR_USAGE, CODE_OWNER, "%s %s", what, fault);
}

/* Checks the folder of `path`. */
static int check_folder(const char *path, struct err *err)
{
    char folder[PATH_MAX];
    const char *fault;
    struct stat st;

    if (!file_folder(path, folder))
        return err_errno(err, ENAMETOOLONG, "read", "cannot read %s", path);
    if (stat(folder, &st))
        return err_errno(err, errno, "read", "cannot read %s", folder);
    fault = owner_fault(folder, &st);
    if (fault && !strcmp(folder, "."))
        return refuse("the current folder", fault, err);
    return fault ? refuse(folder, fault, err) : 0;
}

/* Stores the path without links, which must lead to the open file, and checks its folder. */
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

static int check_file(int fd, const char *path, char real[PATH_MAX], struct err *err)
{
    const char *fault;
    struct stat st;

    if (fstat(fd, &st))
        return err_errno(err, errno, "read", "cannot read %s", path);
    fault = owner_fault(path, &st);
    if (fault)
        return refuse(path, fault, err);
    return check_folder(path, err) || check_real(path, &st, real, err) ? ERR_FAIL : 0;
}

int owner_read(const char *path, struct text *out, char real[PATH_MAX], struct err *err)
{
    int fd, answer = file_open_read(path, &fd, err);

    if (answer)
        return answer == FILE_ABSENT ? OWNER_ABSENT : ERR_FAIL;
    answer =
        check_file(fd, path, real, err) || file_read_open(fd, path, out, err) ? ERR_FAIL : OWNER_OK;
    close(fd);
    return answer;
}

int owner_check(const char *path, struct err *err)
{
    char real[PATH_MAX];
    int fd, answer = file_open_read(path, &fd, err);

    if (answer)
        return answer == FILE_ABSENT ? OWNER_ABSENT : ERR_FAIL;
    answer = check_file(fd, path, real, err);
    close(fd);
    return answer;
}
