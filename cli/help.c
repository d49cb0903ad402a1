/*
 * Prints the tables of commands and options in columns, as paragraphs, and as roff.
 */
#include "cli/help.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/command.h"
#include "cli/settings/option.h"
#include "cli/version.h"

#define WIDTH             80
#define FLAG_COLUMN       26
#define ROW_START(column) (2 + (size_t)(column) + 1)
#define EXAMPLE_INDENT    "      "

static const struct exit_code {
    const char *code, *meaning;
} exit_codes[] = {
    {"0", "success, or nothing to do"},
    {"1", "any other error"},
    {"2", "wrong arguments or configuration"},
    {"3", "no such image, tag, environment or bucket"},
    {"4", "credentials are missing, expired or refused"},
    {"5", "network or server error; the same command may succeed later"},
    {"6", "data is damaged"},
    {"7", "a signature is missing or wrong, or its signer may not sign"},
    {"8", "conflict: the object exists, or another client changed it"},
    {"9", "local error: disk, memory, permissions"},
    {"10", "Docker cannot be reached, or refused the request"},
    {"11", "a deployment failed; the old container, if any, serves"},
    {"12", "the server or Docker does not support the request"},
    {"13", "a deployment failed; nothing serves"},
    {"130, 143", "interrupted by SIGINT, SIGTERM"},
    {"141", "the reader of standard output closed it (SIGPIPE)"},
};

static bool in_group(const char *name, const char *group)
{
    size_t size = strlen(group);

    return !strncmp(name, group, size) && name[size] == ' ';
}

static void print_row(struct text *out, const char *left, int column, const char *right)
{
    text_printf(out, "  %-*s %s\n", column, left, right);
}

/* Formats "(auto|path|virtual; default: auto)": the words and the default, if there are any. */
static const char *values_of(const struct option *option, char out[96])
{
    const char *words = option->kind == OPTION_CHOICE ? option->words : NULL;
    const char *fallback = option_takes_value(option) ? option->fallback : NULL;

    out[0] = '\0';
    if (words || fallback)
        snprintf(out, 96, "(%s%s%s%s)", words ? words : "", words && fallback ? "; " : "",
                 fallback ? "default: " : "", fallback ? fallback : "");
    return out;
}

static void print_flag(struct text *out, const struct option *option)
{
    char letter[8] = "    ", flag[64], values[96], words[160];
    bool fits;

    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(flag, sizeof flag, "%s--%s%s%s", letter, option->name, option->argument ? " " : "",
             option->argument ? option->argument : "");
    values_of(option, values);
    fits = ROW_START(FLAG_COLUMN) + strlen(option->help) + 1 + strlen(values) <= WIDTH;
    snprintf(words, sizeof words, "%s%s%s", option->help, fits && values[0] ? " " : "",
             fits ? values : "");
    print_row(out, flag, FLAG_COLUMN, words);
    if (!fits && values[0])
        print_row(out, "", FLAG_COLUMN, values);
}

static void print_command(struct text *out, const struct command *command)
{
    char call[64];

    snprintf(call, sizeof call, "%s %s", command->name, command->operands);
    print_row(out, call, FLAG_COLUMN, command->summary);
}

static void print_commands(struct text *out)
{
    const char *group = "";

    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(command_table[i].group, group) != 0)
            text_printf(out, "%s%s:\n", i ? "\n" : "", command_table[i].group);
        group = command_table[i].group;
        print_command(out, &command_table[i]);
    }
    text_char(out, '\n');
}

/* A line of .examples: a call and, after a tab, its description. Both are lengths in bytes. */
struct example {
    int call, words;
    const char *description; /* "" if the line has no tab */
    const char *next;
};

static struct example example_at(const char *line)
{
    size_t size = strcspn(line, "\n"), call = strcspn(line, "\t\n");

    return (struct example){
        .call = (int)call,
        .words = call < size ? (int)(size - call - 1) : 0,
        .description = call < size ? line + call + 1 : "",
        .next = line + size + (line[size] == '\n'),
    };
}

