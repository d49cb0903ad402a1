/*
 * Prints scripts for bash, zsh and fish from the tables of commands and options. The possible words
 * depend on the command before the cursor; values of a choice depend on the flag.
 */
#include <ctype.h>
#include <stdio.h>
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

/* Returns whether the operand is one of some words, and not REF|APP ENV|VERSION. */
static bool is_choice(const char *operands)
{
    return islower((unsigned char)operands[0]) && strchr(operands, '|');
}

/* Prints the pattern of a command, and of its other spelling. */
static void bash_pattern(struct text *out, const char *name)
{
    text_printf(out, "        \"%s \"*", name);
    if (!strcmp(name, "list envs"))
        text_str(out, " | \"list environments \"*");
    text_str(out, ") ");
}

/* Prints a case arm for every command: "config show "*) words='' flags=... ;; */
static void bash_commands(struct text *out)
{
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        const struct command *command = &command_table[i];

        bash_pattern(out, command->name);
        if (is_choice(command->operands)) {
            text_str(out, "words=\"");
            print_choices(out, command->operands);
            text_str(out, "\" ");
        } else if (strstr(command->operands, "FILE")) {
            text_str(out, "files=yes ");
        }
        text_str(out, "flags=\"");
        flag_words(out, i);
        text_str(out, "\" ;;\n");
    }
}

/* Prints the second words of a group. */
static void group_words(struct text *out, const char *group, size_t size, const char *separator)
{
    const char *between = "";

    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        const char *name = command_table[i].name;

        if (strncmp(name, group, size) != 0 || name[size] != ' ')
            continue;
        text_printf(out, "%s%s", between, name + size + 1);
        between = separator;
    }
}

/* Returns the length of the group that begins with the command; 0: none does. */
static size_t group_begins(unsigned i)
{
    const char *name = command_table[i].name;
    size_t size = strcspn(name, " ");

    if (!name[size] || (i && !strncmp(command_table[i - 1].name, name, size + 1)))
        return 0;
    return size;
}

static void bash_groups(struct text *out)
{
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        const char *name = command_table[i].name;
        int size = (int)group_begins(i);

        if (!size)
            continue;
        text_printf(out, "        \"%.*s \" | \"help %.*s \") words=\"", size, name, size, name);
        group_words(out, name, (size_t)size, " ");
        text_str(out, "\" ;;\n");
    }
}

/* Prints the case arms for the flags whose values are words. `stem` is the flag and the equals sign
 * of a shell that has both in one word. */
static void bash_values(struct text *out)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        const struct option *option = &option_table[id];

        if (!has_flag(option) || !option_takes_value(option) || !option->words)
            continue;
        text_printf(out, "        --%s", option->name);
        if (option->letter)
            text_printf(out, " | -%c", option->letter);
        text_str(out, ") COMPREPLY=($(compgen -P \"$stem\" -W \"");
        print_choices(out, option->words);
        text_str(out, "\" -- \"$cur\")); return ;;\n");
    }
}

/* Prints --bucket | -b | --region...: the flags whose next word is their value. */
static void value_flags(struct text *out, const char *separator)
{
    const char *between = "";

    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        const struct option *option = &option_table[id];

        if (!has_flag(option) || !option_takes_value(option))
            continue;
        text_printf(out, "%s--%s", between, option->name);
        between = separator;
        if (option->letter)
            text_printf(out, "%s-%c", separator, option->letter);
    }
}

/* Prints how the function finds the word to complete, and the flag before it. bash splits words at
 * = and : (COMP_WORDBREAKS), zsh does not. */
static void bash_cursor(struct text *out)
{
    text_str(out, "# bash completion for s3dock\n"
                  "_s3dock() {\n"
                  "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                  "    local line='' words='' flags='' files='' stem='' i\n"
                  "    COMPREPLY=()\n"
                  "    if [[ $cur == --*=* ]]; then\n"
                  "        prev=${cur%%=*}\n"
                  "        stem=\"$prev=\"\n"
                  "        cur=${cur#*=}\n"
                  "    elif [[ $cur == '=' ]]; then\n"
                  "        cur=''\n"
                  "    elif [[ $prev == '=' ]]; then\n"
                  "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
                  "    fi\n"
                  "    case $prev in\n");
    bash_values(out);
    text_str(out, "        ");
    value_flags(out, " | ");
    text_str(out, ") return ;;\n"
                  "    esac\n");
}

