/* Commands in a container. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "docker/container.h"
#include "kit/docker_daemon.h"

static void a_command_returns_its_exit_code(void **state)
{
    static const char *const seven[] = {"exit", "7", NULL}, *const zero[] = {"exit", "0", NULL};
    static const char *const absent[] = {"/no\"such", "x", NULL};
    static const char *const endless[] = {"sleep", NULL};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
        struct daemon daemon = start_daemon(engines[i]);
        struct docker *docker = daemon.docker;
        struct err err = {0};
        int code = -1;

        create(&daemon, "shop", PLAIN);
        assert_int_equal(docker_container_exec(docker, "shop", zero, NS_PER_S, &code, &err),
                         ERR_FAIL); /* it does not run */
        assert_err(&err, "docker.exec");
        assert_int_equal(docker_container_start(docker, "shop", &err), 0);
        assert_int_equal(docker_container_exec(docker, "shop", seven, 10 * NS_PER_S, &code, &err),
                         0);
        assert_int_equal(code, 7);
        assert_int_equal(docker_container_exec(docker, "shop", zero, 10 * NS_PER_S, &code, &err),
                         0);
        assert_int_equal(code, 0);
        assert_int_equal(docker_container_exec(docker, "shop", absent, 10 * NS_PER_S, &code, &err),
                         ERR_FAIL);
        assert_err(&err, "docker.exec");
        assert_int_equal(
            docker_container_exec(docker, "shop", endless, 200 * NS_PER_MS, &code, &err), ERR_FAIL);
        assert_err(&err, "docker.exec");
        assert_non_null(strstr(err.text, "longer than 0.2 s"));
        stop_daemon(&daemon);
    }
}

static void a_cancel_ends_the_wait_for_a_command(void **state)
{
    static const char *const endless[] = {"sleep", NULL};
    struct docker_endpoint endpoint = endpoint_of(&server, "", 10 * NS_PER_S);
    struct daemon daemon;
    struct cancel cancel;
    struct err err = {0};
    int code;

    (void)state;
    control("{\"profile\":\"%s\"}", "docker-20.10");
    cancel_init(&cancel);
    daemon.docker = docker_open(&endpoint, &cancel, &err);
    run(&daemon, "shop", PLAIN);
    cancel_request(&cancel, SIGTERM);
    assert_int_equal(
        docker_container_exec(daemon.docker, "shop", endless, 600 * NS_PER_S, &code, &err),
        ERR_FAIL);
    assert_int_equal(err.family, ERR_CANCELLED);
    stop_daemon(&daemon);
}

static void strange_responses_to_a_command_are_refused(void **state)
{
    static const char *const argv[] = {"exit", "0", NULL};
    static const struct {
        const char *kind, *body;
    } cases[] = {
        {"Exec", "{\\\"Id\\\":\\\"../../images/x\\\"}"},
        {"Exec", "{\\\"Id\\\":\\\"\\\"}"},
        {"Exec", "[]"},
        {"ExecInspect", "{\\\"Running\\\":\\\"no\\\",\\\"ExitCode\\\":0}"},
        {"ExecInspect", "{}"},
    };
    struct daemon daemon = start_daemon("docker-20.10");

    (void)state;
    run(&daemon, "shop", PLAIN);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = {0};
        char rules[256];
        int code;

        snprintf(rules, sizeof rules, "[{\"kind\":\"%s\",\"do\":\"say\",\"body\":\"%s\"}]",
                 cases[i].kind, cases[i].body);
        script(rules);
        assert_int_equal(docker_container_exec(daemon.docker, "shop", argv, NS_PER_S, &code, &err),
                         ERR_FAIL);
        assert_err(&err, "docker.answer");
    }
    stop_daemon(&daemon);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_returns_its_exit_code),
        cmocka_unit_test(a_cancel_ends_the_wait_for_a_command),
        cmocka_unit_test(strange_responses_to_a_command_are_refused),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
