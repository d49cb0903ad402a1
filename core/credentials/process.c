/*
 * The line comes from a file that only the user can write, and the shell runs it as the AWS SDKs
 * do. Its standard output has secrets: it is in no message, and its memory is overwritten.
 */
#include "credentials/process.h"

#include <stdio.h>
#include <string.h>

#include "aws/profiles.h"
#include "aws/settings.h"
#include "aws/system.h"
#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "credentials/answer.h"
#include "credentials/credentials.h"
#include "credentials/source.h"

#define OUTPUT_MAX (64 * KIB)
#define ERRORS_MAX 256 /* of standard error, in the message */
#define WORD_MAX   128
#define WHAT_SIZE  (WORD_MAX + 160) /* with the name of the profile */

/* Names the program for messages. Only the first word of the line is shown: arguments and variables
 * can be secret. */
static void name_program(const char *line, const struct aws_profile *profile, char *out)
{
    size_t size = strcspn(line, " \t\r\n;|&<>");
    bool plain = size && size <= WORD_MAX && size <= strcspn(line, "='\"`$(");

    if (plain)
        snprintf(out, WHAT_SIZE, "credential_process \"%.*s%s\" of profile %.100s", (int)size, line,
                 line[size] ? " ..." : "", aws_profile_name(profile));
    else
        snprintf(out, WHAT_SIZE, "credential_process of profile %.100s", aws_profile_name(profile));
}

/* Cuts trailing blanks and line ends. */
static void trim_end(struct text *text)
{
    size_t size = text->size;

    while (size && strchr(" \t\r\n", text->data[size - 1]))
        size--;
    text_cut(text, size);
}

static int check_exit(const char *what, int code, struct text *errors, struct err *err)
{
    if (code == 0)
        return 0;
    trim_end(errors);
    err_set(err, ERR_AUTH, CODE_PROCESS, "%s failed with exit code %d%s%s", what, code,
            errors->size ? ": " : "", errors->data);
    return err_hint(err, "run the line in a shell to see why it fails");
}

static int read_output(const struct credential_context *ctx, const char *what,
                       const struct text *text, struct credentials *out, struct err *err)
{
    static const struct credential_answer_rules RULES = {
        .what = "the output", .code = CODE_PROCESS, .needs_version = true};
    const struct aws_system *system = ctx->system;
    struct view output = text_view(text);

    if (!output.size)
        return err_set(err, ERR_AUTH, CODE_PROCESS, "%s printed %s", what,
                       text->failed ? "more than 64 KiB" : "nothing");
    if (credential_answer_read(output, &RULES, system->now(system->arg), out, err) < 0)
        return err_wrap(err, "%s", what);
    return 0;
}

static int run_line(const struct credential_context *ctx, const char *line, const char *what,
                    struct text *output, struct err *err)
{
    const struct aws_system *system = ctx->system;
    _cleanup_text_ struct text errors = {0};
    int code = 0;

    text_init(&errors, ERRORS_MAX);
    if (system->run(system->arg, line, output, &errors, &code, err) < 0)
        return err_wrap(err, "%s", what);
    return check_exit(what, code, &errors, err);
}

int process_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                        struct credentials *out, struct err *err)
{
    const char *line = aws_profile_get(profile, "credential_process");
    const char *account = aws_profile_get(profile, "aws_account_id");
    _cleanup_text_ struct text output = {0};
    char what[WHAT_SIZE];

    if (!line || !*line)
        return SOURCE_ABSENT;
    name_program(line, profile, what);
    text_init_secret(&output, OUTPUT_MAX);
    if (aws_profile_check_owner(ctx->system, ctx->settings->profiles, profile, "credential_process",
                                err) < 0 ||
        run_line(ctx, line, what, &output, err) < 0 ||
        read_output(ctx, what, &output, out, err) < 0)
        return ERR_FAIL;
    out->kind = CREDENTIALS_PROCESS;
    if (!out->account[0] && account)
        str_copy(out->account, sizeof out->account, account);
    snprintf(out->source, sizeof out->source, "credential_process of profile %s",
             aws_profile_name(profile));
    return SOURCE_FOUND;
}
