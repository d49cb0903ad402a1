/*
 * Prints scripts for bash, zsh and fish from the tables of commands and options. The possible words
 * depend on the command before the cursor; values of a choice depend on the flag.
 */
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/commands/commands.h"

static bool has_flag(const struct option *option)
{
    return !option->no_flag;
}

/* Prints the first words of the commands, each once. The commands of a group are neighbours. */
static void command_words(struct text *out)
{
    const char *last = "";

    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        const char *name = command_table[i].name;
        size_t size = strcspn(name, " ");

        if (size != strcspn(last, " ") || strncmp(last, name, size) != 0)
            text_printf(out, "%s%.*s", i ? " " : "", (int)size, name);
        last = name;
    }
}

static void flag_words(struct text *out, unsigned command)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++)
        if (has_flag(&option_table[id]) && option_fits(&option_table[id], command))
            text_printf(out, " --%s", option_table[id].name);
}

static void print_choices(struct text *out, const char *words)
{
    for (; *words; words++)
        text_char(out, *words == '|' ? ' ' : *words);
}

/* Prints a case arm for every command: "config show") words=... ;; */
static void bash_commands(struct text *out)
{
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        const struct command *command = &command_table[i];
        bool choice = strchr(command->operands, '|') != NULL;

        text_printf(out, "        \"%s\"*) words=\"", command->name);
        if (choice)
            print_choices(out, command->operands);
        flag_words(out, i);
        text_str(out, "\" ;;\n");
    }
}

static void bash_groups(struct text *out)
{
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        const char *name = command_table[i].name;
        size_t size = strcspn(name, " ");

        if (!name[size] || (i && !strncmp(command_table[i - 1].name, name, size + 1)))
            continue;
        text_printf(out, "        \"%.*s \") words=\"", (int)size, name);
        for (unsigned j = i; j < COMMAND_COUNT; j++)
            if (!strncmp(command_table[j].name, name, size + 1))
                text_printf(out, "%s%s", j > i ? " " : "", command_table[j].name + size + 1);
        text_str(out, "\" ;;\n");
    }
}

static void bash_values(struct text *out)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        const struct option *option = &option_table[id];

        if (!has_flag(option) || !option_takes_value(option))
            continue;
        text_printf(out, "        --%s", option->name);
        if (option->letter)
            text_printf(out, "|-%c", option->letter);
        text_str(out, ") ");
        if (option->words) {
            text_str(out, "COMPREPLY=($(compgen -W \"");
            print_choices(out, option->words);
            text_str(out, "\" -- \"$cur\"))");
        } else if (option->argument && !strcmp(option->argument, "FILE")) {
            text_str(out, "COMPREPLY=($(compgen -f -- \"$cur\"))");
        } else {
            text_char(out, ':');
        }
        text_str(out, "; return ;;\n");
    }
}

/* Prints --bucket|-b|--region...: the flags whose next word is their value. */
static void bash_value_flags(struct text *out)
{
    const char *separator = "";

    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        const struct option *option = &option_table[id];

        if (!has_flag(option) || !option_takes_value(option))
            continue;
        text_printf(out, "%s--%s", separator, option->name);
        separator = "|";
        if (option->letter)
            text_printf(out, "|-%c", option->letter);
    }
}

static void bash_script(struct text *out)
{
    text_str(out, "# bash completion for s3dock\n"
                  "_s3dock() {\n"
                  "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                  "    local line='' words='' i\n"
                  "    COMPREPLY=()\n"
                  "    case $prev in\n");
    bash_values(out);
    text_str(out, "    esac\n"
                  "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                  "        case ${COMP_WORDS[i]} in\n"
                  "            ");
    bash_value_flags(out);
    text_str(out, ") i=$((i + 1)) ;;\n"
                  "            -*) ;;\n"
                  "            *) line+=\"${COMP_WORDS[i]} \" ;;\n"
                  "        esac\n"
                  "    done\n"
                  "    case $line in\n"
                  "        '') words=\"");
    command_words(out);
    flag_words(out, CMD_HELP);
    text_str(out, "\" ;;\n");
    bash_groups(out);
    bash_commands(out);
    text_str(out, "    esac\n"
                  "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                  "}\n"
                  "complete -o default -F _s3dock s3dock\n");
}

/* zsh runs bash's function through its own adapter. The script can be sourced, or be a file _s3dock
 * in a folder of $fpath: then zsh runs it at the first completion, and it completes at its end. */
static void zsh_script(struct text *out)
{
    text_str(out, "#compdef s3dock\n"
                  "# zsh completion for s3dock\n"
                  "(( $+functions[compdef] )) || { autoload -U +X compinit && compinit }\n"
                  "autoload -U +X bashcompinit && bashcompinit\n");
    bash_script(out);
    text_str(out, "[[ ${funcstack[1]} != _s3dock ]] || _bash_complete -o default -F _s3dock\n");
}

static void fish_quoted(struct text *out, const char *words)
{
    text_char(out, '\'');
    for (; *words; words++) {
        if (*words == '\'' || *words == '\\')
            text_char(out, '\\');
        text_char(out, *words);
    }
    text_char(out, '\'');
}

static void fish_commands(struct text *out)
{
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        const struct command *command = &command_table[i];
        const char *space = strchr(command->name, ' ');

        if (space)
            text_printf(out,
                        "complete -c s3dock -n '__fish_seen_subcommand_from %.*s' -f -a %s -d ",
                        (int)(space - command->name), command->name, space + 1);
        else
            text_printf(out, "complete -c s3dock -n __fish_use_subcommand -f -a %s -d ",
                        command->name);
        fish_quoted(out, command->summary);
        text_char(out, '\n');
    }
}

static void fish_option(struct text *out, const struct option *option)
{
    text_printf(out, "complete -c s3dock -l %s", option->name);
    if (option->letter)
        text_printf(out, " -s %c", option->letter);
    if (option->commands) {
        text_str(out, " -n '__fish_seen_subcommand_from");
        for (unsigned i = 0; i < COMMAND_COUNT; i++) {
            const char *space = strchr(command_table[i].name, ' ');

            if (option_fits(option, i))
                text_printf(out, " %s", space ? space + 1 : command_table[i].name);
        }
        text_char(out, '\'');
    }
    if (option_takes_value(option))
        text_str(out, option->words ? " -x -a '" : " -r");
    if (option_takes_value(option) && option->words) {
        print_choices(out, option->words);
        text_char(out, '\'');
    }
    text_str(out, " -d ");
    fish_quoted(out, option->help);
    text_char(out, '\n');
}

static void fish_script(struct text *out)
{
    text_str(out, "# fish completion for s3dock\n");
    fish_commands(out);
    for (unsigned id = 0; id < OPTION_COUNT; id++)
        if (has_flag(&option_table[id]))
            fish_option(out, &option_table[id]);
}

int cmd_completion(struct cli *cli, struct err *err)
{
    const char *shell = cli->args->operands[0];
    struct text *out = &cli->output.lines;

    if (!strcmp(shell, "bash"))
        bash_script(out);
    else if (!strcmp(shell, "zsh"))
        zsh_script(out);
    else if (!strcmp(shell, "fish"))
        fish_script(out);
    else
        return err_set(err, ERR_USAGE, "arguments",
                       "no completion for \"%s\": use bash, zsh or fish", shell);
    return 0;
}
