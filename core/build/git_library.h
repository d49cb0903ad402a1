/*
 * git_library - reads a repository with libgit2, if there is no git program. The only user of
 * libgit2.
 *
 * libgit2 does not read SHA-256 repositories, reftable, split and sparse indexes, and extensions
 * that are newer than the library: unsupported.repository. It runs no filter program, and ignores
 * GIT_DIR, GIT_WORK_TREE, GIT_CONFIG_*: a filtered file may count as changed, and a safe.directory
 * in the environment does not count. Results and failures are those of git.h.
 */
#ifndef S3DOCK_BUILD_GIT_LIBRARY_H
#define S3DOCK_BUILD_GIT_LIBRARY_H

#include "build/git_state.h"

struct err;

int git_library_head(const char *path, struct git_head *out, struct err *err);
int git_library_changes(const char *path, struct git_changes *out, struct err *err);
/* Fails with auth.owner if the repository belongs to another user and is not safe. */
int git_library_owner(const char *path, struct err *err);

#endif
