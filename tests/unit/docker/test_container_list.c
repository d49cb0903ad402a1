/* Lists of containers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "docker/container_list.h"
#include "kit/docker_daemon.h"

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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_filtered_by_label),
        cmocka_unit_test(a_single_list_is_a_single_request),
        cmocka_unit_test(other_containers_in_a_filtered_list_are_dropped),
        cmocka_unit_test(odd_lists_are_refused),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
