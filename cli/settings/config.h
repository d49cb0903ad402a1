/*
 * config - resolves the value of every option for this run, and its source.
 */
#ifndef S3DOCK_CLI_SETTINGS_CONFIG_H
#define S3DOCK_CLI_SETTINGS_CONFIG_H

#include "cli/settings/config_values.h"

struct args;
struct err;

/* Resolves every option that fits args->command (all options for CMD_NONE). The caller calls
 * config_finish, after a failure, too. `env` is getenv, or a function of a test. Secrets are given
 * to log_secret. Fails with usage.* and auth.*. */
int config_load(struct config *out, const struct args *args, getenv_fn *env, struct err *err);
/* Like config_load, but reads no file: neither the configuration file nor those of AWS. */
int config_load_without_file(struct config *out, const struct args *args, getenv_fn *env,
                             struct err *err);
/* Like config_load, with this profile of the file in use; NULL: the profile in use. */
int config_load_profile(struct config *out, const struct args *args, getenv_fn *env,
                        const char *profile, struct err *err);
void config_finish(struct config *config);

#endif
