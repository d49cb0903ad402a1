/*
 * help and man print the tables of commands and options; cli/help formats them.
 */
#include <stdio.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/help.h"
#include "cli/settings/args.h"

int cmd_help(struct cli *cli, struct err *err)
{
    const struct args *args = cli->args;
    struct text *out = &cli->output.lines;
    enum command_id command;
    unsigned used;

    if (!args->operand_count) {
        help_general(out);
        return 0;
    }
    if (args->operand_count == 1 && command_is_group(args->operands[0])) {
        help_group(args->operands[0], out);
        return 0;
    }
    command = command_find(args->operands, args->operand_count, &used, err);
    if (command == CMD_NONE)
        return ERR_FAIL;
    help_command(command, out);
    return 0;
}

int cmd_man(struct cli *cli, struct err *err)
{
    (void)err;
    help_man(&cli->output.lines);
    return 0;
}
