#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "docker/container.h"
#include "docker/container_list.h"
#include "docker/docker.h"
#include "docker/network.h"
#include "kit/fake_docker.h"

#define PLAIN "{\"Image\":\"app:1\"}"

static const char *const engines[] = {"docker-17", "docker-20.10", "docker-29.3", "podman",
                                      "podman-5"};

/* ---- a daemon with containers ---- */

static struct docker_endpoint endpoint_of(const struct fake_docker *fake, const char *api,
                                          int64_t patience)
{
    struct docker_endpoint endpoint = {
        .origin = "DOCKER_HOST", .url = "http://localhost", .patience = patience};

    snprintf(endpoint.host, sizeof endpoint.host, "unix://%s", fake->socket);
    snprintf(endpoint.socket, sizeof endpoint.socket, "%s", fake->socket);
    snprintf(endpoint.api_version, sizeof endpoint.api_version, "%s", api);
    return endpoint;
}

/* One server for all tests: a test makes it another engine, without containers. */
static struct fake_docker server;

struct daemon {
    struct docker *docker;
};

#define OPEN_TRIES 100

static void control(const char *fmt, const char *value)
{
    char words[1024];

    snprintf(words, sizeof words, fmt, value);
    fake_docker_control(&server, words, NULL, 0);
}

static struct daemon start_daemon_of(const char *profile, const char *api, int64_t patience)
{
    struct docker_endpoint endpoint = endpoint_of(&server, api, patience);
    struct daemon daemon;
    struct err err = {0};

    control("{\"profile\":\"%s\",\"rules\":[]}", profile);
    /* On a busy machine the daemon may need longer than a short patience. */
    for (unsigned tries = 0; tries < OPEN_TRIES; tries++) {
        daemon.docker = docker_open(&endpoint, NULL, &err);
        if (daemon.docker)
            break;
    }
    if (!daemon.docker)
        print_error("%s\n", err.text);
    assert_non_null(daemon.docker);
    return daemon;
}

static struct daemon start_daemon(const char *profile)
{
    return start_daemon_of(profile, "", 10 * NS_PER_S);
}

static void stop_daemon(struct daemon *daemon)
{
    docker_close(daemon->docker);
}

static void script(const char *rules)
{
    control("{\"rules\":%s}", rules);
}

