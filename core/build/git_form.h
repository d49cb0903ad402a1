/*
 * git_form - recognises the forms of a repository that libgit2 does not read. The texts of its
 * errors differ between versions, so the module reads the files of the repository.
 */
#ifndef S3DOCK_BUILD_GIT_FORM_H
#define S3DOCK_BUILD_GIT_FORM_H

#include <stdbool.h>

#define GIT_FORM_SIZE 128

/* A form, and what changes it. */
struct git_form {
    char name[GIT_FORM_SIZE]; /* "a split index" */
    const char *hint;         /* static */
};

/* Looks at the repository around the folder `path` (absolute), which libgit2 refused. Returns true
 * and fills *out if its form is the reason. libgit2 must be initialised. */
bool git_form_find(const char *path, struct git_form *out);

#endif
