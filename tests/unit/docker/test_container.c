/* Containers of every engine: inspect, refusals, restart policies, names and networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "docker/container.h"
#include "docker/docker.h"
#include "docker/network.h"
#include "kit/docker_daemon.h"

/* ---- every engine ---- */

static void a_container_works_in_every_engine(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
        struct daemon daemon = start_daemon(engines[i]);
        struct docker_container c;
        struct err err = {0};

        create(&daemon, "shop.g2", "{\"Image\":\"app:1\",\"StopSignal\":\"SIGINT\"}");
        c = inspect(&daemon, "shop.g2");
        assert_string_equal(c.name, "shop.g2");
        assert_int_equal(c.state, CONTAINER_CREATED);
        assert_int_equal(c.pid, 0);
        assert_string_equal(c.stop_signal, "SIGINT");
        assert_int_equal(c.stop_timeout, -1);
        docker_container_finish(&c);
        assert_int_equal(docker_container_kill(daemon.docker, "shop.g2", "SIGTERM", &err),
                         DOCKER_ABSENT);
        assert_int_equal(docker_container_start(daemon.docker, "shop.g2", &err), 0);
        assert_int_equal(docker_container_start(daemon.docker, "shop.g2", &err), 0);
        assert_int_equal(state_of(&daemon, "shop.g2"), CONTAINER_RUNNING);
        assert_int_equal(docker_container_remove(daemon.docker, "shop.g2", &err), ERR_FAIL);
        assert_err(&err, "conflict.container");
        assert_int_equal(docker_container_rename(daemon.docker, "shop.g2", "shop", &err), 0);
        assert_int_equal(docker_container_rename(daemon.docker, "shop", "shop", &err), 0);
        assert_int_equal(docker_container_kill(daemon.docker, "shop", "SIGINT", &err), DOCKER_OK);
        assert_int_equal(state_of(&daemon, "shop"), CONTAINER_EXITED);
        assert_int_equal(docker_container_remove(daemon.docker, "shop", &err), DOCKER_OK);
        assert_int_equal(docker_container_remove(daemon.docker, "shop", &err), DOCKER_ABSENT);
        assert_int_equal(docker_container_inspect(daemon.docker, "shop", &c, &err), DOCKER_ABSENT);
        docker_container_finish(&c);
        stop_daemon(&daemon);
    }
}

static void an_inspect_reports_what_decides(void **state)
{
    struct daemon daemon = start_daemon("docker-28");
    struct docker_container c;
    char text[64];

    (void)state;
    run(&daemon, "shop",
        "{\"Image\":\"app:1\",\"Tty\":true,\"StopTimeout\":90,\"Labels\":{\"fake.health\":"
        "\"unhealthy\",\"dev.s3dock.slot\":\"blue\",\"DEV.s3dock.slot\":\"green\"},\"HostConfig\":{"
        "\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":4},\"NetworkMode\":"
        "\"web\"}}");
    c = inspect(&daemon, "shop");
    assert_string_equal(c.id, "0001c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffee");
    assert_int_equal(strlen(c.image_id), 71);
    assert_int_equal(c.state, CONTAINER_RUNNING);
    assert_int_equal(c.health, HEALTH_UNHEALTHY);
    assert_int_equal(strncmp(c.started_at, "2026-11-29T16:00:", 17), 0);
    assert_true(c.pid > 0);
    assert_true(c.tty);
    assert_string_equal(c.restart_policy, "on-failure");
    assert_int_equal(c.restart_retries, 4);
    assert_string_equal(c.stop_signal, "SIGTERM");
    assert_int_equal(c.stop_timeout, 90);
    assert_true(docker_container_label(&c, "dev.s3dock.slot", text, sizeof text));
    assert_string_equal(text, "blue");
    assert_false(docker_container_label(&c, "dev.s3dock.slot", text, 4)); /* too long for 4 */
    assert_string_equal(text, "");
    assert_false(docker_container_label(&c, "dev.s3dock", text, sizeof text));
    assert_true(docker_container_address(&c, "web", text));
    assert_string_equal(text, "172.30.19.2");
    assert_true(docker_container_address(&c, "", text));
    assert_false(docker_container_address(&c, "db", text));
    docker_container_finish(&c);
    docker_container_finish(&c);
    stop_daemon(&daemon);
}

