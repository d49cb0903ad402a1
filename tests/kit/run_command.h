/*
 * run_command - runs a whole command line in a folder of its own, without variables of the user.
 *
 * Tests use RUN(json, words...), then `said` (the output) and `err`.
 */
#ifndef S3DOCK_TESTS_KIT_RUN_COMMAND_H
#define S3DOCK_TESTS_KIT_RUN_COMMAND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/credentials.h"

static const char *const variables[] = {
    "AWS_REGION",          "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID",  "AWS_SECRET_ACCESS_KEY",
    "S3DOCK_BUCKET",       "S3DOCK_PROFILE",     "S3DOCK_CONFIG",
    "S3DOCK_ENDPOINT",     "S3DOCK_DOCKER_HOST", "S3DOCK_DOCKER_CONTEXT",
    "DOCKER_HOST",         "DOCKER_CONTEXT",     "HOME"};

/* Makes the folder of a test, and enters it. */
static inline int run_setup(void **state)
{
    char *folder = strdup("/tmp/s3dock-test-XXXXXX");

    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        unsetenv(variables[i]);
    *state = folder;
    umask(022); /* a file that others can write is refused */
    return folder && mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

/* Fails if the test leaves more than the configuration file. */
static inline int run_teardown(void **state)
{
    unlink("s3dock.json5");
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(*state), 0);
    free(*state);
    return 0;
}

static inline const char *run_environment(const char *name)
{
    return getenv(name);
}

static struct text said;
static struct err err;
static unsigned run_columns; /* of the terminal; 0: none */

/* Runs a command line. `said` is its output in the requested form. */
static inline int run(bool json, const char *const words[])
{
    struct args args;
    struct cli cli = {.args = &args};
    char *argv[24] = {(char *)"s3dock"};
    int argc = 1, failed;

    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    assert_int_equal(command_line_parse(argc, argv, &args, &err), 0);
    output_init(&cli.output, json);
    cli.output.quiet = true;
    cli.output.columns = run_columns;
    cli.output.command = command_table[args.command].name;
    failed = command_line_config(&cli.config, &args, run_environment, &err) ||
             command_functions[args.command](&cli, &err);
    text_finish(&said);
    text_init(&said, MIB);
    if (cli.output.json) {
        struct view envelope = output_envelope(&cli.output, failed ? &err : NULL);

        text_add(&said, envelope.data, envelope.size);
    } else {
        text_str(&said, cli.output.lines.data);
    }
    credentials_close(&cli);
    config_finish(&cli.config);
    output_finish(&cli.output);
    return failed ? ERR_FAIL : 0;
}

#define RUN(json, ...) run(json, (const char *const[]){__VA_ARGS__, NULL})

static inline int run_forget(void **state)
{
    (void)state;
    text_finish(&said);
    return 0;
}

static inline void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, run_setup, run_teardown)

#endif
