/*
 * git - what the commit to build from is called, and whether the files are that commit.
 *
 * Clean means what `git status` and the commit mean, so the git program is asked where it is in
 * PATH and at least 2.31: it knows its own filters, submodules, index flags, extensions of the
 * repository format, and GIT_DIR, GIT_WORK_TREE, GIT_CONFIG_*. Elsewhere libgit2 reads, which knows
 * less (git_library.h). Nothing is written, and no network is used.
 *
 * The repository is input. The git program runs no hook and no fsmonitor of it, and a filter
 * program only when the configuration of the user or the system defines it: .git/config may have
 * come in an archive (git_status.c).
 *
 * Repositories are found from any folder inside of them; linked worktrees, submodules, a detached
 * HEAD, shallow, partial and sparse clones are all the same here. `path` is where to begin, "." for
 * the current folder; with GIT_DIR in the environment the program begins in the current folder.
 *
 * Failures:
 *   not_found.repository    there is none
 *   conflict.no_commit      a repository without a commit
 *   conflict.bare           a repository without files
 *   auth.owner              somebody else's, and not in git's safe.directory; a submodule too
 *   unsupported.repository  a form that the reader does not know
 *   local.repository        anything else: damaged, not readable
 *   local.program           git does not end
 * Call these while no other thread is at work.
 */
#ifndef S3DOCK_BUILD_GIT_H
#define S3DOCK_BUILD_GIT_H

#include <stdbool.h>

#include "base/clock.h"

struct cancel;
struct err;

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
    unsigned count;                          /* all there are */
    char paths[GIT_LIST_MAX][GIT_PATH_SIZE]; /* the first of them: printable, "..." for the start
                                              * of a long one, a word in parentheses at the end */
};

/* `word` follows the path. */
void git_list_add(struct git_list *list, const char *path, const char *word);

struct git_changes {
    /* Not what HEAD says, staged or not; in a submodule too: "src/a.c (staged)", and submodules
     * that are not at their recorded commit, whatever `ignore` says */
    struct git_list changed;
    /* Not known to git and not ignored; a whole folder is one entry: "notes/" */
    struct git_list untracked;
    unsigned submodules; /* of changed: that are not checked out, or elsewhere */
    unsigned hidden;     /* of changed: git status hides them (skip-worktree, assume-unchanged) */
    char filter[64];     /* a filter that only .git/config defines, and that was not run; or "" */
};

/* `changes` may be NULL. */
int git_read(const char *path, const struct cancel *cancel, struct git_head *head,
             struct git_changes *changes, struct err *err);

#endif