/* From API 1.52 on there is no address outside of the list of networks. */
static void addresses_are_found_in_every_api_version(void **state)
{
    static const char *const versions[] = {"1.44", "1.51", "1.52", "1.54"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        struct daemon daemon = start_daemon_of("docker-29.3", versions[i], 10 * NS_PER_S);
        struct docker_container c;
        char address[64];

        run(&daemon, "shop", PLAIN);
        c = inspect(&daemon, "shop");
        assert_true(docker_container_address(&c, "bridge", address));
        docker_container_finish(&c);
        stop_daemon(&daemon);
    }
}

/* ---- refusals ---- */

static void a_create_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *engine, *name, *body, *code;
    } cases[] = {
        {"docker-20.10", "shop", PLAIN, "conflict.container"},
        {"podman", "shop", PLAIN, "conflict.container"},
        {"docker-20.10", "new", "{\"Image\":\"other:1\"}", "not_found.image"},
        {"podman", "new", "{\"Image\":\"other:1\"}", "not_found.image"},
        {"docker-28", "new", "{\"Image\":5}", "docker.refused"},
        {"docker-28", "new", "{", "docker.refused"},
        {"docker-28", "../new", PLAIN, "usage.container"},
        {"docker-28", "new&x=1", PLAIN, "usage.container"},
        {"docker-28", "", PLAIN, "usage.container"},
        {"docker-24", "new",
         "{\"Image\":\"app:1\",\"NetworkingConfig\":{\"EndpointsConfig\":{\"web\":{},\"db\":{}}}}",
         "docker.refused"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct daemon daemon = start_daemon(cases[i].engine);
        char id[DOCKER_ID_SIZE] = "x";
        struct err err = {0};

        create(&daemon, "shop", PLAIN);
        assert_int_equal(docker_container_create(daemon.docker, cases[i].name,
                                                 view_str(cases[i].body), id, NULL, &err),
                         ERR_FAIL);
        assert_err(&err, cases[i].code);
        assert_string_equal(id, "");
        stop_daemon(&daemon);
    }
}

static void two_networks_fit_into_a_create_from_api_1_44_on(void **state)
{
    struct daemon daemon = start_daemon("docker-25");

    (void)state;
    assert_true(docker_api_at_least(daemon.docker, "1.44"));
    assert_true(docker_api_at_least(daemon.docker, "1.9"));
    assert_false(docker_api_at_least(daemon.docker, "1.45"));
    assert_false(docker_api_at_least(daemon.docker, "2.0"));
    create(
        &daemon, "shop",
        "{\"Image\":\"app:1\",\"NetworkingConfig\":{\"EndpointsConfig\":{\"web\":{},\"db\":{}}}}");
    stop_daemon(&daemon);
}

static void warnings_of_a_create_are_printable(void **state)
{
    struct daemon daemon = start_daemon("docker-28");
    struct text warnings;
    struct err err = {0};
    char id[DOCKER_ID_SIZE];

    (void)state;
    text_init(&warnings, 4096);
    assert_int_equal(
        docker_container_create(daemon.docker, "shop",
                                view_str("{\"Image\":\"app:1\",\"HostConfig\":{\"Memory\":1},"
                                         "\"Labels\":{\"fake.swap\":\"\"}}"),
                                id, &warnings, &err),
        0);
    assert_string_equal(warnings.data, "Your kernel does not support swap limit capabilities. "
                                       "Memory limited without swap.\n");
    text_finish(&warnings);
    stop_daemon(&daemon);
}

static void a_start_that_fails_leaves_the_container(void **state)
{
    static const struct {
        const char *body, *words;
    } cases[] = {
        {"{\"Image\":\"app:1\",\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"HostIp\":"
         "\"127.0.0.1\",\"HostPort\":\"18081\"}]}}}",
         "port is already allocated"},
        {"{\"Image\":\"app:1\",\"HostConfig\":{\"NetworkMode\":\"other\"}}", "network other"},
        {"{\"Image\":\"app:1\",\"Labels\":{\"fake.start\":\"no \\u001b[31mrunc\"}}",
         "no ?[31mrunc"},
    };
    struct daemon daemon = start_daemon("docker-20.10");

    (void)state;
    run(&daemon, "holder", cases[0].body);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct docker_container c;
        struct err err = {0};

        create(&daemon, "shop", cases[i].body);
        assert_int_equal(docker_container_start(daemon.docker, "shop", &err), ERR_FAIL);
        assert_err(&err, "docker.start");
        c = inspect(&daemon, "shop");
        assert_non_null(strstr(c.error, cases[i].words));
        assert_int_equal(c.state, CONTAINER_CREATED);
        docker_container_finish(&c);
        assert_int_equal(docker_container_remove(daemon.docker, "shop", &err), DOCKER_OK);
    }
    stop_daemon(&daemon);
}

