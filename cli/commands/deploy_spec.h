/*
 * deploy_spec - deploy --init and deploy --adopt: writes the spec of a container, and its entry in
 * the configuration file.
 */
#ifndef S3DOCK_CLI_COMMANDS_DEPLOY_SPEC_H
#define S3DOCK_CLI_COMMANDS_DEPLOY_SPEC_H

struct cli;
struct err;

/* Writes the spec of a new application. With --dry-run prints it. conflict.exists: the file, or the
 * entry, exists. */
int deploy_spec_init(struct cli *cli, const char *app, const char *env, struct err *err);
/* Prints the spec of the container of --adopt; with --output writes it. For the comparison it
 * creates a container of the same image, which never runs, and removes it. not_found.container. */
int deploy_spec_adopt(struct cli *cli, const char *app, const char *env, struct err *err);

#endif
