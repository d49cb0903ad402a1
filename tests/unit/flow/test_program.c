/* Programs that run beside other threads: limits, signals, output, environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "flow/cancel.h"
#include "flow/program.h"
#include "flow/run.h"

#include "kit/raw_server.h"
#include "kit/scratch.h"

static struct cancel cancel;
static struct text output, errors;
static struct err err;
static int code;

static void *request_cancel(void *arg)
{
    (void)arg;
    raw_pause_ms(100);
    cancel_request(&cancel, SIGTERM);
    return NULL;
}

static int run_it(struct program program)
{
    text_clear(&output);
    text_clear(&errors);
    err = (struct err){0};
    program.cancel = &cancel;
    return program_run(&program, &code, &err);
}

static int run(const char *line, int64_t limit)
{
    return run_it((struct program){.what = "the line",
                                   .line = line,
                                   .limit = limit ? limit : 10 * NS_PER_S,
                                   .late_hint = "late",
                                   .output = &output,
                                   .errors = &errors});
}

static int init_texts(void **state)
{
    (void)state;
    cancel_init(&cancel);
    text_init(&output, 64 * KIB);
    text_init(&errors, 16);
    return 0;
}

static int create_folder(void **state)
{
    (void)state;
    return scratch_create();
}

static int finish_texts(void **state)
{
    (void)state;
    text_finish(&output);
    text_finish(&errors);
    return 0;
}

/* ---- output, code, signals ---- */

static void output_errors_and_code_are_kept(void **state)
{
    (void)state;
    assert_int_equal(run("echo out; echo a long line of errors >&2; exit 3", 0), 0);
    assert_int_equal(code, 3);
    assert_string_equal(output.data, "out\n");
    assert_string_equal(errors.data, "a long line of e");
    assert_int_equal(run("kill -9 $$", 0), 0);
    assert_int_equal(code, 128 + SIGKILL);
    assert_int_equal(run("no-such-program", 0), 0);
    assert_int_equal(code, 127);
}

static void a_program_reads_no_data_of_s3dock(void **state)
{
    int ours = dup(STDIN_FILENO), ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "data", 4), 4);
    dup2(ends[0], STDIN_FILENO);
    assert_int_equal(run("cat; echo end", 0), 0);
    dup2(ours, STDIN_FILENO);
    close(ours);
    close(ends[0]);
    close(ends[1]);
    assert_string_equal(output.data, "end\n");
}

static void blocked_signals_are_not_inherited(void **state)
{
    sigset_t all, before;

    (void)state;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    assert_int_equal(run("kill -TERM $$; echo lives", 0), 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(code, 128 + SIGTERM);
}

static void only_sigpipe_gets_its_default_action(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    assert_int_equal(run("kill -HUP $$; echo lives; kill -PIPE $$", 0), 0);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    assert_string_equal(output.data, "lives\n");
    assert_int_equal(code, 128 + SIGPIPE);
}

static void output_and_time_are_bounded(void **state)
{
    int64_t began = clock_monotonic();

    (void)state;
    assert_int_equal(run("yes", 0), ERR_FAIL);
    assert_true(err_is(&err, ERR_LOCAL, "program"));
    assert_non_null(strstr(err.text, "64 KiB"));
    assert_int_equal(run("yes >&2", 200 * NS_PER_MS), ERR_FAIL);
    assert_non_null(strstr(err.text, "did not end"));
    assert_string_equal(err.hint, "late");
    assert_int_equal(run("trap '' TERM; sleep 30; echo", 100 * NS_PER_MS), ERR_FAIL);
    assert_true(clock_monotonic() - began < 10 * NS_PER_S);
}

static void a_grandchild_does_not_delay_the_end(void **state)
{
    int64_t began = clock_monotonic();

    (void)state;
    assert_int_equal(run("sleep 5 & echo $!", 0), 0);
    assert_true(clock_monotonic() - began < 4 * NS_PER_S);
    kill((pid_t)strtol(output.data, NULL, 10), SIGKILL);
}

static void a_cancel_ends_the_whole_group(void **state)
{
    pthread_t thread;
    pid_t grandchild;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, request_cancel, NULL), 0);
    assert_int_equal(run("sleep 30 & echo $!; wait", 0), ERR_FAIL);
    pthread_join(thread, NULL);
    assert_int_equal(err.family, ERR_CANCELLED);
    grandchild = (pid_t)strtol(output.data, NULL, 10);
    for (int i = 0; i < 200 && kill(grandchild, 0) == 0; i++)
        raw_pause_ms(10);
    assert_true(kill(grandchild, 0) != 0);
}

/* ---- argv, folder, environment ---- */

static void arguments_go_to_no_shell(void **state)
{
    const char *const argv[] = {"printf", "%s|", "a b", "$HOME", "*", NULL};

    (void)state;
    assert_int_equal(run_it((struct program){.argv = argv, .output = &output}), 0);
    assert_int_equal(code, 0);
    assert_string_equal(output.data, "a b|$HOME|*|");
}

static void a_program_that_is_absent_has_an_error(void **state)
{
    const char *const absent[] = {"s3dock-no-such-program", NULL}, *const folder[] = {"/tmp", NULL};

    (void)state;
    assert_int_equal(run_it((struct program){.argv = absent}), ERR_FAIL);
    assert_true(err_is(&err, ERR_LOCAL, "program"));
    assert_non_null(strstr(err.text, "s3dock-no-such-program cannot be run: No such file"));
    assert_non_null(strstr(err.hint, "PATH"));
    assert_int_equal(run_it((struct program){.argv = folder}), ERR_FAIL);
    assert_non_null(strstr(err.text, "/tmp cannot be run: Permission denied"));
}

