/*
 * config_check - warnings about keys of the configuration file that have no effect, and about its
 * mode.
 */
#ifndef S3DOCK_CLI_SETTINGS_CONFIG_CHECK_H
#define S3DOCK_CLI_SETTINGS_CONFIG_CHECK_H

#include "cli/settings/command_id.h"

struct config;

/* Adds the warnings to config->warnings. The file was read, and all options of the command are
 * resolved. */
void config_check_file(struct config *config, enum command_id command);

#endif
