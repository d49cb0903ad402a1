/* The forms and times of a HEALTHCHECK, as daemons report them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "deploy/gate/healthcheck.h"
#include "docker/container.h"

static struct healthcheck check;
static struct docker_container container;
static char output[200];

static void read_parts(const char *config, const char *health)
{
    static char text[65536];
    struct err err = {0};
    struct json *json;

    snprintf(text, sizeof text,
             "{\"Id\":\"00\",\"Name\":\"/shop\",\"State\":{\"Status\":\"running\",\"Health\":%s},"
             "\"Config\":%s}",
             health, config);
    assert_int_equal(
        json_parse(&json, view_of(text, strlen(text)), &JSON_DOCUMENT, "an inspect", &err), 0);
    container = (struct docker_container){.document = json};
    healthcheck_read(&container, &check);
    healthcheck_output(&container, output, sizeof output);
    docker_container_finish(&container);
}

static void read_config(const char *config)
{
    read_parts(config, "null");
}

static void forms_are_distinguished(void **state)
{
    (void)state;
    read_config("{}");
    assert_int_equal(check.form, HEALTHCHECK_ABSENT);
    read_config("{\"Healthcheck\":{\"Test\":[],\"Interval\":1000000000}}");
    assert_int_equal(check.form, HEALTHCHECK_ABSENT);
    read_config("{\"Healthcheck\":{\"Test\":[\"NONE\"]}}");
    assert_int_equal(check.form, HEALTHCHECK_NONE);
    read_config("{\"Healthcheck\":{\"Test\":[\"CMD\"]}}");
    assert_int_equal(check.form, HEALTHCHECK_FOREIGN);
    read_config("{\"Healthcheck\":{\"Test\":[\"CMD\",5]}}");
    assert_int_equal(check.form, HEALTHCHECK_FOREIGN);
    read_config("{\"Healthcheck\":{\"Test\":[\"NEW\",\"x\"]}}");
    assert_int_equal(check.form, HEALTHCHECK_FOREIGN);
}

static void a_command_has_its_words(void **state)
{
    (void)state;
    read_config("{\"Healthcheck\":{\"Test\":[\"CMD\",\"/app\",\"--health\",\"a b\"]}}");
    assert_int_equal(check.form, HEALTHCHECK_COMMAND);
    assert_string_equal(check.argv[0], "/app");
    assert_string_equal(check.argv[2], "a b");
    assert_null(check.argv[3]);
}

static void a_line_runs_in_the_shell_of_the_image(void **state)
{
    (void)state;
    read_config("{\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl -f x || exit 1\"]}}");
    assert_int_equal(check.form, HEALTHCHECK_COMMAND);
    assert_string_equal(check.argv[0], "/bin/sh");
    assert_string_equal(check.argv[1], "-c");
    assert_string_equal(check.argv[2], "curl -f x || exit 1");
    assert_null(check.argv[3]);
    read_config("{\"Shell\":[\"/bin/bash\",\"-ec\"],"
                "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"x\"]}}");
    assert_string_equal(check.argv[0], "/bin/bash");
    assert_string_equal(check.argv[1], "-ec");
    assert_string_equal(check.argv[2], "x");
    assert_null(check.argv[3]);
}

static void a_long_command_is_left_to_the_daemon(void **state)
{
    static char config[32768];
    int used = snprintf(config, sizeof config, "{\"Healthcheck\":{\"Test\":[\"CMD\"");

    (void)state;
    for (int i = 0; i < HEALTHCHECK_WORDS; i++)
        used += snprintf(config + used, sizeof config - (size_t)used, ",\"w\"");
    snprintf(config + used, sizeof config - (size_t)used, "]}}");
    read_config(config);
    assert_int_equal(check.form, HEALTHCHECK_COMMAND);
    snprintf(config + used, sizeof config - (size_t)used, ",\"w\"]}}");
    read_config(config);
    assert_int_equal(check.form, HEALTHCHECK_FOREIGN);
    snprintf(config, sizeof config, "{\"Healthcheck\":{\"Test\":[\"CMD\",\"%0*d\"]}}",
             HEALTHCHECK_BYTES, 1);
    read_config(config);
    assert_int_equal(check.form, HEALTHCHECK_FOREIGN);
}

static void times_have_dockers_defaults_and_bounds(void **state)
{
    (void)state;
    read_config("{\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"]}}");
    assert_int_equal(healthcheck_time(&check), 180 * NS_PER_S);
    read_config("{\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":5000000000,"
                "\"Timeout\":3000000000,\"Retries\":2,\"StartPeriod\":60000000000}}");
    assert_int_equal(healthcheck_time(&check), 76 * NS_PER_S);
    assert_int_equal(check.timeout, 3 * NS_PER_S);
    read_config("{\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":-1,\"Timeout\":\"1s\","
                "\"Retries\":-3,\"StartPeriod\":-5}}");
    assert_int_equal(healthcheck_time(&check), 180 * NS_PER_S);
    read_config("{\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":9223372036854775807,"
                "\"Timeout\":9223372036854775807,\"Retries\":2147483647,"
                "\"StartPeriod\":9223372036854775807}}");
    assert_int_equal(healthcheck_time(&check), HEALTHCHECK_TIME_MAX);
}

static void the_last_output_is_one_printable_line(void **state)
{
    (void)state;
    read_parts("{}",
               "{\"Log\":[{\"Output\":\"first\"},{\"Output\":\"curl: (7)\\n no\\u001b[0m \"}]}");
    assert_string_equal(output, "curl: (7) no?[0m");
    read_parts("{}", "{\"Log\":null}");
    assert_string_equal(output, "");
    read_parts("{}", "null");
    assert_string_equal(output, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_distinguished),
        cmocka_unit_test(a_command_has_its_words),
        cmocka_unit_test(a_line_runs_in_the_shell_of_the_image),
        cmocka_unit_test(a_long_command_is_left_to_the_daemon),
        cmocka_unit_test(times_have_dockers_defaults_and_bounds),
        cmocka_unit_test(the_last_output_is_one_printable_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
