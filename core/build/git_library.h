/*
 * git_library - a repository as libgit2 reads it, where the git program is not there. The one user
 * of libgit2.
 *
 * It does not read SHA-256 repositories, reftable, split and sparse indexes, and extensions that
 * are newer than the library: unsupported.repository. It runs no filter program, and does not know
 * GIT_DIR, GIT_WORK_TREE, GIT_CONFIG_*: a file that a filter made may count as changed, and a
 * safe.directory in the environment does not count. Answers and failures are those of git.h.
 */
#ifndef S3DOCK_BUILD_GIT_LIBRARY_H
#define S3DOCK_BUILD_GIT_LIBRARY_H

#include "build/git_state.h"

struct err;

int git_library_head(const char *path, struct git_head *out, struct err *err);
int git_library_changes(const char *path, struct git_changes *out, struct err *err);
/* 0 unless the repository belongs to another user and is not safe: auth.owner. */
int git_library_owner(const char *path, struct err *err);

#endif
