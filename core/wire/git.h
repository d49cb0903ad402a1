/*
 * git - what the commit to build from is called, and whether the files are that commit. Reads only;
 * runs no program. The one user of libgit2.
 *
 * Repositories are found from any folder inside of them; linked worktrees, submodules, a detached
 * HEAD, shallow, partial and sparse clones are all the same here. `path` is where to begin, "." for
 * the current folder; GIT_DIR and its like are not looked at. Any thread.
 *
 * What cannot be built from is told apart:
 *   not_found.repository    there is none
 *   conflict.no_commit      a repository without a commit
 *   conflict.bare           a repository without files
 *   auth.owner              somebody else's, and not in git's safe.directory
 *   unsupported.repository  a form that libgit2 cannot read (SHA-256, split or sparse index)
 *   local.repository        anything else: damaged, not readable
 */
#ifndef S3DOCK_WIRE_GIT_H
#define S3DOCK_WIRE_GIT_H

#include "base/clock.h"

struct err;

#define GIT_HASH_SIZE  41 /* 40 hex digits and the NUL */
#define GIT_SHORT_SIZE 8  /* 7 hex digits and the NUL */

struct git_head {
    char root[4096]; /* the working tree, absolute, without a slash at the end */
    char hash[GIT_HASH_SIZE];
    char short_hash[GIT_SHORT_SIZE];
    /* When it was committed, on the committer's own clock: the same on every machine. */
    char time[CLOCK_STAMP_SIZE];
};

int git_read_head(const char *path, struct git_head *out, struct err *err);

#define GIT_LIST_MAX  20 /* paths that are named; a reader skips longer lists anyway */
#define GIT_PATH_SIZE 200

struct git_list {
    unsigned count;                          /* all there are */
    char paths[GIT_LIST_MAX][GIT_PATH_SIZE]; /* the first of them: printable, "..." for the start
                                              * of a long one, a word in parentheses at the end */
};

struct git_changes {
    /* Not what HEAD says, staged or not; in a submodule too. "src/a.c (staged)" */
    struct git_list changed;
    /* Not known to git and not ignored; a whole folder is one entry: "notes/" */
    struct git_list untracked;
};

int git_read_changes(const char *path, struct git_changes *out, struct err *err);

#endif
