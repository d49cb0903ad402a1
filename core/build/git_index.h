/*
 * git_index - finds what a reader of git's index must understand, in the bytes of the file.
 */
#ifndef S3DOCK_BUILD_GIT_INDEX_H
#define S3DOCK_BUILD_GIT_INDEX_H

#include <stdbool.h>

#include "base/view.h"

#define GIT_INDEX_NAME 5 /* the four letters of an extension and the NUL */

/* Finds the first extension that a reader must not skip, and stores its name: "link" (a split
 * index), "sdir" (a sparse index), or another one. Returns false if there is none, and if the bytes
 * are not an index of version 2 to 4 with SHA-1. Pure. */
bool git_index_extension(struct view index, char name[GIT_INDEX_NAME]);

#endif
