/*
 * deployments - the entries deploy.APP.ENV of the configuration file, and the settings that each of
 * them uses.
 */
#ifndef S3DOCK_CLI_DEPLOYMENTS_H
#define S3DOCK_CLI_DEPLOYMENTS_H

#include <stdbool.h>

#include "catalog/name.h"

#define DEPLOYMENTS_NAMES_MAX (NAME_APP_MAX + NAME_ENV_MAX)

struct cli;
struct deployment;
struct err;
struct text;

/* Reads an entry of the file in use. --platform has precedence over its key. Checks consent_deploy.
 * Warnings are added to `warnings`, one a line (may be NULL). Fails with usage.trust, usage.deploy,
 * and with not_found.deployment if there is no such entry; the hint names a similar one. The caller
 * calls deployments_free. */
int deployments_read(const struct cli *cli, const char *app, const char *env,
                     struct deployment **out, struct text *warnings, struct err *err);
void deployments_free(struct deployment *deployment); /* takes NULL */
/* Reads the names of the n-th entry. False after the last. */
bool deployments_name(const struct cli *cli, unsigned n, char app[NAME_APP_MAX],
                      char env[NAME_ENV_MAX]);
/* Writes "APP ENV" of the entry with the most similar names, or "APP" if `env` is NULL. False: no
 * entry is similar, or an entry has these names. */
bool deployments_nearest(const struct cli *cli, const char *app, const char *env,
                         char out[DEPLOYMENTS_NAMES_MAX]);
/* Adds the hint "did you mean APP ENV?" to an error, if no entry has these names, but a similar one
 * exists. Returns ERR_FAIL. */
int deployments_suggest(const struct cli *cli, const char *app, const char *env, struct err *err);

/* Fills *out with the settings of the entry's profile: for connect_store. --profile and
 * S3DOCK_PROFILE have precedence over the entry. The caller calls deployments_leave, after a
 * failure, too, and after the store is destroyed. */
int deployments_enter(const struct cli *cli, const struct deployment *deployment, struct cli *out,
                      struct err *err);
void deployments_leave(struct cli *entered);

#endif
