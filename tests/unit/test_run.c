#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "cli/run.h"

static struct cancel cancel;

static int run_shell(const char *script, char *const *env, int *code, struct err *err)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct run run = {.argv = argv, .env = env, .cancel = &cancel};

    *err = (struct err){0};
    return run_program(&run, code, err);
}

static int set_up(void **state)
{
    (void)state;
    cancel_init(&cancel);
    return 0;
}

static void exit_codes(void **state)
{
    static const struct {
        const char *script;
        int code;
    } cases[] = {
        {"exit 0", 0},
        {"exit 1", 1},
        {"exit 255", 255},
        {"kill -KILL $$", 128 + SIGKILL},
        {"kill -PIPE $$", 128 + SIGPIPE}, /* ignored by us, not by what we start */
    };

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err;
        int code = -1;

        assert_int_equal(run_shell(cases[i].script, NULL, &code, &err), 0);
        assert_int_equal(code, cases[i].code);
    }
}

static void status_although_children_were_ignored(void **state)
{
    struct err err;
    int code = -1;

    (void)state;
    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(run_shell("exit 7", NULL, &code, &err), 0);
    assert_int_equal(code, 7);
    assert_ptr_equal(signal(SIGCHLD, SIG_DFL), SIG_IGN);
}

static void what_cannot_be_started(void **state)
{
    const char *const absent[] = {"s3dock-no-such-program", NULL};
    const char *const folder[] = {"/tmp", NULL};
    struct run run = {.argv = absent};
    struct err err = {0};
    int code;

    (void)state;
    assert_int_equal(run_program(&run, &code, &err), ERR_FAIL);
    assert_string_equal(err.code, "program");
    assert_non_null(strstr(err.text, "s3dock-no-such-program"));
    assert_non_null(strstr(err.hint, "PATH"));
    run.argv = folder;
    assert_int_equal(run_program(&run, &code, &err), ERR_FAIL);
    assert_string_equal(err.code, "permission");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
    assert_int_equal(errno, ECHILD);
}

static void all_output_on_standard_error(void **state)
{
    char name[] = "/tmp/test_run.XXXXXX", text[64] = "";
    int file = mkstemp(name), saved = dup(STDERR_FILENO), code = -1;
    struct err err;

    (void)state;
    assert_true(file >= 0 && saved >= 0);
    unlink(name);
    dup2(file, STDERR_FILENO);
    run_shell("echo out; echo err >&2", NULL, &code, &err);
    dup2(saved, STDERR_FILENO);
    close(saved);
    assert_int_equal(code, 0);
    assert_int_equal(pread(file, text, sizeof text, 0), 8);
    assert_string_equal(text, "out\nerr\n");
    close(file);
}

static void environment_with_changes(void **state)
{
    const char *const changes[] = {"TEST_RUN_SET=new=1", "TEST_RUN_GONE", NULL};
    struct err err;
    char **env;
    int code = -1;

    (void)state;
    setenv("TEST_RUN_SET", "old", 1);
    setenv("TEST_RUN_GONE", "here", 1);
    setenv("TEST_RUN_GONE_NOT", "stays", 1);
    env = run_environment(changes);
    assert_non_null(env);
    run_shell("test \"$TEST_RUN_SET\" = new=1 -a -z \"${TEST_RUN_GONE+x}\" -a"
              " \"$TEST_RUN_GONE_NOT\" = stays",
              env, &code, &err);
    assert_int_equal(code, 0);
    assert_string_equal(getenv("TEST_RUN_SET"), "old");
    free(env);
}

/* ---- cancelled ---- */

static void ask_to_stop(int signal)
{
    (void)signal;
    cancel_request(&cancel, SIGTERM);
}

static int64_t run_and_cancel(const char *script, struct err *err)
{
    struct itimerval soon = {.it_value.tv_usec = 200 * 1000};
    int64_t before = clock_monotonic();
    int code;

    signal(SIGALRM, ask_to_stop);
    setitimer(ITIMER_REAL, &soon, NULL);
    assert_int_equal(run_shell(script, NULL, &code, err), ERR_FAIL);
    return (clock_monotonic() - before) / NS_PER_MS;
}

static void cancelled_ends_the_program(void **state)
{
    struct err err;

    (void)state;
    assert_true(run_and_cancel("exec sleep 30", &err) < RUN_PATIENCE_MS);
    assert_int_equal(err.family, ERR_CANCELLED);
}

static void one_that_does_not_listen_is_killed(void **state)
{
    struct err err;
    int64_t took;

    (void)state;
    took = run_and_cancel("trap '' TERM; exec sleep 30", &err);
    assert_true(took >= RUN_PATIENCE_MS && took < 10 * RUN_PATIENCE_MS);
    assert_int_equal(err.family, ERR_CANCELLED);
}

static void cancelled_before_it_began(void **state)
{
    struct err err;
    int code;

    (void)state;
    cancel_request(&cancel, SIGINT);
    assert_int_equal(run_shell("exit 0", NULL, &code, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_CANCELLED);
}

/* The program holds the pipe's end until it ends. */
static void it_does_not_outlive_us(void **state)
{
    int ends[2];
    char byte;
    pid_t us;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    us = fork();
    if (us == 0) {
        struct err err;
        int code;

        run_shell("exec sleep 30", NULL, &code, &err);
        _exit(0);
    }
    close(ends[1]);
    usleep(300 * 1000);
    kill(us, SIGKILL);
    waitpid(us, NULL, 0);
    signal(SIGALRM, SIG_DFL);
    alarm(10); /* a failure ends the test, it does not hang */
    assert_int_equal(read(ends[0], &byte, 1), 0);
    alarm(0);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(exit_codes, set_up),
        cmocka_unit_test_setup(status_although_children_were_ignored, set_up),
        cmocka_unit_test_setup(what_cannot_be_started, set_up),
        cmocka_unit_test_setup(all_output_on_standard_error, set_up),
        cmocka_unit_test_setup(environment_with_changes, set_up),
        cmocka_unit_test_setup(cancelled_ends_the_program, set_up),
        cmocka_unit_test_setup(one_that_does_not_listen_is_killed, set_up),
        cmocka_unit_test_setup(cancelled_before_it_began, set_up),
        cmocka_unit_test_setup(it_does_not_outlive_us, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
