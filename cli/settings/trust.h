/*
 * trust - the configuration files that the user trusts, by real path and SHA-256 of the content.
 *
 * They are kept in ~/.s3dock/trusted (0600), one a line in the form of sha256sum: digest, two
 * blanks, path. The list counts only if the user or root alone can have written it. A file that
 * changed is not in the list any more.
 */
#ifndef S3DOCK_CLI_SETTINGS_TRUST_H
#define S3DOCK_CLI_SETTINGS_TRUST_H

#include <stdbool.h>

#include "base/hash.h"
#include "cli/settings/config_file.h"

struct err;

#define TRUST_LIST_MAX (1 << 20) /* bytes of the list */

enum trust_answer { TRUST_OK = 0, TRUST_ABSENT = 1 };

/* Whether this content at this path is trusted. A list that cannot be read trusts nothing. */
bool trust_holds(getenv_fn *env, const char *path, const char *hex);
/* Trusts this content, and no longer another one at this path. */
int trust_add(getenv_fn *env, const char *path, const char *hex, struct err *err);
/* TRUST_ABSENT when the path is not in the list. */
int trust_remove(getenv_fn *env, const char *path, struct err *err);
/* Calls `each` for every line of the list, in its order. */
int trust_list(getenv_fn *env, void (*each)(void *arg, const char *path, const char *hex),
               void *arg, struct err *err);

#endif
