/*
 * args - the command line, taken apart: which command, which options, which operands.
 *
 * Flags may stand anywhere before `--`: --flag value, --flag=value, -f value, -fvalue, -nq. Nothing
 * is copied: everything points into argv.
 */
#ifndef S3DOCK_CLI_SETTINGS_ARGS_H
#define S3DOCK_CLI_SETTINGS_ARGS_H

#include <stdbool.h>

#include "cli/settings/option.h"

struct err;
struct command;

#define ARGS_OPERANDS_MAX 256
#define ARGS_FURTHER_MAX  16

struct args {
    const struct command *command;    /* NULL: none was named */
    const char *values[OPTION_COUNT]; /* as given; a switch is "true" or "false"; NULL: not given */
    const char *operands[ARGS_OPERANDS_MAX]; /* without the command's own words */
    unsigned operand_count;
    const char *further[ARGS_FURTHER_MAX]; /* all values of the option that repeats */
    unsigned further_count;
    unsigned passed; /* operands before `--`; the rest belongs to somebody else's program */
};

/* Usage errors: usage.flag, usage.value, usage.command, usage.arguments. On failure `out` holds
 * what was understood so far, so that the error can be reported under the command's name. --help
 * and --version excuse missing operands. */
int args_parse(int argc, char *const *argv, struct args *out, struct err *err);
/* Whether the answer must be JSON, even when the line cannot be parsed. */
bool args_wants_json(int argc, char *const *argv);

#endif
