/*
 * git_filters - keeps git from running programs that a repository's configuration names.
 *
 * `git status` runs the clean filter of a file if the file's date does not prove it unchanged. The
 * configuration names the program. The user wrote the configurations of the user and the system,
 * and .git/config in a clone. In an unpacked archive another person may have written .git/config,
 * and the two cases look alike. So a filter that only .git/config defines is not run, unless its
 * settings are those that git-lfs and git-crypt write themselves. The files of other filters are
 * compared as they are, and may count as changed until the user's own `git status` has stored their
 * dates. Hooks that the configuration names and programs that git-lfs would run are not run,
 * either.
 */
#ifndef S3DOCK_BUILD_GIT_FILTERS_H
#define S3DOCK_BUILD_GIT_FILTERS_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct git_program;

struct git_filters {
    bool sparse;      /* core.sparseCheckout */
    char skipped[64]; /* the first filter that only .git/config defines; or "" */
};

/* Overrides these settings for all later calls (git_program_set), so that git runs no such
 * program. */
int git_filters_guard(struct git_program *git, struct git_filters *out, struct err *err);

#endif
