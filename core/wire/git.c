#include "wire/git.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "wire/git_library.h"
#include "wire/git_program.h"
#include "wire/git_status.h"

static int read_by_library(const char *path, const char *why, struct git_head *out, struct err *err)
{
    if (git_library_head(path, out, err))
        return ERR_FAIL;
    out->by_library = true;
    str_copy(out->why, sizeof out->why, why);
    return 0;
}

int git_read_head(const char *path, const struct cancel *cancel, struct git_head *out,
                  struct err *err)
{
    struct git_program git;
    char why[sizeof out->why];
    int answer;

    memset(out, 0, sizeof *out);
    answer = git_program_begin(&git, path, cancel, why, sizeof why, err);
    if (answer == GIT_PROGRAM_OK)
        answer = git_program_head(&git, out, err);
    else if (answer == GIT_PROGRAM_ABSENT)
        answer = read_by_library(path, why, out, err);
    git_program_end(&git);
    return answer;
}

int git_read_changes(const char *path, const struct cancel *cancel, struct git_changes *out,
                     struct err *err)
{
    struct git_program git;
    struct git_head head;
    char why[sizeof head.why];
    int answer;

    memset(out, 0, sizeof *out);
    answer = git_program_begin(&git, path, cancel, why, sizeof why, err);
    if (answer == GIT_PROGRAM_OK)
        answer =
            git_program_head(&git, &head, err) || git_status_read(&git, out, err) ? ERR_FAIL : 0;
    else if (answer == GIT_PROGRAM_ABSENT)
        answer = git_library_changes(path, out, err);
    git_program_end(&git);
    return answer;
}

void git_list_add(struct git_list *list, const char *path, const char *word)
{
    size_t size = strlen(path), room = GIT_PATH_SIZE - strlen(word) - 1;
    char *out;

    if (list->count++ >= GIT_LIST_MAX)
        return;
    out = list->paths[list->count - 1];
    if (size <= room)
        snprintf(out, GIT_PATH_SIZE, "%s%s", path, word);
    else
        snprintf(out, GIT_PATH_SIZE, "...%s%s", path + size - (room - 3), word);
    str_printable(out);
}
