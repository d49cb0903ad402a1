/*
 * command_line - parses the whole command line: flags and words (args.h), the command that the
 * first words name, and whether flags and operands fit that command. Chooses how its configuration
 * is read.
 */
#ifndef S3DOCK_CLI_COMMAND_LINE_H
#define S3DOCK_CLI_COMMAND_LINE_H

#include "cli/settings/config.h"

struct args;
struct err;

/* Fills *out from argv. Fails with usage.flag, usage.value, usage.command or usage.arguments; *out
 * then holds the part before the error, so that the error can be reported under the name of the
 * command. With --help or --version, the command and its operands may be missing. */
int command_line_parse(int argc, char *const *argv, struct args *out, struct err *err);

/* Resolves the configuration for a parsed line: config_load, or config_load_without_file for a
 * command that must run although the file is broken. The caller calls config_finish, after a
 * failure, too. */
int command_line_config(struct config *out, const struct args *args, getenv_fn *env,
                        struct err *err);

#endif
