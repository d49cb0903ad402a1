/*
 * A layer above flow/program: environment, limit, and the last line of the errors.
 */
#include "deploy/traffic/traffic_program.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "deploy/traffic/driver.h"
#include "flow/program.h"
#include "flow/run.h"

#define VARIABLES_MAX 16
#define ERRORS_MAX    (4 * KIB) /* its end is kept */

/* The inherited environment with the variables of the program. The caller frees the array. */
static char **make_environment(const char *const *variables, struct err *err)
{
    const char *changes[VARIABLES_MAX + 3] = {PROGRAM_NO_NOTIFY};
    unsigned count = 2;
    char **environment;

    for (; variables && *variables && count < VARIABLES_MAX + 2; variables++)
        changes[count++] = *variables;
    environment = run_environment(changes);
    if (!environment)
        err_memory(err, "the environment of a program");
    return environment;
}

static void copy_last_line(struct text *errors, char last[256])
{
    const char *start;

    while (errors->size && strchr("\r\n ", errors->data[errors->size - 1]))
        text_cut(errors, errors->size - 1);
    start = strrchr(errors->data, '\n');
    snprintf(last, 256, "%s", start ? start + 1 : errors->data);
}

int traffic_program_run(const struct traffic *traffic, const struct traffic_program *program,
                        int *code, char last[256], struct err *err)
{
    _cleanup_text_ struct text errors = {0};
    char **environment = make_environment(program->variables, err);
    int failed;

    last[0] = '\0';
    if (!environment)
        return ERR_FAIL;
    text_init(&errors, ERRORS_MAX);
    failed = program_run(&(struct program){.argv = (const char *const *)program->argv,
                                           .env = environment,
                                           .limit = traffic->context.limit,
                                           .output = program->output,
                                           .errors = &errors,
                                           .keep_end = true,
                                           .family = ERR_DEPLOY,
                                           .code = CODE_SWITCH,
                                           .cancel = traffic->context.cancel},
                         code, err);
    free(environment);
    if (failed == 0)
        copy_last_line(&errors, last);
    return failed;
}

int traffic_program_must(const struct traffic *traffic, const struct traffic_program *program,
                         struct err *err)
{
    char last[256];
    int code = 0;

    if (traffic_program_run(traffic, program, &code, last, err) < 0)
        return ERR_FAIL;
    if (code == 0)
        return 0;
    return err_set(err, ERR_DEPLOY, CODE_SWITCH, "%s failed with exit code %d%s%s",
                   program->argv[0], code, last[0] ? ": " : "", last);
}

void traffic_program_examine(deploy_argv argv, const char *key, struct text *lines)
{
    char path[PATH_MAX];

    if (argv && argv[0] && !run_find(argv[0], path, sizeof path))
        text_printf(lines, "the program %s of traffic.%s is not found\n", argv[0], key);
}