/* The daemon reports with status 403 what only a proxy seems to report. */
static void an_endpoint_that_is_in_the_way_is_named(void **state)
{
    struct daemon daemon = start_daemon("docker-20.10");
    struct err err = {0};

    (void)state;
    create(&daemon, "shop", PLAIN);
    script("[{\"kind\":\"Any\",\"times\":0,\"do\":\"say\",\"status\":403,\"body\":"
           "\"{\\\"message\\\":\\\"endpoint with name shop already exists in network web\\\"}\"}]");
    assert_int_equal(docker_container_start(daemon.docker, "shop", &err), ERR_FAIL);
    assert_err(&err, "docker.start");
    assert_non_null(strstr(err.text, "in network web"));
    assert_non_null(strstr(err.hint, "docker network disconnect"));
    stop_daemon(&daemon);
}

static void absent_containers_are_reported(void **state)
{
    static const char *const argv[] = {"exit", "0", NULL};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
        struct daemon daemon = start_daemon(engines[i]);
        struct docker *docker = daemon.docker;
        struct docker_container c;
        struct err err = {0};
        struct text out;
        int code;

        text_init(&out, 4096);
        assert_int_equal(docker_container_inspect(docker, "no", &c, &err), DOCKER_ABSENT);
        assert_int_equal(docker_container_kill(docker, "no", "SIGTERM", &err), DOCKER_ABSENT);
        assert_int_equal(docker_container_remove(docker, "no", &err), DOCKER_ABSENT);
        assert_int_equal(docker_container_discard(docker, "no", &err), DOCKER_ABSENT);
        assert_int_equal(docker_container_start(docker, "no", &err), ERR_FAIL);
        assert_err(&err, "not_found.container");
        assert_int_equal(docker_container_rename(docker, "no", "other", &err), ERR_FAIL);
        assert_err(&err, "not_found.container");
        assert_int_equal(docker_container_connect(docker, "no", "web", view_str(""), &err),
                         ERR_FAIL);
        assert_err(&err, "not_found.container");
        assert_int_equal(docker_container_log(docker, "no", false, 5, &out, &err), ERR_FAIL);
        assert_err(&err, "not_found.container");
        assert_int_equal(docker_container_exec(docker, "no", argv, NS_PER_S, &code, &err),
                         ERR_FAIL);
        assert_err(&err, "not_found.container");
        text_finish(&out);
        stop_daemon(&daemon);
    }
}

/* A 404 that does not come from the daemon must not count as "the container is gone". */
static void a_404_of_a_proxy_is_no_absence(void **state)
{
    static const char *const bodies[] = {"<html>404</html>", "",
                                         "{\\\"message\\\":\\\"page not found\\\"}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        struct daemon daemon = start_daemon("docker-28");
        struct docker_container c;
        struct err err = {0};
        char rules[256];

        create(&daemon, "shop", PLAIN);
        snprintf(rules, sizeof rules,
                 "[{\"kind\":\"Any\",\"times\":0,\"do\":\"say\",\"status\":404,\"body\":\"%s\"}]",
                 bodies[i]);
        script(rules);
        assert_int_equal(docker_container_inspect(daemon.docker, "shop", &c, &err), ERR_FAIL);
        assert_err(&err, "docker.refused");
        assert_int_equal(docker_container_kill(daemon.docker, "shop", "SIGTERM", &err), ERR_FAIL);
        assert_err(&err, "docker.refused");
        assert_int_equal(docker_container_remove(daemon.docker, "shop", &err), ERR_FAIL);
        assert_err(&err, "docker.refused");
        stop_daemon(&daemon);
    }
}