static void create(const struct daemon *daemon, const char *name, const char *body)
{
    char id[DOCKER_ID_SIZE];
    struct err err = {0};

    if (docker_container_create(daemon->docker, name, view_str(body), id, NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(strlen(id), 64);
}

static void run(const struct daemon *daemon, const char *name, const char *body)
{
    struct err err = {0};

    create(daemon, name, body);
    if (docker_container_start(daemon->docker, name, &err) != 0)
        fail_msg("%s", err.text);
}

/* Returns an inspect, which the caller finishes. */
static struct docker_container inspect(const struct daemon *daemon, const char *which)
{
    struct docker_container container;
    struct err err = {0};

    if (docker_container_inspect(daemon->docker, which, &container, &err) != DOCKER_OK)
        fail_msg("%s: %s", which, err.text);
    return container;
}

static enum container_state state_of(const struct daemon *daemon, const char *which)
{
    struct docker_container container = inspect(daemon, which);
    enum container_state state = container.state;

    docker_container_finish(&container);
    return state;
}

static void assert_err(const struct err *err, const char *code)
{
    char found[64];

    snprintf(found, sizeof found, "%s.%s", err_family_name(err->family), err->code);
    assert_string_equal(found, code);
}

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

/* ---- commands ---- */

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

/* ---- logs ---- */

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

/* ---- lists ---- */

static void lists_are_filtered_by_label(void **state)
{
    static const struct {
        const char *label;
        unsigned count;
    } cases[] = {
        {NULL, 3},    {"unit", 2}, {"unit=a", 1}, {"unit=b c\"&", 1},
        {"unit=", 0}, {"UNIT", 0}, {"other", 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
        struct daemon daemon = start_daemon(engines[i]);

        create(&daemon, "one", "{\"Image\":\"app:1\",\"Labels\":{\"unit\":\"a\"}}");
        run(&daemon, "two",
            "{\"Image\":\"app:1\",\"Labels\":{\"unit\":\"b "
            "c\\\"&\",\"fake.health\":\"starting\"}}");
        create(&daemon, "three", "{\"Image\":\"app:1\",\"Labels\":{\"other\":\"\"}}");
        for (size_t j = 0; j < ARRAY_SIZE(cases); j++) {
            struct docker_container_list list;
            struct err err = {0};

            assert_int_equal(docker_list_containers(daemon.docker, cases[j].label, &list, &err), 0);
            assert_int_equal(list.count, cases[j].count);
            if (list.count > 1) {
                assert_string_equal(list.containers[0].name, "one");
                assert_int_equal(list.containers[0].state, CONTAINER_CREATED);
                assert_int_equal(list.containers[1].state, CONTAINER_RUNNING);
                assert_int_equal(list.containers[1].health, HEALTH_STARTING);
                assert_int_equal(strlen(list.containers[1].image_id), 71);
                assert_true(list.containers[1].created > 1700000000);
            }
            docker_container_list_finish(&list);
        }
        stop_daemon(&daemon);
    }
}

static void a_single_list_is_a_single_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
        struct daemon daemon = start_daemon(engines[i]);
        struct docker_endpoint endpoint = endpoint_of(&server, "", 10 * NS_PER_S);
        struct docker_container_list list;
        struct err err = {0};
        char kinds[256];

        create(&daemon, "one", "{\"Image\":\"app:1\",\"Labels\":{\"unit\":\"a\"}}");
        script("[]");
        assert_int_equal(docker_list_containers_once(&endpoint, NULL, "unit", &list, &err), 0);
        assert_int_equal(list.count, 1);
        docker_container_list_finish(&list);
        fake_docker_control(&server, "{\"rules\":[]}", kinds, sizeof kinds);
        assert_non_null(strstr(kinds, "\"kinds\": [\"Containers\"]"));
        stop_daemon(&daemon);
    }
}

/* The daemon's filter is not trusted: a container of another unit must not be taken for ours. */
static void other_containers_in_a_filtered_list_are_dropped(void **state)
{
    struct daemon daemon = start_daemon("docker-20.10");
    struct docker_container_list list;
    struct err err = {0};
    char rules[512];

    (void)state;
    snprintf(
        rules, sizeof rules,
        "[{\"kind\":\"Containers\",\"do\":\"say\",\"body\":\"[{\\\"Id\\\":\\\"%064d\\\","
        "\\\"State\\\":\\\"running\\\",\\\"Names\\\":null,\\\"Labels\\\":{\\\"Unit\\\":\\\"a\\\"}},"
        "{\\\"Id\\\":\\\"%064d\\\",\\\"State\\\":\\\"exited\\\",\\\"Labels\\\":{\\\"unit\\\":"
        "\\\"a\\\"}}]\"}]",
        1, 2);
    script(rules);
    assert_int_equal(docker_list_containers(daemon.docker, "unit=a", &list, &err), 0);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.containers[0].state, CONTAINER_EXITED);
    docker_container_list_finish(&list);
    stop_daemon(&daemon);
}

/* ---- hostile responses ---- */

