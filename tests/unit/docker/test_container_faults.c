/* Responses that no daemon should send, and every fault of every request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "docker/container.h"
#include "docker/container_list.h"
#include "docker/network.h"
#include "kit/docker_daemon.h"

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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_inspects_are_refused),
        cmocka_unit_test(odd_values_of_an_inspect_are_left_out),
        cmocka_unit_test(every_request_fails_with_an_error),
        cmocka_unit_test(long_and_deep_responses_are_refused),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
