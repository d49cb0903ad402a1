/*
 * One walk over argv puts every flag into its slot and gathers the rest as words; then the first
 * words name the command, and only then can be said which of the flags it does not know.
 */
#include "cli/settings/args.h"

#include <string.h>

#include "base/err.h"
#include "cli/command.h"

struct walk {
    char *const *argv;
    int argc, at;
    struct args *args;
    struct err *err;
};

static int add_operand(struct walk *walk, const char *word)
{
    if (walk->args->operand_count == ARGS_OPERANDS_MAX)
        return err_set(walk->err, ERR_USAGE, "arguments", "more than %d arguments",
                       ARGS_OPERANDS_MAX);
    walk->args->operands[walk->args->operand_count++] = word;
    return 0;
}

static int add_further(struct walk *walk, const struct option *option, const char *value)
{
    if (walk->args->further_count == ARGS_FURTHER_MAX)
        return err_set(walk->err, ERR_USAGE, "value", "--%s is given more than %d times",
                       option->name, ARGS_FURTHER_MAX);
    walk->args->further[walk->args->further_count++] = value;
    return 0;
}

static int set_value(struct walk *walk, const struct option *option, const char *value)
{
    char where[64] = "--";

    strncat(where, option->name, sizeof where - 3);
    if (option_check(option, value, where, walk->err))
        return ERR_FAIL;
    walk->args->values[option_id(option)] = value;
    return option->repeats ? add_further(walk, option, value) : 0;
}

/* The value of a flag that stands in the next word. */
static int take_value(struct walk *walk, const struct option *option)
{
    const char *next = walk->at + 1 < walk->argc ? walk->argv[walk->at + 1] : NULL;

    if (next && strncmp(next, "--", 2) != 0) {
        walk->at++;
        return set_value(walk, option, next);
    }
    err_set(walk->err, ERR_USAGE, "value", "--%s needs a value (%s)%s%s", option->name,
            option->argument, next ? " and is followed by " : "", next ? next : "");
    return err_hint(walk->err, "write --%s %s", option->name, option->argument);
}

static int long_flag(struct walk *walk, const char *flag)
{
    const char *equals = strchr(flag, '=');
    size_t size = equals ? (size_t)(equals - flag) : strlen(flag);
    const struct option *option = option_find(flag, size);
    const char *meant;

    if (option && equals)
        return set_value(walk, option, equals + 1);
    if (option)
        return option_takes_value(option) ? take_value(walk, option)
                                          : set_value(walk, option, "true");
    meant = option_nearest(flag, size);
    err_set(walk->err, ERR_USAGE, "flag", "unknown flag --%.*s", (int)size, flag);
    if (meant)
        return err_hint(walk->err, "did you mean --%s?", meant);
    return err_hint(walk->err, "s3dock help lists the flags; an argument that starts with a dash "
                               "goes after --");
}

/* -n, -nq, -p NAME, -pNAME, -p=NAME */
static int short_flags(struct walk *walk, const char *letters)
{
    for (; *letters; letters++) {
        const struct option *option = option_find_letter(*letters);

        if (!option) {
            err_set(walk->err, ERR_USAGE, "flag", "unknown flag -%c", *letters);
            return err_hint(walk->err, "s3dock help lists the flags");
        }
        if (!option_takes_value(option)) {
            if (set_value(walk, option, "true"))
                return ERR_FAIL;
            continue;
        }
        if (!letters[1])
            return take_value(walk, option);
        return set_value(walk, option, letters + 1 + (letters[1] == '='));
    }
    return 0;
}

static int walk_words(struct walk *walk)
{
    for (; walk->at < walk->argc; walk->at++) {
        const char *word = walk->argv[walk->at];
        int failed;

        if (!strcmp(word, "--"))
            break;
        if (!strncmp(word, "--", 2))
            failed = long_flag(walk, word + 2);
        else if (word[0] == '-' && word[1])
            failed = short_flags(walk, word + 1);
        else
            failed = add_operand(walk, word);
        if (failed)
            return ERR_FAIL;
    }
    walk->args->passed = walk->args->operand_count;
    for (walk->at++; walk->at < walk->argc; walk->at++)
        if (add_operand(walk, walk->argv[walk->at]))
            return ERR_FAIL;
    return 0;
}

static void drop_operands(struct args *args, unsigned count)
{
    memmove(args->operands, args->operands + count,
            (args->operand_count - count) * sizeof args->operands[0]);
    args->operand_count -= count;
    args->passed -= count;
}

static int check_operands(const struct args *args, struct err *err)
{
    const struct command *command = args->command;
    unsigned count = command->hands_on ? args->passed : args->operand_count;

    if (count >= command->least && count <= command->most)
        return 0;
    if (count > command->most)
        err_set(err, ERR_USAGE, "arguments", "%s: \"%s\" is one argument too many", command->name,
                args->operands[command->most]);
    else if (command->missing)
        err_set(err, ERR_USAGE, "arguments", "%s", command->missing);
    else
        err_set(err, ERR_USAGE, "arguments", "%s needs %s", command->name, command->operands);
    return err_hint(err, "usage: s3dock %s %s; more: s3dock %s --help", command->name,
                    command->operands, command->name);
}

static int check_flags(const struct args *args, struct err *err)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        const struct option *option = &option_table[id];

        if (args->values[id] && !option_fits(option, command_id(args->command))) {
            err_set(err, ERR_USAGE, "flag", "%s has no flag --%s", args->command->name,
                    option->name);
            return err_hint(err, "s3dock %s --help lists its flags", args->command->name);
        }
    }
    return 0;
}

/* Enough words, so that a command was meant, whether there is such a one or not. */
static bool names_a_command(const struct args *args)
{
    return args->operand_count > 1 ||
           (args->operand_count == 1 && !command_is_group(args->operands[0]));
}

int args_parse(int argc, char *const *argv, struct args *out, struct err *err)
{
    struct walk walk = {.argv = argv, .argc = argc, .at = 1, .args = out, .err = err};
    struct err unknown;
    unsigned words = 0;
    int failed;

    memset(out, 0, sizeof *out);
    failed = walk_words(&walk);
    out->command =
        command_find(out->operands, failed ? out->operand_count : out->passed, &words, &unknown);
    if (failed && !out->command && names_a_command(out))
        *err = unknown; /* then its flags are not the first thing that is wrong */
    if (failed)
        return ERR_FAIL;
    if (out->command)
        drop_operands(out, words);
    if (out->values[OPT_HELP] || out->values[OPT_VERSION])
        return 0;
    if (!out->command) {
        *err = unknown;
        return ERR_FAIL;
    }
    if (check_flags(out, err))
        return ERR_FAIL;
    return check_operands(out, err);
}

bool args_wants_json(int argc, char *const *argv)
{
    bool wanted = false;

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strcmp(argv[i], "--json"))
            wanted = true;
        else if (!strncmp(argv[i], "--json=", 7))
            option_read_switch(argv[i] + 7, &wanted);
    }
    return wanted;
}