static void a_denied_request_names_the_rights(void **state)
{
    struct daemon daemon = start_daemon("docker-28");
    struct docker_container c;
    struct err err = {0};

    (void)state;
    script("[{\"kind\":\"Any\",\"times\":0,\"do\":\"status\",\"status\":403}]");
    assert_int_equal(docker_container_inspect(daemon.docker, "shop", &c, &err), ERR_FAIL);
    assert_err(&err, "docker.refused");
    assert_non_null(strstr(err.hint, "/containers/*"));
    assert_int_equal(docker_container_start(daemon.docker, "shop", &err), ERR_FAIL);
    assert_err(&err, "docker.refused"); /* not docker.start: the container is not to blame */
    stop_daemon(&daemon);
}

static void a_used_image_is_not_removed(void **state)
{
    struct daemon daemon = start_daemon("docker-20.10");
    struct err err = {0};

    (void)state;
    create(&daemon, "shop", PLAIN);
    assert_int_equal(docker_untag(daemon.docker, "app:1", &err), ERR_FAIL);
    assert_err(&err, "conflict.image");
    stop_daemon(&daemon);
}

/* ---- restart policies ---- */

static void the_restart_policy_is_sent_whole(void **state)
{
    static const struct {
        const char *engine;
        int result;
    } cases[] = {{"docker-20.10", 0}, {"docker-29.3", 0}, {"podman-5", 0}, {"podman", ERR_FAIL}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct daemon daemon = start_daemon(cases[i].engine);
        struct docker_container c;
        struct err err = {0};

        create(&daemon, "shop", PLAIN);
        assert_int_equal(docker_container_set_restart(daemon.docker, "shop", "on-failure", 3, &err),
                         cases[i].result);
        if (cases[i].result < 0)
            assert_err(&err, "unsupported.update");
        c = inspect(&daemon, "shop");
        assert_string_equal(c.restart_policy, cases[i].result < 0 ? "" : "on-failure");
        assert_int_equal(c.restart_retries, cases[i].result < 0 ? 0 : 3);
        docker_container_finish(&c);
        stop_daemon(&daemon);
    }
}

static void a_wrong_policy_is_refused(void **state)
{
    struct daemon daemon = start_daemon("docker-28");
    struct err err = {0};

    (void)state;
    create(&daemon, "shop", PLAIN);
    assert_int_equal(docker_container_set_restart(daemon.docker, "shop", "sometimes", 0, &err),
                     ERR_FAIL);
    assert_err(&err, "docker.refused");
    assert_int_equal(docker_container_set_restart(daemon.docker, "no", "no", 0, &err), ERR_FAIL);
    assert_err(&err, "not_found.container");
    stop_daemon(&daemon);
}

/* Podman before 4.7 starts a killed container again, so it is stopped there. */
static void a_killed_container_stays_down(void **state)
{
    static const char *const bodies[] = {
        "{\"Image\":\"app:1\",\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"always\"}}}",
        "{\"Image\":\"app:1\",\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"unless-stopped\"}}}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(engines); i++)
        for (size_t j = 0; j < ARRAY_SIZE(bodies); j++) {
            struct daemon daemon = start_daemon(engines[i]);
            struct err err = {0};

            run(&daemon, "shop", bodies[j]);
            assert_int_equal(docker_container_kill(daemon.docker, "shop", "SIGTERM", &err),
                             DOCKER_OK);
            assert_int_equal(state_of(&daemon, "shop"), CONTAINER_EXITED);
            stop_daemon(&daemon);
        }
}

static void a_slow_end_is_not_awaited(void **state)
{
    static const char *const both[] = {"docker-20.10", "podman"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        struct daemon daemon = start_daemon_of(both[i], "", 5 * NS_PER_S);
        struct err err = {0};

        run(&daemon, "shop", "{\"Image\":\"app:1\",\"Labels\":{\"fake.slow\":\"600\"}}");
        assert_int_equal(docker_container_kill(daemon.docker, "shop", "SIGTERM", &err), DOCKER_OK);
        assert_int_equal(state_of(&daemon, "shop"), CONTAINER_RUNNING);
        assert_int_equal(docker_container_kill(daemon.docker, "shop", "SIGKILL", &err), DOCKER_OK);
        assert_int_equal(state_of(&daemon, "shop"), CONTAINER_EXITED);
        assert_int_equal(docker_container_kill(daemon.docker, "shop", "SIGKILL", &err),
                         DOCKER_ABSENT);
        stop_daemon(&daemon);
    }
}

/* ---- names and networks ---- */

static void a_taken_name_is_a_conflict(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
        struct daemon daemon = start_daemon(engines[i]);
        struct err err = {0};

        create(&daemon, "shop", PLAIN);
        create(&daemon, "shop.g2", PLAIN);
        assert_int_equal(docker_container_rename(daemon.docker, "shop.g2", "shop", &err), ERR_FAIL);
        assert_err(&err, "conflict.container");
        assert_int_equal(docker_container_rename(daemon.docker, "shop.g2", "a/b", &err), ERR_FAIL);
        assert_err(&err, "usage.container");
        stop_daemon(&daemon);
    }
}

