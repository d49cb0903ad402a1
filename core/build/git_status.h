/*
 * git_status - finds the files that differ from HEAD, in the repository and its submodules, with
 * the git program.
 */
#ifndef S3DOCK_BUILD_GIT_STATUS_H
#define S3DOCK_BUILD_GIT_STATUS_H

#include "build/git_state.h"

struct err;
struct git_program;

/* Adds the changes to *out. `git` must be at the root of a working tree (git_program_head). */
int git_status_read(struct git_program *git, struct git_changes *out, struct err *err);

#endif
