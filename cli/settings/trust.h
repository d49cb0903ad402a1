/*
 * trust - the configuration files that the user trusts, by real path and SHA-256 of the content.
 *
 * The list is ~/.s3dock/trusted (mode 0600), in the format of sha256sum: digest, two blanks, path.
 * It is used only if no other user than its owner and root can write it. A changed file is not
 * trusted.
 */
#ifndef S3DOCK_CLI_SETTINGS_TRUST_H
#define S3DOCK_CLI_SETTINGS_TRUST_H

#include <stdbool.h>

#include "base/hash.h"
#include "cli/settings/environment.h"

struct err;

#define TRUST_LIST_MAX (1 << 20) /* bytes of the list */

enum trust_answer { TRUST_OK = 0, TRUST_ABSENT = 1 };

/* Returns whether this content at this path is trusted. False if the list cannot be read. */
bool trust_holds(getenv_fn *env, const char *path, const char *hex);
/* Adds this content; other contents at this path are removed from the list. */
int trust_add(getenv_fn *env, const char *path, const char *hex, struct err *err);
/* Removes the path from the list. TRUST_ABSENT: the path is not in the list. */
int trust_remove(getenv_fn *env, const char *path, struct err *err);
/* Calls `each` for every line of the list, in order. */
int trust_list(getenv_fn *env, void (*each)(void *arg, const char *path, const char *hex),
               void *arg, struct err *err);

#endif