static void the_caller_chooses_the_error(void **state)
{
    const char *const absent[] = {"s3dock-no-such-program", NULL};

    (void)state;
    assert_int_equal(
        run_it((struct program){
            .what = "the reload command", .argv = absent, .family = ERR_DEPLOY, .code = "switch"}),
        ERR_FAIL);
    assert_true(err_is(&err, ERR_DEPLOY, "switch"));
    assert_non_null(strstr(err.text, "the reload command cannot be run"));
}

static void the_folder_is_the_working_directory(void **state)
{
    const char *const argv[] = {"pwd", "-P", NULL};

    (void)state;
    assert_int_equal(run_it((struct program){.argv = argv, .folder = "/usr", .output = &output}),
                     0);
    assert_string_equal(output.data, "/usr\n");
    assert_int_equal(run_it((struct program){.argv = argv, .folder = "/no/such"}), ERR_FAIL);
}

static void both_outputs_share_one_text_in_order(void **state)
{
    const char *const argv[] = {"sh", "-c", "echo 1; echo 2 >&2; echo 3", NULL};

    (void)state;
    assert_int_equal(run_it((struct program){.argv = argv, .errors = &errors}), 0);
    assert_string_equal(errors.data, "1\n2\n3\n");
}

static void the_end_of_the_errors_can_be_kept(void **state)
{
    const char *const few[] = {"sh", "-c", "printf 0123456789; sleep 0.05; printf abcdefghij",
                               NULL};
    const char *const many[] = {"sh", "-c", "yes | head -c 100000; printf last", NULL};

    (void)state;
    assert_int_equal(run_it((struct program){.argv = few, .errors = &errors, .keep_end = true}), 0);
    assert_string_equal(errors.data, "456789abcdefghij");
    assert_int_equal(run_it((struct program){.argv = many, .errors = &errors, .keep_end = true}),
                     0);
    assert_string_equal(errors.data, "y\ny\ny\ny\ny\ny\nlast");
}

static void the_environment_has_no_socket_of_systemd(void **state)
{
    const char *const changes[] = {PROGRAM_NO_NOTIFY, "S3DOCK_APP=shop", NULL};
    char **env;

    (void)state;
    setenv("NOTIFY_SOCKET", "/run/x", 1);
    setenv("WATCHDOG_USEC", "1", 1);
    setenv("WATCHDOG_PID", "1", 1);
    setenv("KEPT", "yes", 1);
    env = run_environment(changes);
    assert_int_equal(
        run_it((struct program){.what = "env", .line = "env", .env = env, .output = &output}), 0);
    free(env);
    assert_null(strstr(output.data, "NOTIFY_SOCKET"));
    assert_null(strstr(output.data, "WATCHDOG"));
    assert_non_null(strstr(output.data, "S3DOCK_APP=shop\n"));
    assert_non_null(strstr(output.data, "KEPT=yes\n"));
}

/* ---- waits ---- */

static void count_wake(void *arg)
{
    ++*(unsigned *)arg;
}

static void a_watchdog_is_woken_while_the_program_runs(void **state)
{
    const char *const argv[] = {"sleep", "0.45", NULL};
    unsigned woken = 0;

    (void)state;
    assert_int_equal(run_it((struct program){
                         .argv = argv, .output = &output, .wake = count_wake, .arg = &woken}),
                     0);
    assert_true(woken >= 4);
}

static void a_lost_exit_code_is_a_failure(void **state)
{
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(run("exit 3", 0), ERR_FAIL);
    signal(SIGCHLD, SIG_DFL);
    assert_non_null(strstr(err.text, "SIGCHLD"));
}

static void nothing_is_started_after_a_cancel(void **state)
{
    const char *const argv[] = {"touch", path_of("started"), NULL};

    (void)state;
    cancel_request(&cancel, SIGTERM);
    assert_int_equal(run_it((struct program){.argv = argv}), ERR_FAIL);
    assert_int_equal(err.family, ERR_CANCELLED);
    assert_int_not_equal(access(path_of("started"), F_OK), 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, init_texts, finish_texts)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(output_errors_and_code_are_kept),
        TEST(a_program_reads_no_data_of_s3dock),
        TEST(blocked_signals_are_not_inherited),
        TEST(only_sigpipe_gets_its_default_action),
        TEST(output_and_time_are_bounded),
        TEST(a_grandchild_does_not_delay_the_end),
        TEST(a_cancel_ends_the_whole_group),
        TEST(arguments_go_to_no_shell),
        TEST(a_program_that_is_absent_has_an_error),
        TEST(the_caller_chooses_the_error),
        TEST(the_folder_is_the_working_directory),
        TEST(both_outputs_share_one_text_in_order),
        TEST(the_end_of_the_errors_can_be_kept),
        TEST(the_environment_has_no_socket_of_systemd),
        TEST(a_watchdog_is_woken_while_the_program_runs),
        TEST(a_lost_exit_code_is_a_failure),
        TEST(nothing_is_started_after_a_cancel),
    };

    return cmocka_run_group_tests(tests, create_folder, scratch_teardown);
}
