/*
 * deployments_ui - prints and checks the deployments of a configuration file, for the commands
 * `config`.
 */
#ifndef S3DOCK_CLI_COMMANDS_DEPLOYMENTS_UI_H
#define S3DOCK_CLI_COMMANDS_DEPLOYMENTS_UI_H

struct cli;
struct config;
struct config_file;
struct err;
struct text;

/* Prints the names of all deployments, each as a line, and the member "deployments". */
void deployments_show(struct cli *cli, const struct config *config);
/* Prints the name of each deployment as a line. */
void deployments_print(struct cli *cli, const struct config_file *file);
/* Reads each deployment with its container file and its env files, and looks for its profile. Adds
 * warnings to `warnings`, one a line. Fails with usage.deploy, usage.owner and usage.profile. Sends
 * no request. */
int deployments_validate(const struct config *config, struct text *warnings, struct err *err);

#endif
