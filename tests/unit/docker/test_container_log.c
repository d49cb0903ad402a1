/* The end of the log of a container. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "docker/container.h"
#include "kit/docker_daemon.h"

static void log_is(const struct daemon *daemon, const char *which, bool tty, unsigned lines,
                   size_t room, const char *expected)
{
    struct err err = {0};
    struct text out;

    text_init(&out, room);
    if (docker_container_log(daemon->docker, which, tty, lines, &out, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(out.data, expected);
    text_finish(&out);
}

static void the_end_of_a_log_is_printable(void **state)
{
    struct daemon daemon = start_daemon("docker-20.10");

    (void)state;
    create(&daemon, "frames",
           "{\"Image\":\"app:1\",\"Labels\":{\"fake.log\":\"one\\ntwo\\n\\u001b[31mthree\\u001b[0m"
           "\\tend\\r\\n\\u001bc\\u0007\\u009b\\u202efour\"}}");
    create(&daemon, "tty",
           "{\"Image\":\"app:1\",\"Tty\":true,\"Labels\":{\"fake.log\":\"one\\ntwo\\n\"}}");
    create(&daemon, "none", PLAIN);
    log_is(&daemon, "frames", false, 2, 4096,
           "three end\n?c?"
           "??"
           "???"
           "four\n");
    log_is(&daemon, "frames", false, 9, 4096,
           "one\ntwo\nthree end\n?c?"
           "??"
           "???"
           "four\n");
    log_is(&daemon, "tty", true, 5, 4096, "one\ntwo\n");
    log_is(&daemon, "tty", false, 5, 4096, "one\ntwo\n"); /* no frames: read as text */
    log_is(&daemon, "tty", true, 5, 5, "two\n");
    log_is(&daemon, "none", false, 5, 4096, "");
    stop_daemon(&daemon);
}

static void only_the_end_of_a_huge_log_is_kept(void **state)
{
    struct daemon daemon = start_daemon("docker-20.10");
    struct err err = {0};
    struct text out;

    (void)state;
    create(&daemon, "shop", PLAIN);
    script("[{\"kind\":\"Logs\",\"do\":\"say\",\"repeat\":20000000,\"body\":\"0123456789\"}]");
    text_init(&out, 4096);
    assert_int_equal(docker_container_log(daemon.docker, "shop", true, 20, &out, &err), 0);
    assert_true(out.size > 4000 && out.size <= 4096);
    text_finish(&out);
    stop_daemon(&daemon);
}

static void a_log_that_cannot_be_read_is_an_error(void **state)
{
    struct daemon daemon = start_daemon("docker-20.10");
    struct err err = {0};
    struct text out;

    (void)state;
    text_init(&out, 4096);
    create(&daemon, "shop", PLAIN);
    script("[{\"kind\":\"Logs\",\"do\":\"say\",\"status\":501,\"body\":\"{\\\"message\\\":"
           "\\\"configured logging driver does not support reading\\\"}\"}]");
    assert_int_equal(docker_container_log(daemon.docker, "shop", false, 20, &out, &err), ERR_FAIL);
    assert_err(&err, "docker.refused");
    assert_non_null(strstr(err.text, "does not support reading"));
    text_finish(&out);
    stop_daemon(&daemon);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_a_log_is_printable),
        cmocka_unit_test(only_the_end_of_a_huge_log_is_kept),
        cmocka_unit_test(a_log_that_cannot_be_read_is_an_error),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
