/*
 * The first words of the line name the command. Then its flags and the number of operands are
 * checked.
 */
#include "cli/command_line.h"

#include <string.h>

#include "base/err.h"
#include "cli/command.h"
#include "cli/settings/args.h"

static void drop_operands(struct args *args, unsigned count)
{
    memmove(args->operands, args->operands + count,
            (args->operand_count - count) * sizeof args->operands[0]);
    args->operand_count -= count;
    args->passed -= count;
}

static int check_operands(const struct args *args, struct err *err)
{
    const struct command *command = &command_table[args->command];
    unsigned count = command->hands_on ? args->passed : args->operand_count;

    if (count >= command->least && count <= command->most)
        return 0;
    if (count > command->most)
        err_set(err, ERR_USAGE, "arguments", "%s: the argument \"%s\" is one too many",
                command->name, args->operands[command->most]);
    else if (command->missing)
        err_set(err, ERR_USAGE, "arguments", "%s", command->missing);
    else
        err_set(err, ERR_USAGE, "arguments", "%s needs %s", command->name, command->operands);
    return err_hint(err, "usage: s3dock %s%s%s; more: s3dock %s --help", command->name,
                    command->operands[0] ? " " : "", command->operands, command->name);
}

static int check_flags(const struct args *args, struct err *err)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        const struct option *option = &option_table[id];

        if (args->values[id] && !option_fits(option, args->command)) {
            err_set(err, ERR_USAGE, "flag", "%s has no flag --%s",
                    command_table[args->command].name, option->name);
            return err_hint(err, "s3dock %s --help lists its flags",
                            command_table[args->command].name);
        }
    }
    return 0;
}

/* Returns whether the words were meant as a command, known or not. */
static bool names_a_command(const struct args *args)
{
    return args->operand_count > 1 ||
           (args->operand_count == 1 && !command_is_group(args->operands[0]));
}

int command_line_parse(int argc, char *const *argv, struct args *out, struct err *err)
{
    struct err unknown;
    unsigned words = 0;
    int failed = args_parse(argc, argv, out, err);

    out->command =
        command_find(out->operands, failed ? out->operand_count : out->passed, &words, &unknown);
    if (failed && out->command == CMD_NONE && names_a_command(out))
        *err = unknown; /* a wrong command matters more than its flags */
    if (failed)
        return ERR_FAIL;
    if (out->command != CMD_NONE)
        drop_operands(out, words);
    if (out->values[OPT_HELP] || out->values[OPT_VERSION])
        return 0;
    if (out->command == CMD_NONE) {
        *err = unknown;
        return ERR_FAIL;
    }
    if (check_flags(out, err))
        return ERR_FAIL;
    return check_operands(out, err);
}

int command_line_config(struct config *out, const struct args *args, getenv_fn *env,
                        struct err *err)
{
    return command_table[args->command].no_file ? config_load_without_file(out, args, env, err)
                                                : config_load(out, args, env, err);
}