/* The first response is lost: the container has the name already. Only an id still leads to it. */
static void a_rename_whose_response_failed_is_found(void **state)
{
    struct daemon daemon = start_daemon("docker-20.10");
    struct docker_container c;
    struct err err = {0};

    (void)state;
    create(&daemon, "shop", PLAIN);
    c = inspect(&daemon, "shop");
    script("[{\"kind\":\"Rename\",\"times\":0,\"do\":\"after\",\"status\":500}]");
    assert_int_equal(docker_container_rename(daemon.docker, c.id, "shop.g2", &err), 0);
    assert_int_equal(docker_container_rename(daemon.docker, "shop.g2", "shop.g3", &err), ERR_FAIL);
    assert_err(&err, "docker.refused");
    docker_container_finish(&c);
    stop_daemon(&daemon);
}

static void networks_are_found_and_connected(void **state)
{
    struct daemon daemon = start_daemon("docker-24");
    struct docker *docker = daemon.docker;
    struct docker_container c;
    struct err err = {0};
    char address[64];

    (void)state;
    create(&daemon, "shop", PLAIN);
    assert_int_equal(docker_network_exists(docker, "web", &err), DOCKER_OK);
    assert_int_equal(docker_network_exists(docker, "other net", &err), DOCKER_ABSENT);
    assert_int_equal(docker_network_exists(docker, "..", &err), ERR_FAIL);
    assert_err(&err, "usage.network");
    assert_int_equal(
        docker_container_connect(docker, "shop", "web", view_str("{\"Aliases\":[\"blue\"]}"), &err),
        0);
    assert_int_equal(docker_container_connect(docker, "shop", "web", view_str(""), &err), 0);
    assert_int_equal(docker_container_connect(docker, "shop", "other", view_str(""), &err),
                     ERR_FAIL);
    assert_err(&err, "not_found.network");
    assert_int_equal(docker_container_start(docker, "shop", &err), 0);
    c = inspect(&daemon, "shop");
    assert_true(docker_container_address(&c, "web", address));
    docker_container_finish(&c);
    stop_daemon(&daemon);
}

/* ---- the daemon itself ---- */

static void the_daemon_describes_its_host(void **state)
{
    struct daemon daemon = start_daemon("docker-20.10");
    const struct docker_engine *engine = docker_engine(daemon.docker);

    (void)state;
    assert_string_equal(engine->default_runtime, "runc");
    assert_true(engine->memory == INT64_C(8) << 30);
    assert_true(engine->local);
    assert_true(engine->same_host);
    stop_daemon(&daemon);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_container_works_in_every_engine),
        cmocka_unit_test(an_inspect_reports_what_decides),
        cmocka_unit_test(addresses_are_found_in_every_api_version),
        cmocka_unit_test(a_create_is_refused_with_its_reason),
        cmocka_unit_test(two_networks_fit_into_a_create_from_api_1_44_on),
        cmocka_unit_test(warnings_of_a_create_are_printable),
        cmocka_unit_test(a_start_that_fails_leaves_the_container),
        cmocka_unit_test(an_endpoint_that_is_in_the_way_is_named),
        cmocka_unit_test(absent_containers_are_reported),
        cmocka_unit_test(a_404_of_a_proxy_is_no_absence),
        cmocka_unit_test(a_denied_request_names_the_rights),
        cmocka_unit_test(a_used_image_is_not_removed),
        cmocka_unit_test(the_restart_policy_is_sent_whole),
        cmocka_unit_test(a_wrong_policy_is_refused),
        cmocka_unit_test(a_killed_container_stays_down),
        cmocka_unit_test(a_slow_end_is_not_awaited),
        cmocka_unit_test(a_taken_name_is_a_conflict),
        cmocka_unit_test(a_rename_whose_response_failed_is_found),
        cmocka_unit_test(networks_are_found_and_connected),
        cmocka_unit_test(the_daemon_describes_its_host),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