static void print_example(struct text *out, const char *line, const struct example *example)
{
    int call = example->call, words = example->words;

    if (!words)
        text_printf(out, "  %.*s\n", call, line);
    else if (call + 4 + words < WIDTH)
        text_printf(out, "  %.*s%*s  %.*s\n", call, line,
                    call < 44 && 44 + 4 + words < WIDTH ? 44 - call : 0, "", words,
                    example->description);
    else
        text_printf(out, "  %.*s\n" EXAMPLE_INDENT "%.*s\n", call, line, words,
                    example->description);
}

static void print_examples(struct text *out, const char *lines)
{
    text_str(out, "Examples:\n");
    while (*lines) {
        struct example example = example_at(lines);

        print_example(out, lines, &example);
        lines = example.next;
    }
    text_char(out, '\n');
}

/* The three lists of flags. */
enum flags { FLAGS_OWN, FLAGS_COMMON, FLAGS_S3 };

static enum flags list_of(const struct option *option)
{
    return option->s3 ? FLAGS_S3 : option->commands ? FLAGS_OWN : FLAGS_COMMON;
}

static void print_flags(struct text *out, const char *title, enum command_id command,
                        enum flags list)
{
    text_printf(out, "%s:\n", title);
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        const struct option *option = &option_table[id];

        if (!option->no_flag && list_of(option) == list && option_fits(option, command))
            print_flag(out, option);
    }
    text_char(out, '\n');
}

static bool has_own_flags(enum command_id command)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++)
        if (option_table[id].commands && option_fits(&option_table[id], command))
            return true;
    return false;
}

void help_general(struct text *out)
{
    text_str(out, "s3dock: Docker images in a bucket, without a registry\n\n"
                  "Usage: s3dock COMMAND [ARGUMENTS] [FLAGS]\n\n");
    print_examples(out, "s3dock config init\twrite a configuration, then name the bucket in it\n"
                        "s3dock push myapp:20250721-2118-f7a5a27\tupload an image\n"
                        "s3dock pull myapp:20250721-2118-f7a5a27\tdownload it on another host\n");
    print_commands(out);
    print_flags(out, "Flags of every command", CMD_NONE, FLAGS_COMMON);
    print_flags(out, "Flags of every command that uses S3", CMD_NONE, FLAGS_S3);
    text_str(out, "More: s3dock help COMMAND, and s3dock man for the manual page.\n\n"
                  "Environment: most flags have a variable, such as S3DOCK_BUCKET for --bucket.\n"
                  "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are the credentials. Precedence:\n"
                  "flag, environment, configuration file, default. Exception: a profile that you\n"
                  "select by name has precedence over AWS_* variables.\n\n"
                  "Exit codes:\n");
    for (size_t i = 0; i < ARRAY_SIZE(exit_codes); i++)
        print_row(out, exit_codes[i].code, 9, exit_codes[i].meaning);
}

void help_command(enum command_id id, struct text *out)
{
    const struct command *command = &command_table[id];

    text_printf(out, "s3dock %s: %s\n\nUsage: s3dock %s%s%s [FLAGS]\n\n", command->name,
                command->summary, command->name, *command->operands ? " " : "", command->operands);
    print_examples(out, command->examples);
    if (*command->details)
        text_printf(out, "%s\n", command->details);
    if (has_own_flags(id))
        print_flags(out, "Flags", id, FLAGS_OWN);
    print_flags(out, "Flags of every command", id, FLAGS_COMMON);
    text_str(out, "More: s3dock help, which also lists the flags for S3\n");
}

void help_group(const char *group, struct text *out)
{
    text_printf(out, "Usage: s3dock %s COMMAND [ARGUMENTS] [FLAGS]\n\nCommands:\n", group);
    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        if (in_group(command_table[i].name, group))
            print_command(out, &command_table[i]);
    text_printf(out, "\nMore: s3dock help %s COMMAND\n", group);
}

/* Escapes what roff would read as a command: backslashes, and dots and quotes at the start of a
 * line. */
static void roff_size(struct text *out, const char *words, size_t size)
{
    bool start = true;

    for (size_t i = 0; i < size; i++) {
        if (start && (words[i] == '.' || words[i] == '\''))
            text_str(out, "\\&");
        if (words[i] == '\\')
            text_str(out, "\\e");
        else if (words[i] == '-')
            text_str(out, "\\-");
        else
            text_char(out, words[i]);
        start = words[i] == '\n';
    }
}

