/*
 * git - reads the hash and the time of the commit to build from, and finds files that differ from
 * it.
 *
 * The results must equal those of `git status`. So the module runs the git program if PATH has
 * version 2.31 or later. That program knows its own filters, submodules, index flags, extensions of
 * the repository format, and GIT_DIR, GIT_WORK_TREE, GIT_CONFIG_*. Otherwise libgit2 reads the
 * repository, which supports less (git_library.h). Nothing is written, and no network is used.
 *
 * The repository is untrusted, because .git/config may come from an archive. The git program runs
 * none of its hooks and no fsmonitor. It runs a filter program only if the configuration of the
 * user or of the system defines it, or if it is git-lfs or git-crypt (git_filters.h).
 *
 * `path` is any folder inside the repository; "." is the current one. If GIT_DIR is set, the
 * program begins in the current folder. Linked worktrees, submodules, a detached HEAD, and shallow,
 * partial and sparse clones are supported.
 *
 * Failures:
 *   not_found.repository    there is none
 *   conflict.no_commit      a repository without a commit
 *   conflict.bare           a repository without files
 *   auth.owner              of another user, and not in git's safe.directory; a submodule too
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
