/*
 * git_filters - the programs that a repository's configuration names, taken out of the way.
 *
 * `git status` runs the clean filter of a file whose date says nothing, and the program is named by
 * the configuration. That of the user and the system is the user's own. .git/config is, too, in a
 * clone, but not in an unpacked archive; it cannot be told which of both a folder is. So a filter
 * that only .git/config defines is not run: its files are compared as they are, and may count as
 * changed until the user's own `git status` has noted their dates. The same goes for hooks that
 * the configuration names, and for programs that git-lfs would run.
 */
#ifndef S3DOCK_WIRE_GIT_FILTERS_H
#define S3DOCK_WIRE_GIT_FILTERS_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct git_program;

struct git_filters {
    bool sparse;      /* core.sparseCheckout */
    char skipped[64]; /* the first filter that only .git/config defines; or "" */
};

/* Makes the calls that follow run none of them (git_program_set). */
int git_filters_guard(struct git_program *git, struct git_filters *out, struct err *err);

#endif
