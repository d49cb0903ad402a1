#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "os/process.h"

#define TICK INT64_C(1000000000)

static int end_of(long process)
{
    enum os_process_state state;
    int code = -1;

    while ((state = os_process_state(process, &code)) == OS_PROCESS_RUNS)
        os_process_wait(process, TICK);
    assert_int_equal(state, OS_PROCESS_ENDED);
    assert_int_equal(os_process_state(process, &code), OS_PROCESS_LOST);
    return code;
}

static long start_line(const char *line, struct os_start start)
{
    const char *const argv[] = {"sh", "-c", line, NULL};
    long process = -1;

    start.path = "/bin/sh";
    start.argv = argv;
    if (!start.env)
        start.env = os_environment();
    assert_int_equal(os_process_start(&start, &process), 0);
    assert_true(process > 0);
    return process;
}

/* Each test runs with the two ways to start a program. */
static int run_line(const char *line, bool tied)
{
    return end_of(
        start_line(line, (struct os_start){.in = OS_EMPTY, .out = -1, .err = -1, .tied = tied}));
}

static void the_exit_code_arrives(void **state)
{
    (void)state;
    for (int tied = 0; tied < 2; tied++) {
        assert_int_equal(run_line("exit 0", tied), 0);
        assert_int_equal(run_line("exit 42", tied), 42);
        assert_int_equal(run_line("kill -9 $$", tied), 128 + SIGKILL);
    }
}

static void the_output_goes_into_a_pipe(void **state)
{
    (void)state;
    for (int tied = 0; tied < 2; tied++) {
        char got[64] = "", variable[] = "A=x", *env[] = {variable, NULL};
        int ends[2];
        long process;

        assert_int_equal(os_pipe(ends, true), 0);
        process = start_line(
            "read line; echo \"<$line>\" $A; echo two >&2",
            (struct os_start){
                .in = OS_EMPTY, .out = ends[1], .err = ends[1], .env = env, .tied = tied});
        close(ends[1]);
        assert_int_equal(end_of(process), 0);
        assert_int_equal(read(ends[0], got, sizeof got - 1), 9);
        assert_string_equal(got, "<> x\ntwo\n");
        assert_int_equal(read(ends[0], got, sizeof got), 0);
        close(ends[0]);
    }
}

static void a_pipe_that_does_not_wait_is_empty(void **state)
{
    char byte;
    int ends[2];

    (void)state;
    assert_int_equal(os_pipe(ends, false), 0);
    assert_int_equal(read(ends[0], &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(fcntl(ends[0], F_GETFD) & fcntl(ends[1], F_GETFD) & FD_CLOEXEC);
    close(ends[0]);
    close(ends[1]);
}

static void a_program_that_cannot_be_started_is_reported(void **state)
{
    const char *const argv[] = {"absent", NULL};
    long process = -1;

    (void)state;
    for (int tied = 0; tied < 2; tied++) {
        struct os_start start = {.path = "/no/such/program",
                                 .argv = argv,
                                 .env = os_environment(),
                                 .in = OS_EMPTY,
                                 .out = -1,
                                 .err = -1,
                                 .tied = tied};

        assert_int_equal(os_process_start(&start, &process), ENOENT);
        start.path = "/etc/passwd";
        assert_int_equal(os_process_start(&start, &process), EACCES);
        start.path = "/bin/sh";
        start.folder = "/no/such/folder";
        assert_int_equal(os_process_start(&start, &process), ENOENT);
        assert_int_equal(process, -1);
    }
}

static void the_folder_and_the_signals_are_set(void **state)
{
    sigset_t all, before;

    (void)state;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    signal(SIGPIPE, SIG_IGN);
    for (int tied = 0; tied < 2; tied++) {
        const struct os_start start = {
            .folder = "/", .in = OS_EMPTY, .out = -1, .err = -1, .tied = tied};

        assert_int_equal(end_of(start_line("[ \"$(pwd)\" = / ]", start)), 0);
        assert_int_equal(run_line("kill -PIPE $$", tied), 128 + SIGPIPE);
        assert_int_equal(run_line("kill -TERM $$", tied), 128 + SIGTERM);
    }
    signal(SIGPIPE, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* The shell waits for a child of its group, so the pipe ends only if both are killed. */
static void a_group_is_killed(void **state)
{
    char byte;
    int ends[2];
    long process;

    (void)state;
    assert_int_equal(os_pipe(ends, true), 0);
    process = start_line(
        "sleep 1000 & echo; wait",
        (struct os_start){.in = OS_EMPTY, .out = ends[1], .err = -1, .leads_group = true});
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    os_process_signal(process, true, SIGKILL);
    assert_int_equal(end_of(process), 128 + SIGKILL);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exit_code_arrives),
        cmocka_unit_test(the_output_goes_into_a_pipe),
        cmocka_unit_test(a_pipe_that_does_not_wait_is_empty),
        cmocka_unit_test(a_program_that_cannot_be_started_is_reported),
        cmocka_unit_test(the_folder_and_the_signals_are_set),
        cmocka_unit_test(a_group_is_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
