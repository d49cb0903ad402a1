/*
 * s3dock - the command line. Take the line apart, resolve the configuration, run the command, print
 * what it says.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/help.h"
#include "cli/print/hints.h"
#include "cli/signals.h"
#include "flow/silence.h"

#define LAST_WORDS_MAX 1024

static const char *environment(const char *name)
{
    return getenv(name);
}

static void set_up_output(struct cli *cli)
{
    const struct config *config = &cli->config;
    uint64_t level = config_number(config, OPT_LOG_LEVEL);

    cli->output.json = config_switch(config, OPT_JSON);
    cli->output.quiet = config_switch(config, OPT_QUIET);
    if (config_switch(config, OPT_NO_COLOR))
        cli->output.color = false;
    if (cli->output.json && config->settings[OPT_LOG_LEVEL].origin <= ORIGIN_FILE)
        level = LOG_OFF;
    log_set_level((enum log_level)level);
    log_set_notes(!cli->output.quiet);
    silence_set_after((int64_t)config_number(config, OPT_TELL_AFTER) * NS_PER_MS);
}

static void print_warnings(struct cli *cli)
{
    char *line = cli->config.warnings.data, *end;

    for (; (end = strchr(line, '\n')); line = end + 1)
        output_warn(&cli->output, "%.*s", (int)(end - line), line);
}

/* The file may come from somebody else, so its use is always printed. */
static void tell_file(struct cli *cli)
{
    const struct config_file *file = &cli->config.file;

    if (file->path[0] && file->place == CONFIG_FOLDER)
        output_notice(&cli->output, "using the configuration %s of the current folder", file->path);
}

/* Whether a transfer that is cut off leaves something to go on with. */
static bool keeps_what_has_arrived(const struct cli *cli)
{
    const struct config *config = &cli->config;
    enum command_id command = cli->args->command;

    return (command == CMD_PUSH || command == CMD_PULL) && config_switch(config, OPT_RESUME) &&
           !config_switch(config, OPT_NO_RESUME);
}

/* Said when a signal has to end the program where it stands: before the configuration is known, and
 * after. */
static void prepare_last_words(const struct cli *cli, char words[LAST_WORDS_MAX])
{
    struct output output;
    struct text text;
    struct err err;
    struct view view;

    err_set(&err, ERR_CANCELLED, "signal", "stopped immediately, without cleaning up");
    err_hint(&err,
             keeps_what_has_arrived(cli)
                 ? "transferred data is kept: run the same command again to continue"
                 : "no unfinished object is visible in the bucket: run the same command again");
    output_init(&output, cli->output.json);
    text_init(&text, LAST_WORDS_MAX);
    output.command = cli->output.command;
    output_error_text(&err, false, &text);
    view = output.json ? output_envelope(&output, &err) : text_view(&text);
    if (view.size < LAST_WORDS_MAX) {
        memcpy(words, view.data, view.size);
        signals_last_words(output.json ? STDOUT_FILENO : STDERR_FILENO, view_of(words, view.size));
    }
    text_finish(&text);
    output_finish(&output);
}

static int run_command(struct cli *cli, struct err *err)
{
    static char words[LAST_WORDS_MAX];
    const struct command *command = &command_table[cli->args->command];

    cli->output.command = command->name;
    if (config_load(&cli->config, cli->args, environment, command->no_file, err))
        return ERR_FAIL;
    set_up_output(cli);
    prepare_last_words(cli, words);
    tell_file(cli);
    print_warnings(cli);
    return command_functions[cli->args->command](cli, err);
}

/* --help and --version stand for commands. */
static int run(struct cli *cli, struct args *args, struct err *err)
{
    if (args->values[OPT_HELP] && args->command != CMD_NONE) {
        cli->output.command = "help";
        help_command(args->command, &cli->output.lines);
        return 0;
    }
    if (args->values[OPT_HELP])
        args->command = CMD_HELP;
    else if (args->values[OPT_VERSION])
        args->command = CMD_VERSION;
    return run_command(cli, err);
}

/* The command's name for the envelope, as far as it was understood. */
static const char *name_of(const struct args *args)
{
    if (args->command != CMD_NONE)
        return command_table[args->command].name;
    return args->operand_count ? args->operands[0] : "";
}

/* A standard stream that we were started without stays one that fails: the next file to be opened
 * would get its number otherwise, and our words with it. */
static void guard_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", fcntl(STDIN_FILENO, F_GETFD) < 0 ? O_WRONLY : O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* Keys are in our memory: no core dump of it, and no look at it by other processes of the user.
 * A program that we start is not affected. The leak sanitizer needs that look. */
static void guard_memory(void)
{
#ifdef S3DOCK_HARDENED
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

int main(int argc, char **argv)
{
    static char words[LAST_WORDS_MAX];
    struct cli cli = {0};
    struct args args;
    struct err err;
    bool json = args_wants_json(argc, argv);
    int failed, code;

    if (!json && getenv("S3DOCK_JSON"))
        option_read_switch(getenv("S3DOCK_JSON"), &json);
    guard_memory();
    guard_streams();
    cancel_init(&cli.cancel);
    signals_install(&cli.cancel);
    output_init(&cli.output, json);
    cli.args = &args;
    failed = command_line_parse(argc, argv, &args, &err);
    cli.output.command = name_of(&args);
    prepare_last_words(&cli, words);
    if (!failed)
        failed = run(&cli, &args, &err);
    if (failed)
        hints_add(&err);
    if (failed && err.family == ERR_CANCELLED && !err.hint[0])
        err_hint(&err, "no unfinished result is visible: run the same command again");
    code = output_end(&cli.output, failed ? &err : NULL, atomic_load(&cli.cancel.signal));
    config_finish(&cli.config);
    output_finish(&cli.output);
    if (code == OUTPUT_UNREAD)
        signals_die_of(SIGPIPE);
    return code;
}
