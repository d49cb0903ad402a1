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

#include "build/git_state.h"

struct cancel;
struct err;

/* Reads HEAD and, unless `changes` is NULL, the changed files. */
int git_read(const char *path, const struct cancel *cancel, struct git_head *head,
             struct git_changes *changes, struct err *err);

#endif
