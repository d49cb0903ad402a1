/* notify: the datagrams of sd_notify, read by a socket of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "kit/scratch.h"
#include "watch/notify.h"

static char path[108];
static int manager = -1;

static void listen_at(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t length = strlen(name);

    memcpy(at.sun_path, name, length);
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_true(manager >= 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                     0);
}

static void expect(const char *datagram)
{
    char got[1024] = "";
    ssize_t size = recv(manager, got, sizeof got - 1, 0);

    if (size < 0)
        got[0] = '\0';
    assert_string_equal(got, datagram);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/notify", dir);
    listen_at(path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(manager);
    unlink(path);
    return 0;
}

static void states_are_datagrams(void **state)
{
    struct notify notify;

    (void)state;
    notify_init(&notify, path, NULL, NULL, 1);
    notify_ready(&notify);
    expect("READY=1");
    notify_status(&notify, "shop/production current");
    expect("STATUS=shop/production current");
    notify_status(&notify, "shop/production current"); /* no news */
    expect("");
    notify_status(&notify, "a\nREADY=1");
    expect("STATUS=a READY=1");
    notify_stopping(&notify);
    expect("STOPPING=1");
    notify_finish(&notify);
}

static void a_long_status_is_cut(void **state)
{
    struct notify notify;
    char status[2000], got[2000];

    (void)state;
    memset(status, 'x', sizeof status);
    status[sizeof status - 1] = '\0';
    notify_init(&notify, path, NULL, NULL, 1);
    notify_status(&notify, status);
    assert_in_range(recv(manager, got, sizeof got, 0), 400, 600);
    notify_finish(&notify);
}

static void the_watchdog_is_fed_twice_in_its_time(void **state)
{
    struct notify notify;

    (void)state;
    notify_init(&notify, path, "120000000", NULL, 1);
    notify_alive(&notify, 10 * NS_PER_S);
    expect("WATCHDOG=1");
    notify_alive(&notify, 69 * NS_PER_S);
    expect("");
    notify_alive(&notify, 70 * NS_PER_S);
    expect("WATCHDOG=1");
    notify_alive(&notify, 3600 * NS_PER_S); /* the machine was suspended */
    expect("WATCHDOG=1");
    notify_finish(&notify);
}

static void the_watchdog_of_another_process_is_not_fed(void **state)
{
    static const struct {
        const char *usec, *pid;
        bool fed;
    } cases[] = {
        {"1000", "42", true},  {"1000", "", true},    {"1000", NULL, true},
        {"1000", "43", false}, {"1000", "4x", false}, {NULL, "42", false},
        {"", "42", false},     {"0", "42", false},    {"-5", "42", false},
        {"abc", "42", false},  {"10s", "42", false},  {"99999999999999999999", "42", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct notify notify;

        notify_init(&notify, path, cases[i].usec, cases[i].pid, 42);
        notify_alive(&notify, NS_PER_S);
        expect(cases[i].fed ? "WATCHDOG=1" : "");
        notify_finish(&notify);
    }
}

static void abstract_names_work(void **state)
{
    char name[64];
    struct notify notify;

    (void)state;
    close(manager);
    snprintf(name, sizeof name, "@s3dock-test-%d", (int)getpid());
    listen_at(name);
    notify_init(&notify, name, NULL, NULL, 1);
    notify_ready(&notify);
    expect("READY=1");
    notify_finish(&notify);
}

static void without_a_manager_nothing_happens(void **state)
{
    static const char *const names[] = {NULL, "", "/", "@", "relative", "vsock:2:1"};
    char far[300];
    struct notify notify;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        notify_init(&notify, names[i], "1000", NULL, 1);
        assert_int_equal(notify.fd, -1);
        notify_ready(&notify);
        notify_alive(&notify, 1);
        notify_status(&notify, "x");
        notify_finish(&notify);
    }
    memset(far, 'a', sizeof far);
    far[0] = '/';
    far[sizeof far - 1] = '\0';
    notify_init(&notify, far, NULL, NULL, 1);
    assert_int_equal(notify.fd, -1);
    notify_init(&notify, "/nonexistent/socket", "1000", NULL, 1);
    notify_ready(&notify); /* fails silently */
    notify_finish(&notify);
}

static void a_manager_that_reads_nothing_does_not_block(void **state)
{
    struct notify notify;

    (void)state;
    notify_init(&notify, path, "2", NULL, 1);
    for (int i = 0; i < 100000; i++)
        notify_alive(&notify, i * INT64_C(10000));
    notify_finish(&notify);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(states_are_datagrams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_status_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_watchdog_is_fed_twice_in_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_watchdog_of_another_process_is_not_fed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(abstract_names_work, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_manager_nothing_happens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_manager_that_reads_nothing_does_not_block, set_up,
                                        tear_down),
    };

    if (scratch_create())
        return 1;
    return cmocka_run_group_tests_name("notify", tests, NULL, scratch_teardown);
}
