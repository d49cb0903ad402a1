#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "cli/print/output.h"
#include "cli/print/progress.h"

/* Runs output_end with standard output or error in a file. Returns the contents of the file. */
static int captured(int fd, struct output *output, const struct err *err, int signal, char *out,
                    size_t size)
{
    FILE *file = tmpfile();
    int saved = dup(fd), code;
    size_t got;

    assert_non_null(file);
    fflush(NULL);
    dup2(fileno(file), fd);
    code = output_end(output, err, signal);
    dup2(saved, fd);
    close(saved);
    rewind(file);
    got = fread(out, 1, size - 1, file);
    out[got] = 0;
    fclose(file);
    return code;
}

static void the_envelope_is_the_original_s(void **state)
{
    struct output output;
    struct json_writer *w;
    char out[1024];

    (void)state;
    output_init(&output, true);
    output.command = "config show";
    w = output_data(&output);
    jw_string(w, "profile", "default");
    jw_string(w, "bucket", "s3dock-containers");
    jw_string(output_data(&output), "region", "us-east-1");
    output_line(&output, "not in JSON");
    assert_int_equal(captured(STDOUT_FILENO, &output, NULL, 0, out, sizeof out), 0);
    assert_string_equal(out, "{\n"
                             "  \"success\": true,\n"
                             "  \"command\": \"config show\",\n"
                             "  \"data\": {\n"
                             "    \"profile\": \"default\",\n"
                             "    \"bucket\": \"s3dock-containers\",\n"
                             "    \"region\": \"us-east-1\"\n"
                             "  }\n"
                             "}\n");
    output_finish(&output);
}

static void an_error_takes_the_data_s_place(void **state)
{
    struct output output;
    struct err err;
    char out[1024];

    (void)state;
    output_init(&output, true);
    output.command = "current";
    jw_string(output_data(&output), "half", "done");
    err_set(&err, ERR_NOT_FOUND, "env", "environment pointer not found: myapp/nope");
    err_hint(&err, "s3dock list envs myapp");
    assert_int_equal(captured(STDOUT_FILENO, &output, &err, 0, out, sizeof out), 3);
    assert_string_equal(out, "{\n"
                             "  \"success\": false,\n"
                             "  \"command\": \"current\",\n"
                             "  \"error\": \"environment pointer not found: myapp/nope\",\n"
                             "  \"error_code\": \"not_found.env\",\n"
                             "  \"hint\": \"s3dock list envs myapp\"\n"
                             "}\n");
    output_finish(&output);
}

static void text_alone_becomes_the_data(void **state)
{
    struct output output;
    char out[1024];

    (void)state;
    output_init(&output, true);
    output.command = "help";
    output_line(&output, "words");
    assert_int_equal(captured(STDOUT_FILENO, &output, NULL, 0, out, sizeof out), 0);
    assert_non_null(strstr(out, "\"text\": \"words\\n\""));
    output_finish(&output);
}

/* A result that could not be kept is a failure, not an empty result. */
static void a_lost_result_is_an_error(void **state)
{
    (void)state;
    for (unsigned json = 0; json < 2; json++) {
        struct output output;
        char out[1024];

        output_init(&output, json);
        output.command = "help";
        output.lines.max = 8;
        output_line(&output, "too long for it");
        assert_int_equal(captured(STDOUT_FILENO, &output, NULL, 0, out, sizeof out), ERR_LOCAL);
        assert_string_equal(out, "");
        output_finish(&output);
    }
}

static void errors_are_one_line_and_a_hint(void **state)
{
    struct text text;
    struct err err;

    (void)state;
    text_init(&text, 4 * KIB);
    err_set(&err, ERR_DOCKER, "unreachable", "no daemon at unix:///x");
    output_error_text(&err, false, &text);
    assert_string_equal(text.data, "error[docker.unreachable]: no daemon at unix:///x\n");
    text_clear(&text);
    err_hint(&err, "start it");
    output_error_text(&err, false, &text);
    assert_string_equal(text.data,
                        "error[docker.unreachable]: no daemon at unix:///x\n  hint: start it\n");
    text_finish(&text);
}

static void secrets_are_not_printed(void **state)
{
    static const char secret[] = "s3cr\"et<&>value";
    struct output output;
    struct err err;
    char out[1024];

    (void)state;
    log_secret(secret);
    for (int json = 0; json < 2; json++) {
        output_init(&output, json);
        output.command = "push";
        err_set(&err, ERR_AUTH, "denied", "the key %s was refused", secret);
        err_hint(&err, "not %s", secret);
        captured(json ? STDOUT_FILENO : STDERR_FILENO, &output, &err, 0, out, sizeof out);
        assert_non_null(strstr(out, "the key *** was refused"));
        assert_null(strstr(out, "s3cr"));
        output_finish(&output);
    }
}

static void control_characters_reach_no_terminal(void **state)
{
    struct output output;
    char out[1024];

    (void)state;
    output_init(&output, false);
    output_line(&output, "bucket \033[2J\r%c", 0x7f);
    assert_int_equal(captured(STDOUT_FILENO, &output, NULL, 0, out, sizeof out), 0);
    assert_string_equal(out, "bucket ?[2J??\n");
    output_finish(&output);
}

