/* An aws_system with the variables and files of a test. It sends nothing and runs nothing. */
#ifndef S3DOCK_TESTS_AWS_FILES_H
#define S3DOCK_TESTS_AWS_FILES_H

#include <stddef.h>
#include <string.h>

#include "aws/system.h"
#include "base/codes.h"
#include "base/err.h"

#define AWS_FILES_MAX 12

/* Pairs of a name and a value; the first empty name ends each list. A file with the content NULL
 * cannot be read. */
struct aws_files {
    const char *env[AWS_FILES_MAX][2];
    const char *files[4][2];
    struct aws_system system;
};

static inline const char *aws_files_env(void *arg, const char *name)
{
    const struct aws_files *all = arg;

    for (size_t i = 0; i < AWS_FILES_MAX && all->env[i][0]; i++)
        if (!strcmp(all->env[i][0], name))
            return all->env[i][1];
    return NULL;
}

static inline int aws_files_read(void *arg, const char *path, size_t most, struct text *out,
                                 struct err *err)
{
    const struct aws_files *all = arg;

    for (size_t i = 0; i < ARRAY_SIZE(all->files) && all->files[i][0]; i++) {
        const char *content = all->files[i][1];

        if (strcmp(all->files[i][0], path) != 0)
            continue;
        if (!content)
            return err_set(err, ERR_LOCAL, CODE_PERMISSION, "cannot read %s", path);
        if (strlen(content) > most)
            return err_set(err, ERR_LOCAL, CODE_TOO_LARGE, "%s is too large", path);
        text_str(out, content);
        return SYSTEM_OK;
    }
    return SYSTEM_ABSENT;
}

/* Returns the system of `all`, which must outlive it. */
static inline const struct aws_system *aws_files_system(struct aws_files *all)
{
    all->system =
        (struct aws_system){.arg = all, .get_env = aws_files_env, .read_file = aws_files_read};
    return &all->system;
}

#endif
