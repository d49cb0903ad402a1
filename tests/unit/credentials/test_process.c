#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/settings.h"
#include "base/codes.h"
#include "credentials/credentials.h"
#include "credentials/process.h"
#include "credentials/source.h"
#include "kit/scripted_system.h"

#define LINE   "/opt/creds --all"
#define SECRET "wJalrXUtnFEMI"
#define GOOD   "{\"Version\": 1, \"AccessKeyId\": \"ASIAFIRST\", \"SecretAccessKey\": \"" SECRET "\"}"

/* The program that runs. */
struct program {
    struct scripted_system it;
    struct aws_settings settings;
    const char *line; /* NULL: LINE */
    const char *output, *errors;
    int code;
    struct credentials out;
    struct err err;
};

static int run_program(void *arg, const char *line, struct text *out, struct text *errors,
                       int *code, struct err *err)
{
    struct program *program = arg; /* its first member is the scripted system */

    (void)err;
    assert_string_equal(line, program->line ? program->line : LINE);
    text_str(out, program->output);
    text_add(errors, program->errors, strnlen(program->errors, errors->max));
    *code = program->code;
    return 0;
}

static int run_process(struct program *program)
{
    const struct aws_query query = {NULL};
    struct credential_context ctx;
    char config[512];

    snprintf(config, sizeof config,
             "[default]\ncredential_process = %s\naws_account_id = 123456789012\n",
             program->line ? program->line : LINE);
    program->it.env[0] = (struct scripted_pair){"HOME", "/home"};
    program->it.files[0] = (struct scripted_pair){"/home/.aws/config", config};
    scripted_system(&program->it);
    program->it.system.run = run_program;
    ctx = (struct credential_context){&program->it.system, &program->settings};
    assert_int_equal(aws_settings_load(ctx.system, &query, &program->settings, &program->err), 0);
    int result = process_credentials(&ctx, program->settings.profile, &program->out, &program->err);
    aws_settings_finish(&program->settings);
    return result;
}

static struct program *make_program(const char *output, const char *errors, int code)
{
    static struct program program;

    program = (struct program){.output = output, .errors = errors, .code = code};
    return &program;
}

static void assert_refused(struct program *program, const char *words)
{
    assert_int_equal(run_process(program), ERR_FAIL);
    assert_true(err_is(&program->err, ERR_AUTH, CODE_PROCESS));
    if (!strstr(program->err.text, words))
        fail_msg("'%s' is not in '%s'", words, program->err.text);
    assert_null(strstr(program->err.text, SECRET));
    assert_null(strstr(program->err.hint, SECRET));
}

static void the_output_has_the_keys(void **state)
{
    struct program *program = make_program(GOOD, "a note\n", 0);

    (void)state;
    assert_int_equal(run_process(program), SOURCE_FOUND);
    assert_string_equal(program->out.access_key, "ASIAFIRST");
    assert_string_equal(program->out.secret_key, SECRET);
    assert_string_equal(program->out.account, "123456789012");
    assert_int_equal(program->out.kind, CREDENTIALS_PROCESS);
    assert_string_equal(program->out.source, "credential_process of profile default");
}

static void a_failure_has_the_exit_code_and_standard_error(void **state)
{
    (void)state;
    assert_refused(
        make_program(SECRET, "the session is over\n\n", 3),
        "credential_process \"/opt/creds ...\" of profile default failed with exit code 3: "
        "the session is over");
}

static void an_error_never_has_the_output(void **state)
{
    (void)state;
    assert_refused(make_program("{\"SecretAccessKey\": \"" SECRET "\"", "", 0), "/opt/creds");
    assert_refused(make_program("{\"Version\": 1, \"SecretAccessKey\": \"" SECRET "\"}", "", 0),
                   "AccessKeyId");
}

static void an_error_has_only_the_first_word_of_the_line(void **state)
{
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"/opt/creds", "credential_process \"/opt/creds\" of profile default failed"},
        {"creds --password " SECRET, "credential_process \"creds ...\" of profile default failed"},
        {"PASSWORD=" SECRET " creds", "credential_process of profile default failed"},
        {"P='a " SECRET "' creds", "credential_process of profile default failed"},
        {"echo>x;" SECRET, "credential_process \"echo ...\" of profile default failed"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct program *program = make_program("", "", 1);

        program->line = cases[i].line;
        assert_refused(program, cases[i].words);
    }
}

static void long_standard_error_is_cut(void **state)
{
    static char errors[4096];

    (void)state;
    memset(errors, 'x', sizeof errors - 1);
    assert_refused(make_program("", errors, 1), "exit code 1: xxx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_output_has_the_keys),
        cmocka_unit_test(a_failure_has_the_exit_code_and_standard_error),
        cmocka_unit_test(an_error_never_has_the_output),
        cmocka_unit_test(an_error_has_only_the_first_word_of_the_line),
        cmocka_unit_test(long_standard_error_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