#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void odd_inspects_are_refused(void **state)
{
    static const struct {
        const char *json, *code; /* code NULL: accepted */
    } cases[] = {
        {"{\"Id\":\"" ID64 "\",\"Name\":\"/a\",\"State\":{\"Status\":\"running\"}}", NULL},
        {"{\"Id\":\"" ID64 "\",\"Name\":\"a\",\"State\":{\"Status\":\"dead\"}}", NULL},
        {"{\"Id\":\"" ID64 "\",\"Name\":\"/a\",\"State\":{\"Status\":\"new\",\"Running\":true}}",
         NULL},
        {"{\"Id\":\"" ID64 "\",\"Name\":\"/a\",\"State\":{\"Status\":\"new\"}}", "docker.inspect"},
        {"{\"Id\":\"" ID64 "\",\"Name\":\"/a\",\"State\":[]}", "docker.inspect"},
        {"{\"Id\":\"" ID64 "\",\"Name\":\"/a\\u001b\",\"State\":{\"Status\":\"running\"}}",
         "docker.inspect"},
        {"{\"Id\":\"" ID64 "\",\"Name\":\"/a/b\",\"State\":{\"Status\":\"running\"}}",
         "docker.inspect"},
        {"{\"Id\":\"" ID64 "0\",\"Name\":\"/a\",\"State\":{\"Status\":\"running\"}}",
         "docker.inspect"},
        {"{\"Id\":[\"x\"],\"Name\":\"/a\",\"State\":{\"Status\":\"running\"}}", "docker.inspect"},
        {"[]", "docker.inspect"},
        {"null", "docker.inspect"},
        {"5", "docker.inspect"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct docker_container c;
        struct err err = {0};
        struct json *json;

        assert_int_equal(json_parse(&json, view_str(cases[i].json), &JSON_IMAGE, "x", &err), 0);
        assert_int_equal(docker_container_read(json, &c, &err), cases[i].code ? ERR_FAIL : 0);
        if (cases[i].code)
            assert_err(&err, cases[i].code);
        docker_container_finish(&c);
    }
}

static void odd_values_of_an_inspect_are_left_out(void **state)
{
    static const char text[] =
        "{\"Id\":\"" ID64 "\",\"Name\":\"/a\",\"Image\":\"" ID64 "\",\"RestartCount\":-5,"
        "\"State\":{\"Status\":\"running\",\"Pid\":-1,\"ExitCode\":\"x\",\"Error\":"
        "\"a\\u0007b\\nc\","
        "\"Health\":{\"Status\":\"Healthy\"},\"StartedAt\":[]},"
        "\"Config\":{\"StopSignal\":37,\"StopTimeout\":-9,\"Tty\":\"yes\",\"Labels\":[]},"
        "\"HostConfig\":{\"RestartPolicy\":\"always\"},"
        "\"NetworkSettings\":{\"Networks\":{\"a\":5,\"b\":{\"IPAddress\":\"evil; rm\","
        "\"GlobalIPv6Address\":\"fd00::2\"}}}}";
    struct docker_container c;
    struct err err = {0};
    struct json *json;
    char out[64];

    (void)state;
    assert_int_equal(json_parse(&json, view_str(text), &JSON_IMAGE, "x", &err), 0);
    assert_int_equal(docker_container_read(json, &c, &err), 0);
    assert_string_equal(c.image_id, "sha256:" ID64);
    assert_int_equal(c.restart_count, 0);
    assert_int_equal(c.pid, 0);
    assert_int_equal(c.exit_code, 0);
    assert_string_equal(c.error, "a?b c");
    assert_int_equal(c.health, HEALTH_NONE);
    assert_string_equal(c.started_at, "");
    assert_string_equal(c.stop_signal, "37");
    assert_int_equal(c.stop_timeout, -1);
    assert_false(c.tty);
    assert_string_equal(c.restart_policy, "");
    assert_false(docker_container_label(&c, "a", out, sizeof out));
    assert_true(docker_container_address(&c, "", out));
    assert_string_equal(out, "fd00::2");
    docker_container_finish(&c);
}

static void odd_lists_are_refused(void **state)
{
    static const char *const cases[] = {
        "{}",
        "5",
        "[5]",
        "[{}]",
        "[{\"Id\":\"" ID64 "\"}]",
        "[{\"Id\":\"x\",\"State\":\"running\"}]",
    };
    struct text many;

    (void)state;
    text_init(&many, MIB);
    text_char(&many, '[');
    for (int i = 0; i <= DOCKER_CONTAINERS_MAX; i++)
        text_printf(&many, "%s{\"Id\":\"%064d\",\"State\":\"running\"}", i ? "," : "", i);
    text_char(&many, ']');
    for (size_t i = 0; i <= ARRAY_SIZE(cases); i++) {
        struct docker_container_list list;
        struct err err = {0};
        struct json *json;

        assert_int_equal(json_parse(&json,
                                    i < ARRAY_SIZE(cases) ? view_str(cases[i]) : text_view(&many),
                                    &JSON_IMAGE, "x", &err),
                         0);
        assert_int_equal(docker_container_list_read(json, NULL, &list, &err), ERR_FAIL);
        assert_err(&err, "docker.containers");
        docker_container_list_finish(&list);
    }
    text_finish(&many);
}

/* ---- every request, every fault ---- */

static int call_inspect(struct docker *docker, struct err *err)
{
    struct docker_container c;
    int answer = docker_container_inspect(docker, "shop", &c, err);

    docker_container_finish(&c);
    return answer;
}

static int call_list(struct docker *docker, struct err *err)
{
    struct docker_container_list list;
    int answer = docker_list_containers(docker, NULL, &list, err);

    docker_container_list_finish(&list);
    return answer;
}

static int call_create(struct docker *docker, struct err *err)
{
    char id[DOCKER_ID_SIZE];

    return docker_container_create(docker, "new", view_str(PLAIN), id, NULL, err);
}

static int call_start(struct docker *docker, struct err *err)
{
    return docker_container_start(docker, "shop", err);
}

static int call_kill(struct docker *docker, struct err *err)
{
    return docker_container_kill(docker, "shop", "SIGTERM", err);
}

static int call_restart(struct docker *docker, struct err *err)
{
    return docker_container_set_restart(docker, "shop", "always", 0, err);
}

static int call_rename(struct docker *docker, struct err *err)
{
    return docker_container_rename(docker, "shop", "shop.g2", err);
}

static int call_remove(struct docker *docker, struct err *err)
{
    return docker_container_remove(docker, "shop", err);
}

static int call_connect(struct docker *docker, struct err *err)
{
    return docker_container_connect(docker, "shop", "web", view_str(""), err);
}

static int call_network(struct docker *docker, struct err *err)
{
    return docker_network_exists(docker, "web", err);
}

static int call_log(struct docker *docker, struct err *err)
{
    struct text out;
    int failed;

    text_init(&out, 4096);
    failed = docker_container_log(docker, "shop", false, 5, &out, err);
    text_finish(&out);
    return failed;
}

static int call_exec(struct docker *docker, struct err *err)
{
    static const char *const argv[] = {"exit", "0", NULL};
    int code;

    return docker_container_exec(docker, "shop", argv, NS_PER_S, &code, err);
}

static const struct call {
    const char *kind;
    int (*call)(struct docker *docker, struct err *err);
    bool runs; /* "shop" runs before the call */
} calls[] = {
    {"Container", call_inspect, false}, {"Containers", call_list, false},
    {"Create", call_create, false},     {"Start", call_start, false},
    {"Kill", call_kill, true},          {"Update", call_restart, false},
    {"Rename", call_rename, false},     {"Remove", call_remove, false},
    {"Connect", call_connect, false},   {"Network", call_network, false},
    {"Logs", call_log, false},          {"Exec", call_exec, true},
    {"ExecStart", call_exec, true},     {"ExecInspect", call_exec, true},
};

static void remove_all(const struct daemon *daemon)
{
    static const char *const names[] = {"shop", "shop.g2", "new"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct err err = {0};

        docker_container_kill(daemon->docker, names[i], "SIGKILL", &err);
        docker_container_remove(daemon->docker, names[i], &err);
    }
}

static void every_request_fails_with_an_error(void **state)
{
    static const char *const faults[] = {
        "\"do\":\"status\",\"status\":500",
        "\"do\":\"after\",\"status\":500",
        "\"do\":\"status\",\"status\":403",
        "\"do\":\"reset\"",
        "\"do\":\"lose\"",
        "\"do\":\"stall\",\"seconds\":30",
        "\"do\":\"cut\",\"bytes\":9",
        "\"do\":\"hold\",\"bytes\":20,\"seconds\":30",
        "\"do\":\"text\"",
        "\"do\":\"say\",\"body\":\"<\"",
    };

    struct daemon patient = start_daemon("docker-20.10");
    struct daemon hurried = start_daemon_of("docker-20.10", "", 150 * NS_PER_MS);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(faults); j++) {
            struct err err = {0};
            char rules[256];

            script("[]");
            remove_all(&patient);
            create(&patient, "shop", PLAIN);
            if (calls[i].runs)
                docker_container_start(patient.docker, "shop", &err);
            snprintf(rules, sizeof rules, "[{\"kind\":\"%s\",\"times\":0,%s}]", calls[i].kind,
                     faults[j]);
            script(rules);
            err = (struct err){0};
            if (strcmp(calls[i].kind, "Logs") == 0 && j >= 8)
                continue; /* a log may be any text */
            if (calls[i].call(hurried.docker, &err) != ERR_FAIL)
                fail_msg("%s, %s: no error", calls[i].kind, faults[j]);
            assert_int_equal(err.family, ERR_DOCKER);
        }
    }
    stop_daemon(&hurried);
    stop_daemon(&patient);
}

