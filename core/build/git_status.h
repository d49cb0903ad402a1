/*
 * git_status - what differs from HEAD, by the git program, in the repository and its submodules.
 */
#ifndef S3DOCK_BUILD_GIT_STATUS_H
#define S3DOCK_BUILD_GIT_STATUS_H

#include "build/git_state.h"

struct err;
struct git_program;

/* Adds the changes to *out. `git` must be at the root of a working tree (git_program_head). */
int git_status_read(struct git_program *git, struct git_changes *out, struct err *err);

#endif
