/*
 * config_insert - adds a deployment to the text of a configuration file (JSON5).
 *
 * Comments, order and layout of the text stay as they are.
 */
#ifndef S3DOCK_CLI_SETTINGS_CONFIG_INSERT_H
#define S3DOCK_CLI_SETTINGS_CONFIG_INSERT_H

#include "base/bytes.h"

struct err;

/* Appends `text` with deploy.APP.ENV = `entry` to `out`. `entry` is an object in JSON5, "{" to "}".
 * The result is parsed again: nothing else differs. Fails with conflict.exists if the text has that
 * entry, and with usage.config if the text cannot be parsed or has another form. */
int config_insert(struct view text, const char *app, const char *env, struct view entry,
                  struct text *out, struct err *err);

#endif