#define NASTY                                                                                      \
    "v\xc2\x9b"                                                                                    \
    "31mR\xe2\x80\xaegnp\xe2\x80\x8b\xf3\xa0\x81\xa1\xff\x7f\x1b]0;x\a"

/* One filter for all output: only visible characters and line breaks. */
static void assert_seen(const char *out)
{
    assert_non_null(strstr(out, "31mR"));
    for (; *out; out++)
        assert_true(*out == '\n' || (*out >= ' ' && *out <= '~'));
}

static void no_kind_of_output_controls_a_terminal(void **state)
{
    char out[2048], line[PROGRESS_LINE_MAX];
    struct transfer_progress report = {.phase = PHASE_LOAD, .note = NASTY};
    struct output output;
    struct err err;

    (void)state;
    output_init(&output, false);
    output_line(&output, "line %s", NASTY);
    text_str(&output.lines,
             "text " NASTY "\n"); /* written without output_line, like help and plans */
    captured(STDOUT_FILENO, &output, NULL, 0, out, sizeof out);
    assert_seen(out);
    err = (struct err){.family = ERR_LOCAL, .code = "x", .text = NASTY, .hint = NASTY};
    captured(STDERR_FILENO, &output, &err, 0, out, sizeof out);
    assert_seen(out);
    output_finish(&output);

    output_init(&output, true);
    output.command = "list tags";
    jw_string(output_data(&output), "tag", NASTY);
    captured(STDOUT_FILENO, &output, NULL, 0, out, sizeof out);
    assert_seen(out);
    output_finish(&output);

    progress_bar(NASTY, &report, 120, line);
    assert_seen(line);
    progress_plain(NASTY, &report, line);
    assert_seen(line);
}

static void say_all(const struct output *output)
{
    output_note(output, "note %s", NASTY);
    output_warn(output, "warning %s", NASTY);
    log_set_level(LOG_INFO);
    log_info("log %s", NASTY);
    log_set_level(LOG_OFF);
    log_note("waiting %s", NASTY);
}

static void messages_control_no_terminal(void **state)
{
    struct output output;
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    char out[2048];
    size_t got;

    (void)state;
    assert_non_null(file);
    output_init(&output, false);
    output.color = false;
    fflush(NULL);
    dup2(fileno(file), STDERR_FILENO);
    say_all(&output);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    got = fread(out, 1, sizeof out - 1, file);
    out[got] = 0;
    fclose(file);
    assert_seen(out);
    assert_non_null(strstr(out, "note v"));
    assert_non_null(strstr(out, "note: waiting"));
    output_finish(&output);
}

static void exit_codes_are_the_families(void **state)
{
    static const struct {
        enum err_family family;
        int signal, code;
    } cases[] = {
        {ERR_INTERNAL, 0, 1},          {ERR_USAGE, 0, 2},
        {ERR_UNSUPPORTED, 0, 12},      {ERR_CANCELLED, SIGINT, 130},
        {ERR_CANCELLED, SIGTERM, 143}, {ERR_CANCELLED, SIGHUP, 129},
        {ERR_NETWORK, SIGTERM, 5},     {ERR_NONE, 0, 1},
    };
    char out[1024];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct output output;
        struct err err;

        output_init(&output, false);
        err_set(&err, cases[i].family, "x", "x");
        assert_int_equal(captured(STDERR_FILENO, &output, &err, cases[i].signal, out, sizeof out),
                         cases[i].code);
        output_finish(&output);
    }
}

static void a_closed_reader_is_not_an_error(void **state)
{
    struct output output;
    int ends[2], saved = dup(STDOUT_FILENO), code;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    output_init(&output, false);
    output_line(&output, "words");
    fflush(NULL);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    code = output_end(&output, NULL, 0);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_int_equal(code, 128 + SIGPIPE);
    output_finish(&output);
}

static void a_full_disk_is_reported(void **state)
{
    struct output output;
    FILE *full = fopen("/dev/full", "w");
    char out[1024];
    int saved = dup(STDOUT_FILENO), code;

    (void)state;
    if (!full) {
        close(saved);
        skip();
    }
    output_init(&output, false);
    output_line(&output, "words");
    fflush(NULL);
    dup2(fileno(full), STDOUT_FILENO);
    code = captured(STDERR_FILENO, &output, NULL, 0, out, sizeof out);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    fclose(full);
    assert_int_equal(code, ERR_LOCAL);
    assert_non_null(strstr(out, "disk_full"));
    output_finish(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_envelope_is_the_original_s),
        cmocka_unit_test(an_error_takes_the_data_s_place),
        cmocka_unit_test(text_alone_becomes_the_data),
        cmocka_unit_test(a_lost_result_is_an_error),
        cmocka_unit_test(errors_are_one_line_and_a_hint),
        cmocka_unit_test(secrets_are_not_printed),
        cmocka_unit_test(control_characters_reach_no_terminal),
        cmocka_unit_test(no_kind_of_output_controls_a_terminal),
        cmocka_unit_test(messages_control_no_terminal),
        cmocka_unit_test(exit_codes_are_the_families),
        cmocka_unit_test(a_closed_reader_is_not_an_error),
        cmocka_unit_test(a_full_disk_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