/* Prints how the function finds the words before the cursor, without flags and their values. */
static void bash_line(struct text *out)
{
    text_str(out, "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                  "        case ${COMP_WORDS[i]} in\n"
                  "            --) return ;;\n"
                  "            ");
    value_flags(out, " | ");
    text_str(out, ") [[ ${COMP_WORDS[i+1]} == '=' ]] || i=$((i + 1)) ;;\n"
                  "            [=:]*) i=$((i + 1)) ;;\n"
                  "            -*) ;;\n"
                  "            *) line+=\"${COMP_WORDS[i]} \" ;;\n"
                  "        esac\n"
                  "    done\n");
}

/* If the function finds no word, the shell completes the names of files. */
static void bash_script(struct text *out)
{
    bash_cursor(out);
    bash_line(out);
    text_str(out, "    case $line in\n"
                  "        '' | 'help ') words=\"");
    command_words(out);
    text_str(out, "\" flags=\"");
    flag_words(out, CMD_HELP);
    text_str(out, "\" ;;\n");
    bash_groups(out);
    bash_commands(out);
    text_str(out, "    esac\n"
                  "    [[ $cur != -* && -n $words$files ]] || words=$flags\n"
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

/* Prints the functions of the conditions. The line is the words before the cursor, without flags
 * and their values. */
static void fish_functions(struct text *out)
{
    text_str(out, "function __s3dock_line\n"
                  "    set -l value no\n"
                  "    set -l line\n"
                  "    set -l words (commandline -opc)\n"
                  "    set -e words[1]\n"
                  "    for word in $words\n"
                  "        if test $value = yes\n"
                  "            set value no\n"
                  "            continue\n"
                  "        end\n"
                  "        switch $word\n"
                  "            case ");
    value_flags(out, " ");
    text_str(out, "\n"
                  "                set value yes\n"
                  "            case '-*'\n"
                  "            case '*'\n"
                  "                set -a line $word\n"
                  "        end\n"
                  "    end\n"
                  "    string replace -r '^list environments' 'list envs' -- \"$line\"\n"
                  "end\n"
                  "function __s3dock_is\n"
                  "    contains -- (__s3dock_line) $argv\n"
                  "end\n"
                  "function __s3dock_begins\n"
                  "    set -l line (__s3dock_line)\n"
                  "    for command in $argv\n"
                  "        string match -q -- \"$command *\" \"$line \"; and return 0\n"
                  "    end\n"
                  "    return 1\n"
                  "end\n");
}

/* Prints a word and its description. It is completed after the line `first`, and after `second`. */
static void fish_word(struct text *out, const char *first, const char *second, const char *word,
                      int size)
{
    text_printf(out, "complete -c s3dock -n '__s3dock_is \"%s\" \"%s\"' -f -a %.*s -d ", first,
                second, size, word);
}

static void fish_command(struct text *out, unsigned i)
{
    const struct command *command = &command_table[i];
    size_t size = strcspn(command->name, " ");
    char group[32], help[40];

    if (!command->name[size]) {
        fish_word(out, "", "help", command->name, (int)size);
        fish_quoted(out, command->summary);
        text_char(out, '\n');
        return;
    }
    if (group_begins(i)) {
        fish_word(out, "", "help", command->name, (int)size);
        text_char(out, '\'');
        group_words(out, command->name, size, ", ");
        text_str(out, "'\n");
    }
    snprintf(group, sizeof group, "%.*s", (int)size, command->name);
    snprintf(help, sizeof help, "help %s", group);
    fish_word(out, group, help, command->name + size + 1, (int)strlen(command->name + size + 1));
    fish_quoted(out, command->summary);
    text_char(out, '\n');
}

static void fish_choice(struct text *out, const struct command *command)
{
    if (!is_choice(command->operands))
        return;
    text_printf(out, "complete -c s3dock -n '__s3dock_is \"%s\"' -f -a '", command->name);
    print_choices(out, command->operands);
    text_str(out, "'\n");
}

static void fish_option(struct text *out, const struct option *option)
{
    text_printf(out, "complete -c s3dock -l %s", option->name);
    if (option->letter)
        text_printf(out, " -s %c", option->letter);
    if (option->commands) {
        text_str(out, " -n '__s3dock_begins");
        for (unsigned i = 0; i < COMMAND_COUNT; i++)
            if (option_fits(option, i))
                text_printf(out, " \"%s\"", command_table[i].name);
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
    fish_functions(out);
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        fish_command(out, i);
        fish_choice(out, &command_table[i]);
    }
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
