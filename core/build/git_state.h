/*
 * git_state - the state of a repository: its HEAD commit, and the files that differ from it.
 */
#ifndef S3DOCK_BUILD_GIT_STATE_H
#define S3DOCK_BUILD_GIT_STATE_H

#include <stdbool.h>

#include "base/clock.h"

#define GIT_HASH_SIZE  65 /* 40 or 64 hex digits and the NUL */
#define GIT_SHORT_SIZE 8  /* 7 hex digits and the NUL */

struct git_head {
    char root[4096]; /* the working tree, absolute, without a slash at the end */
    char hash[GIT_HASH_SIZE];
    char short_hash[GIT_SHORT_SIZE];
    /* When it was committed, on the committer's own clock: the same on every machine. */
    char time[CLOCK_STAMP_SIZE];
    bool by_library; /* read without the git program */
    char why[64];    /* of by_library: "git is not in PATH" */
};

#define GIT_LIST_MAX  20 /* paths that are named; a reader skips longer lists anyway */
#define GIT_PATH_SIZE 200

struct git_list {
    unsigned count;                          /* of all paths */
    char paths[GIT_LIST_MAX][GIT_PATH_SIZE]; /* the first of them: printable, "..." for the start
                                              * of a long one, a word in parentheses at the end */
};

/* `word` follows the path. */
void git_list_add(struct git_list *list, const char *path, const char *word);

struct git_changes {
    /* Files that differ from HEAD, staged or not, in submodules too: "src/a.c (staged)". And
     * submodules that are not at their recorded commit; the setting `ignore` has no effect */
    struct git_list changed;
    /* Files that are not in the index and not ignored; a whole folder is one entry: "notes/" */
    struct git_list untracked;
    unsigned submodules; /* of changed: that are not checked out, or elsewhere */
    unsigned unnamed; /* of submodules: that .gitmodules does not name, so git cannot fetch them */
    unsigned hidden;  /* of changed: git status hides them (skip-worktree, assume-unchanged) */
    char filter[64];  /* a filter that only .git/config defines, and that was not run; or "" */
};

#endif
