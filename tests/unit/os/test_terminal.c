#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/terminal.h"

static int open_terminal(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    return master;
}

static void the_width_is_that_of_the_terminal(void **state)
{
    const struct winsize size = {.ws_row = 24, .ws_col = 132};
    int master = open_terminal(), ends[2];

    (void)state;
    assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
    assert_int_equal(os_terminal_columns(master), 132);
    close(master);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(os_terminal_columns(ends[0]), 0);
    assert_int_equal(os_terminal_echo(ends[0], false), -1);
    close(ends[0]);
    close(ends[1]);
}

static void a_terminal_draws_if_term_names_its_kind(void **state)
{
    int master = open_terminal(), ends[2];

    (void)state;
    setenv("TERM", "xterm", 1);
    assert_true(os_terminal_draws(master));
    assert_int_equal(pipe(ends), 0);
    assert_false(os_terminal_draws(ends[1]));
    setenv("TERM", "dumb", 1);
    assert_false(os_terminal_draws(master));
    setenv("TERM", "", 1);
    assert_false(os_terminal_draws(master));
    unsetenv("TERM");
    assert_false(os_terminal_draws(master));
    close(ends[0]);
    close(ends[1]);
    close(master);
}

static void the_echo_is_switched(void **state)
{
    int master = open_terminal(), slave = open(ptsname(master), O_RDWR | O_NOCTTY);

    (void)state;
    assert_true(slave >= 0);
    assert_int_equal(os_terminal_echo(slave, false), 1);
    assert_int_equal(os_terminal_echo(slave, false), 0);
    assert_int_equal(os_terminal_echo(slave, true), 0);
    assert_int_equal(os_terminal_echo(slave, true), 1);
    close(slave);
    close(master);
}

/* A child that leads a session of its own has no terminal. */
static void no_terminal_is_no_failure(void **state)
{
    pid_t child = fork();
    int status = -1;

    (void)state;
    assert_true(child >= 0);
    if (child == 0)
        _exit(setsid() >= 0 && os_terminal_open() == -1 ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_width_is_that_of_the_terminal),
        cmocka_unit_test(a_terminal_draws_if_term_names_its_kind),
        cmocka_unit_test(the_echo_is_switched),
        cmocka_unit_test(no_terminal_is_no_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
