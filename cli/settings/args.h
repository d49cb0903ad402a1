/*
 * args - the words of the command line: values of flags, and operands.
 *
 * Flags may be anywhere before `--`: --flag value, --flag=value, -f value, -fvalue, -nq. Nothing is
 * copied: all pointers point into argv.
 */
#ifndef S3DOCK_CLI_SETTINGS_ARGS_H
#define S3DOCK_CLI_SETTINGS_ARGS_H

#include <stdbool.h>

#include "cli/settings/command_id.h"
#include "cli/settings/option.h"

struct err;

#define ARGS_OPERANDS_MAX 256
#define ARGS_FURTHER_MAX  16

struct args {
    enum command_id command;          /* set by command_line_parse; CMD_NONE: none was named */
    const char *values[OPTION_COUNT]; /* as given; a switch is "true" or "false"; NULL: not given */
    struct option_value parsed[OPTION_COUNT]; /* of `values` */
    const char *operands[ARGS_OPERANDS_MAX];  /* command_line_parse removes the command's words */
    unsigned operand_count;
    const char *further[ARGS_FURTHER_MAX]; /* all values of the option that repeats */
    unsigned further_count;
    unsigned passed; /* number of operands before `--`; the others are for another program */
};

/* Reads all flags and words, whatever the command. `command` becomes CMD_NONE. Fails with
 * usage.flag, usage.value or usage.arguments; *out then holds the words before the wrong one. */
int args_parse(int argc, char *const *argv, struct args *out, struct err *err);
/* Returns a switch before the line is parsed, also of a line that args_parse refuses: by its last
 * flag, otherwise by its variable (NULL: none). An invalid value counts as on. */
bool args_early_switch(int argc, char *const *argv, enum option_id id, const char *variable);

#endif
