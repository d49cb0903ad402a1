/*
 * Reads argv once: each flag sets its value, all other words become operands. The command is not
 * known here; command_line.c checks later which flags it has.
 */
#include "cli/settings/args.h"

#include <string.h>

#include "base/err.h"

#define HELP_OR_DASHES                                                                             \
    "s3dock help lists the flags; write an argument that starts with a dash after --"

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
        return err_set(walk->err, ERR_USAGE, "value", "--%s is used more than %d times",
                       option->name, ARGS_FURTHER_MAX);
    walk->args->further[walk->args->further_count++] = value;
    return 0;
}

static int set_value(struct walk *walk, const struct option *option, const char *value)
{
    char where[64] = "--";

    strncat(where, option->name, sizeof where - 3);
    if (option_parse(option, value, where, &walk->args->parsed[option_id(option)], walk->err))
        return ERR_FAIL;
    walk->args->values[option_id(option)] = value;
    return option->repeats ? add_further(walk, option, value) : 0;
}

/* Reads the value of a flag from the next word. */
static int read_value(struct walk *walk, const struct option *option)
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

static int read_long_flag(struct walk *walk, const char *flag)
{
    const char *equals = strchr(flag, '=');
    size_t size = equals ? (size_t)(equals - flag) : strlen(flag);
    const struct option *option = option_find(flag, size);
    const char *meant;

    if (option && equals)
        return set_value(walk, option, equals + 1);
    if (option)
        return option_takes_value(option) ? read_value(walk, option)
                                          : set_value(walk, option, "true");
    meant = option_nearest(flag, size);
    err_set(walk->err, ERR_USAGE, "flag", "unknown flag --%.*s", (int)size, flag);
    if (meant)
        return err_hint(walk->err, "did you mean --%s?", meant);
    return err_hint(walk->err, HELP_OR_DASHES);
}

/* Reads -n, -nq, -p NAME, -pNAME, -p=NAME. */
static int read_short_flags(struct walk *walk, const char *letters)
{
    for (; *letters; letters++) {
        const struct option *option = option_find_letter(*letters);

        if (!option) {
            err_set(walk->err, ERR_USAGE, "flag", "unknown flag -%c", *letters);
            return err_hint(walk->err, HELP_OR_DASHES);
        }
        if (!option_takes_value(option)) {
            if (set_value(walk, option, "true"))
                return ERR_FAIL;
            continue;
        }
        if (!letters[1])
            return read_value(walk, option);
        return set_value(walk, option, letters + 1 + (letters[1] == '='));
    }
    return 0;
}

static int read_words(struct walk *walk)
{
    for (; walk->at < walk->argc; walk->at++) {
        const char *word = walk->argv[walk->at];
        int failed;

        if (!strcmp(word, "--"))
            break;
        if (!strncmp(word, "--", 2))
            failed = read_long_flag(walk, word + 2);
        else if (word[0] == '-' && word[1])
            failed = read_short_flags(walk, word + 1);
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

int args_parse(int argc, char *const *argv, struct args *out, struct err *err)
{
    struct walk walk = {.argv = argv, .argc = argc, .at = 1, .args = out, .err = err};

    memset(out, 0, sizeof *out);
    out->command = CMD_NONE;
    return read_words(&walk);
}

bool args_early_switch(int argc, char *const *argv, enum option_id id, const char *variable)
{
    const char *name = option_table[id].name;
    size_t size = strlen(name);
    bool on = false;

    if (variable && *variable)
        option_read_switch(variable, &on);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--", 2) != 0 || strncmp(argv[i] + 2, name, size) != 0)
            continue;
        if (!argv[i][2 + size])
            on = true;
        else if (argv[i][2 + size] == '=')
            option_read_switch(argv[i] + 2 + size + 1, &on);
    }
    return on;
}
