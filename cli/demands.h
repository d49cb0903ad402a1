/*
 * demands - the signatures that the profile in use demands (`trust` of a profile).
 *
 * A file in the current folder that the user does not trust cannot loosen the demands of the user's
 * own file: those of its profile of the same name hold, and without them commands refuse to work.
 */
#ifndef S3DOCK_CLI_DEMANDS_H
#define S3DOCK_CLI_DEMANDS_H

#include <limits.h>
#include <stdbool.h>

#include "base/json.h"
#include "trust/policy.h"

struct cli;
struct config;
struct config_file;
struct err;
struct guard;

/* `trust` of a profile. */
struct demands {
    bool there;                                /* the profile has the key */
    char signers[PATH_MAX], revoked[PATH_MAX]; /* revoked "": none */
    struct policy policy;                      /* owned */
};

/* Reads the demands of a profile of a file. usage.config: they are not valid. The caller calls
 * demands_finish, after a failure, too. */
int demands_read(const struct config_file *file, const char *profile, struct demands *out,
                 struct err *err);
void demands_finish(struct demands *demands);
/* Reads those of the configuration. usage.trust: a file in the current folder would loosen them. */
int demands_find(const struct config *config, struct demands *out, struct err *err);

/* Opens the guard of the configuration. *out is NULL if nothing is demanded. The caller calls
 * guard_close. usage.*, also if the files of the signers cannot be used. */
int demands_open(const struct cli *cli, struct guard **out, struct err *err);

#endif
