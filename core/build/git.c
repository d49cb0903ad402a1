/*
 * Chooses between the git program and libgit2.
 */
#include "build/git.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "build/git_library.h"
#include "build/git_program.h"
#include "build/git_status.h"

static int by_library(const char *path, const char *why, struct git_head *head,
                      struct git_changes *changes, struct err *err)
{
    if (git_library_head(path, head, err) || (changes && git_library_changes(path, changes, err)))
        return ERR_FAIL;
    head->by_library = true;
    str_copy(head->why, sizeof head->why, why);
    return 0;
}

static int by_program(struct git_program *git, struct git_head *head, struct git_changes *changes,
                      struct err *err)
{
    if (git_program_head(git, head, err))
        return ERR_FAIL;
    return changes ? git_status_read(git, changes, err) : 0;
}

int git_read(const char *path, const struct cancel *cancel, struct git_head *head,
             struct git_changes *changes, struct err *err)
{
    struct git_program git;
    char why[sizeof head->why];
    int answer;

    memset(head, 0, sizeof *head);
    if (changes)
        memset(changes, 0, sizeof *changes);
    answer = git_program_begin(&git, path, cancel, why, sizeof why, err);
    if (answer == GIT_PROGRAM_OK)
        answer = by_program(&git, head, changes, err);
    else if (answer == GIT_PROGRAM_ABSENT)
        answer = by_library(path, why, head, changes, err);
    git_program_end(&git);
    return answer;
}
