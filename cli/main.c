/*
 * Parses the command line, resolves the configuration, runs the command, and prints its result or
 * its error.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/credentials.h"
#include "cli/help.h"
#include "cli/print/hints.h"
#include "cli/signals.h"
#include "flow/silence.h"
#include "os/process.h"

#define LAST_WORDS_MAX 1024

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
    if (cli->output.quiet && config->settings[OPT_LOG_LEVEL].origin <= ORIGIN_DEFAULT)
        level = LOG_ERROR;
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

/* Another user may have written the file, so its use is always printed. */
static void print_config_file(struct cli *cli)
{
    const struct config_file *file = &cli->config.file;

    if (file->path[0] && file->place == CONFIG_FOLDER)
        output_notice(&cli->output, "using the configuration %s of the current folder", file->path);
}

/* Returns whether an interrupted transfer can be resumed. */
static bool is_resumable(const struct cli *cli)
{
    const struct config *config = &cli->config;
    enum command_id command = cli->args->command;

    return (command == CMD_PUSH || command == CMD_PULL) && config_switch(config, OPT_RESUME) &&
           !config_switch(config, OPT_NO_RESUME);
}

static bool is_deployment(const struct cli *cli)
{
    return cli->args->command == CMD_DEPLOY || cli->args->command == CMD_WATCH;
}

/* Returns the hint of a command that a signal stopped without cleaning up. */
static const char *hint_of_stop(const struct cli *cli)
{
    if (is_deployment(cli))
        return "the same command completes the deployment, or takes it back";
    return is_resumable(cli)
               ? "transferred data is kept: run the same command again to continue"
               : "no unfinished object is visible in the bucket: run the same command again";
}

/* Prepares the message that is printed if a signal must end the program immediately. Called before
 * the configuration is known, and after. */
static void prepare_last_words(const struct cli *cli, char message[LAST_WORDS_MAX])
{
    struct output output;
    struct text text;
    struct err err;
    struct view view;

    err_set(&err, ERR_CANCELLED, "signal", "stopped immediately, without cleaning up");
    err_hint(&err, "%s", hint_of_stop(cli));
    output_init(&output, cli->output.json);
    text_init(&text, LAST_WORDS_MAX);
    output.command = cli->output.command;
    output_error_text(&err, false, &text);
    view = output.json ? output_envelope(&output, &err) : text_view(&text);
    if (view.size < LAST_WORDS_MAX) {
        memcpy(message, view.data, view.size);
        signals_last_words(output.json ? STDOUT_FILENO : STDERR_FILENO,
                           view_of(message, view.size));
    }
    text_finish(&text);
    output_finish(&output);
}

static int run_command(struct cli *cli, struct err *err)
{
    static char message[LAST_WORDS_MAX];

    cli->output.command = command_table[cli->args->command].name;
    if (command_line_config(&cli->config, cli->args, config_environment, err))
        return ERR_FAIL;
    set_up_output(cli);
    prepare_last_words(cli, message);
    print_config_file(cli);
    print_warnings(cli);
    return command_functions[cli->args->command](cli, err);
}

/* Runs the command. --help and --version replace it. */
static int dispatch(struct cli *cli, struct args *args, struct err *err)
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

/* Returns the name of the command for the envelope, or the unknown word. */
static const char *command_name(const struct args *args)
{
    if (args->command != CMD_NONE)
        return command_table[args->command].name;
    return args->operand_count ? args->operands[0] : "";
}

/* Opens closed standard streams, so that no other file gets their numbers and our output. Reading
 * and writing such a stream fails. */
static void guard_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", fcntl(STDIN_FILENO, F_GETFD) < 0 ? O_WRONLY : O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* Forbids core dumps and the debugging of this process, because its memory has keys. Programs that
 * it starts are not affected. The leak sanitizer must be able to debug. */
static void guard_memory(void)
{
#ifdef S3DOCK_HARDENED
    os_process_guard();
#endif
}

/* Reads a switch that errors of the command line and of the configuration obey, too. */
static bool early_switch(int argc, char *const *argv, enum option_id id)
{
    return args_early_switch(argc, argv, id, config_environment(option_table[id].env));
}

int main(int argc, char **argv)
{
    static char message[LAST_WORDS_MAX];
    struct cancel cancel;
    struct cli cli = {.cancel = &cancel};
    struct args args;
    struct err err;
    int failed, code;

    guard_memory();
    guard_streams();
    cancel_init(&cancel);
    signals_install(&cancel);
    output_init(&cli.output, early_switch(argc, argv, OPT_JSON));
    if (early_switch(argc, argv, OPT_NO_COLOR))
        cli.output.color = false;
    cli.args = &args;
    failed = command_line_parse(argc, argv, &args, &err);
    cli.output.command = command_name(&args);
    prepare_last_words(&cli, message);
    if (!failed)
        failed = dispatch(&cli, &args, &err);
    if (failed)
        hints_add(&err);
    if (failed && err.family == ERR_CANCELLED && !err.hint[0])
        err_hint(&err, "%s",
                 is_deployment(&cli)
                     ? hint_of_stop(&cli)
                     : "no unfinished result is visible: run the same command again");
    code = output_end(&cli.output, failed ? &err : NULL, atomic_load(&cancel.signal));
    credentials_close(&cli);
    config_finish(&cli.config);
    output_finish(&cli.output);
    if (code == OUTPUT_UNREAD)
        signals_die_of(SIGPIPE);
    return code;
}