static void long_and_deep_responses_are_refused(void **state)
{
    static const char *const bodies[] = {
        "\"repeat\":20000000,\"body\":\"x\"",
        "\"repeat\":2000000,\"body\":\"[\"",
        "\"repeat\":2000000,\"body\":\"[1,\"",
        "\"body\":\"{\\\"Id\\\":\"",
        "\"body\":\"\"",
        "\"body\":\"\\udcff\\udcfe\"",
    };
    static const size_t documents[] = {0, 1, 2, 11, 13}; /* of `calls` */
    struct daemon daemon = start_daemon("docker-20.10");

    (void)state;
    run(&daemon, "shop", PLAIN);
    for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
        for (size_t j = 0; j < ARRAY_SIZE(bodies); j++) {
            const struct call *call = &calls[documents[i]];
            struct err err = {0};
            char rules[256];

            snprintf(rules, sizeof rules, "[{\"kind\":\"%s\",\"do\":\"say\",%s}]", call->kind,
                     bodies[j]);
            script(rules);
            assert_int_equal(call->call(daemon.docker, &err), ERR_FAIL);
            assert_err(&err, "docker.answer");
        }
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

static int start_server(void **state)
{
    (void)state;
    server = fake_docker_start("docker-20.10", "", 0);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    fake_docker_stop(&server);
    return 0;
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
        cmocka_unit_test(a_command_returns_its_exit_code),
        cmocka_unit_test(a_cancel_ends_the_wait_for_a_command),
        cmocka_unit_test(strange_responses_to_a_command_are_refused),
        cmocka_unit_test(the_end_of_a_log_is_printable),
        cmocka_unit_test(only_the_end_of_a_huge_log_is_kept),
        cmocka_unit_test(a_log_that_cannot_be_read_is_an_error),
        cmocka_unit_test(lists_are_filtered_by_label),
        cmocka_unit_test(a_single_list_is_a_single_request),
        cmocka_unit_test(other_containers_in_a_filtered_list_are_dropped),
        cmocka_unit_test(odd_inspects_are_refused),
        cmocka_unit_test(odd_values_of_an_inspect_are_left_out),
        cmocka_unit_test(odd_lists_are_refused),
        cmocka_unit_test(every_request_fails_with_an_error),
        cmocka_unit_test(long_and_deep_responses_are_refused),
        cmocka_unit_test(the_daemon_describes_its_host),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
