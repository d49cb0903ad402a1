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
#include "flow/run.h"

static struct cancel cancel;

static int run_shell(const char *script, char *const *env, int *code, struct err *err)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct run_options run = {.argv = argv, .env = env, .cancel = &cancel};

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
        {"kill -PIPE $$", 128 + SIGPIPE}, /* ignored by this process, but not by its children */
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

static void programs_that_cannot_be_started(void **state)
{
    const char *const absent[] = {"s3dock-no-such-program", NULL};
    const char *const folder[] = {"/tmp", NULL};
    struct run_options run = {.argv = absent};
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
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
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

static void variables_that_begin_alike(void **state)
{
    const char *const changes[] = {"TEST_RUN_*", "TEST_RUN=set", NULL};
    struct err err;
    char **env;
    int code = -1;

    (void)state;
    setenv("TEST_RUN_SECRET", "s", 1);
    env = run_environment(changes);
    assert_non_null(env);
    run_shell("test -z \"${TEST_RUN_SECRET+x}\" -a \"$TEST_RUN\" = set", env, &code, &err);
    assert_int_equal(code, 0);
    free(env);
}

/* ---- the search in PATH ---- */

static void the_current_folder_is_not_in_the_path(void **state)
{
    static const char *const paths[] = {".", "", ":/nowhere", "/nowhere:", "tools:./tools"};
    char folder[] = "/tmp/test_run.XXXXXX", found[256], before[4096];

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(system("mkdir tools; printf '#!/bin/sh\\nexit 7\\n' >tools/docker;"
                            "chmod +x tools/docker; cp tools/docker .; touch plain"),
                     0);
    snprintf(before, sizeof before, "%s", getenv("PATH"));
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        setenv("PATH", paths[i], 1);
        assert_false(run_find("docker", found, sizeof found));
    }
    assert_true(run_find("./docker", found, sizeof found)); /* the error says so */
    setenv("PATH", folder, 1);
    assert_true(run_find("docker", found, sizeof found));
    assert_false(run_find("plain", found, sizeof found));
    assert_false(run_find("tools", found, sizeof found));
    setenv("PATH", before, 1);
    assert_int_equal(chdir("/"), 0);
    snprintf(found, sizeof found, "rm -rf '%s'", folder);
    assert_int_equal(system(found), 0);
}

/* ---- captured output ---- */

static void take(void *arg, struct view bytes)
{
    text_add(arg, bytes.data, bytes.size);
}

static int run_and_take(const char *script, struct view input, int64_t limit, struct text *out,
                        struct text *errors, struct err *err)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct run_output output = {take, out, errors};
    struct run_options run = {.argv = argv,
                              .output = &output,
                              .input = input,
                              .folder = "/tmp",
                              .limit = limit,
                              .cancel = &cancel};
    int code = -1;

    return run_program(&run, &code, err) ? -1 : code;
}

static void output_is_taken(void **state)
{
    _cleanup_text_ struct text out = {0};
    _cleanup_text_ struct text errors = {0};
    struct err err = {0};

    (void)state;
    text_init(&out, 4 * MIB);
    text_init(&errors, 10);
    assert_int_equal(run_and_take("cat; pwd; echo 0123456789abc >&2; exit 3", view_str("in\n"), 0,
                                  &out, &errors, &err),
                     3);
    assert_string_equal(out.data, "in\n/tmp\n");
    assert_string_equal(errors.data, "0123456789"); /* as much as fits */
    text_clear(&out);
    assert_int_equal(
        run_and_take("cat; head -c 3000000 /dev/zero", (struct view){0}, 0, &out, &errors, &err),
        0);
    assert_int_equal(out.size, 3000000);
    assert_int_equal(run_and_take("sleep 2 & exit 5", (struct view){0}, 0, &out, &errors, &err),
                     5); /* the call does not wait for another holder of the pipe */
}

static void a_child_that_does_not_end_is_killed(void **state)
{
    _cleanup_text_ struct text out = {0};
    _cleanup_text_ struct text errors = {0};
    struct err err = {0};

    (void)state;
    text_init(&out, KIB);
    text_init(&errors, KIB);
    assert_int_equal(
        run_and_take("exec sleep 900", (struct view){0}, NS_PER_S / 10, &out, &errors, &err), -1);
    assert_string_equal(err.code, "program");
}

/* ---- cancellation ---- */

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
    char path[64], script[256];
    struct err err;

    (void)state;
    snprintf(path, sizeof path, "/tmp/s3dock-run-%ld", (long)getpid());
    snprintf(script, sizeof script,
             "trap 'rm %s; exit' TERM; touch %s; while :; do sleep 0.1; done", path, path);
    run_and_cancel(script, &err);
    assert_int_equal(err.family, ERR_CANCELLED);
    assert_int_equal(access(path, F_OK), -1); /* the trap ran: it got SIGTERM, not SIGKILL */
}

static void a_child_that_ignores_signals_is_killed(void **state)
{
    struct err err;
    int64_t took;

    (void)state;
    took = run_and_cancel("trap '' TERM; exec sleep 900", &err);
    assert_true(took >= RUN_PATIENCE_MS);
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

/* The program keeps its end of the pipe open until it exits. */
static void the_child_ends_with_the_program(void **state)
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

        run_shell("exec sleep 900", NULL, &code, &err);
        _exit(0);
    }
    close(ends[1]);
    usleep(300 * 1000);
    kill(us, SIGKILL);
    waitpid(us, NULL, 0);
    signal(SIGALRM, SIG_DFL);
    alarm(120); /* a failure ends the test instead of hanging */
    assert_int_equal(read(ends[0], &byte, 1), 0);
    alarm(0);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(exit_codes, set_up),
        cmocka_unit_test_setup(status_although_children_were_ignored, set_up),
        cmocka_unit_test_setup(programs_that_cannot_be_started, set_up),
        cmocka_unit_test_setup(all_output_on_standard_error, set_up),
        cmocka_unit_test_setup(environment_with_changes, set_up),
        cmocka_unit_test_setup(variables_that_begin_alike, set_up),
        cmocka_unit_test_setup(the_current_folder_is_not_in_the_path, set_up),
        cmocka_unit_test_setup(output_is_taken, set_up),
        cmocka_unit_test_setup(a_child_that_does_not_end_is_killed, set_up),
        cmocka_unit_test_setup(cancelled_ends_the_program, set_up),
        cmocka_unit_test_setup(a_child_that_ignores_signals_is_killed, set_up),
        cmocka_unit_test_setup(cancelled_before_it_began, set_up),
        cmocka_unit_test_setup(the_child_ends_with_the_program, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