static void roff(struct text *out, const char *words)
{
    roff_size(out, words, strlen(words));
}

/* Writes a line that ends with one dot, also if the words end with an ellipsis. */
static void roff_sentence(struct text *out, const char *words)
{
    size_t size = strlen(words);

    roff_size(out, words, size);
    text_str(out, size && words[size - 1] == '.' ? "\n" : ".\n");
}

/* Names the commands that have the option. */
static void man_commands(struct text *out, const struct option *option)
{
    const char *between = "Of ";

    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        if (!option_fits(option, i))
            continue;
        text_str(out, between);
        roff(out, command_table[i].name);
        between = ", ";
    }
    text_str(out, ".\n");
}

static void man_option(struct text *out, const struct option *option)
{
    text_str(out, ".TP\n");
    if (option->letter)
        text_printf(out, "\\fB\\-%c\\fR, ", option->letter);
    text_str(out, option->no_flag ? "\\fB" : "\\fB\\-\\-");
    roff(out, option->name);
    text_str(out, "\\fR");
    if (option->argument)
        text_printf(out, " \\fI%s\\fR", option->argument);
    text_char(out, '\n');
    roff_sentence(out, option->help);
    if (option->words) {
        text_str(out, option->kind == OPTION_CHOICE ? "One of " : "Also ");
        roff(out, option->words);
        text_str(out, ".\n");
    }
    if (option->fallback && option_takes_value(option)) {
        text_str(out, "Default: ");
        roff(out, option->fallback);
        text_str(out, ".\n");
    }
    for (unsigned i = 0; i < 3; i++) {
        const char *name = i ? option->ambient[i - 1] : option->env;

        if (name)
            text_printf(out, "Variable: \\fB%s\\fR.\n", name);
    }
    if (option->key) {
        text_str(out, "Key: ");
        roff(out, option->key);
        text_printf(out, "%s%s.\n", option->also ? ", or " : "", option->also ? option->also : "");
    }
    if (option->commands)
        man_commands(out, option);
}

static void man_command(struct text *out, const struct command *command)
{
    const char *line = command->examples;

    text_str(out, ".SS s3dock ");
    roff(out, command->name);
    if (*command->operands)
        text_char(out, ' ');
    roff(out, command->operands);
    text_char(out, '\n');
    text_printf(out, "%c", toupper((unsigned char)command->summary[0]));
    roff(out, command->summary + 1);
    text_str(out, *command->details ? ".\n.PP\n" : ".\n");
    roff(out, command->details);
    while (*line) {
        struct example example = example_at(line);

        text_str(out, ".PP\n.RS\n");
        roff_size(out, line, (size_t)example.call);
        text_str(out, "\n.RE\n");
        line = example.next;
    }
}

void help_man(struct text *out)
{
    int date = isdigit((unsigned char)S3DOCK_DATE[0]) ? 10 : 0; /* of the commit, if it is known */

    text_printf(out, ".TH S3DOCK 1 \"%.*s\" \"s3dock %s\" \"User Commands\"\n", date, S3DOCK_DATE,
                S3DOCK_VERSION);
    text_str(out, ".SH NAME\ns3dock \\- Docker images in a bucket, without a registry\n"
                  ".SH SYNOPSIS\n.B s3dock\n.I COMMAND\n[\\fIARGUMENTS\\fR] [\\fIFLAGS\\fR]\n"
                  ".SH COMMANDS\n");
    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        man_command(out, &command_table[i]);
    text_str(out, ".SH OPTIONS\nFlags may be anywhere before \\-\\-. Precedence: flag, "
                  "environment, configuration file, default. Exception: a profile that you select "
                  "by name has precedence over AWS_* variables.\n");
    for (unsigned id = 0; id < OPTION_COUNT; id++)
        man_option(out, &option_table[id]);
    text_str(out, ".SH FILES\nThe first that exists is read: ./s3dock.json5, "
                  "~/.s3dock/config.json5, /etc/s3dock/config.json5.\n.SH EXIT STATUS\n");
    for (size_t i = 0; i < ARRAY_SIZE(exit_codes); i++)
        text_printf(out, ".TP\n.B %s\n%s\n", exit_codes[i].code, exit_codes[i].meaning);
}
