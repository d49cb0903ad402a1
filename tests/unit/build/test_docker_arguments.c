#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "build/docker_arguments.h"
#include "build/docker_build.h"

#define WORDS_MAX 4

struct arguments {
    const char *platform;
    const char *more[WORDS_MAX];
};

static struct build_request request_of(const struct arguments *arguments)
{
    struct build_request request = {.platform = arguments->platform, .more = arguments->more};

    while (request.more_count < WORDS_MAX && arguments->more[request.more_count])
        request.more_count++;
    return request;
}

static void assert_each(const struct arguments *all, size_t count, bool expected,
                        bool (*function)(const struct build_request *))
{
    for (size_t i = 0; i < count; i++) {
        struct build_request request = request_of(&all[i]);

        if (function(&request) != expected)
            fail_msg("case %zu: %s %s", i, all[i].platform ? all[i].platform : "(no platform)",
                     all[i].more[0] ? all[i].more[0] : "(no word)");
    }
}

static void the_last_value_of_a_flag(void **state)
{
    const struct arguments arguments = {.more = {"--iidfile", "a", "--iidfile=b", "--iidfiles=c"}};
    const struct arguments last = {.more = {"--iidfile"}};
    struct build_request request = request_of(&arguments);

    (void)state;
    assert_string_equal(docker_arguments_value(&request, "--iidfile"), "b");
    assert_null(docker_arguments_value(&request, "--output"));
    request = request_of(&last);
    assert_string_equal(docker_arguments_value(&request, "--iidfile"), "");
}

static void several_platforms(void **state)
{
    static const struct arguments several[] = {
        {.platform = "linux/amd64,linux/arm64"},
        {.platform = "linux/amd64", .more = {"--platform", "linux/arm64"}},
        {.more = {"--platform=linux/amd64,linux/arm64"}},
        {.more = {"--platform", "linux/amd64", "--platform", "linux/arm64"}},
        {.more = {"--platform", "linux/amd64,linux/arm64", "--platform", "linux/arm64"}},
    };
    static const struct arguments one[] = {
        {.platform = NULL},
        {.platform = "linux/amd64"},
        {.more = {"--platform=linux/amd64", "--label", "a,b"}},
    };

    (void)state;
    assert_each(several, ARRAY_SIZE(several), true, docker_arguments_several);
    assert_each(one, ARRAY_SIZE(one), false, docker_arguments_several);
}

static void results_that_the_daemon_does_not_get(void **state)
{
    static const struct arguments elsewhere[] = {
        {.more = {"--push"}},
        {.more = {"--output", "type=oci,dest=a.tar"}},
        {.more = {"-o=type=registry"}},
        {.more = {"--output=type=docker,dest=a.tar"}}, /* docker's form, in a file */
        {.platform = "linux/arm64", .more = {"--load=false", "--push=true"}},
    };
    static const struct arguments here[] = {
        {.platform = NULL},
        {.more = {"--output", "type=docker"}},
        {.more = {"--output=type=local,dest=a", "--output=type=docker"}},
        {.more = {"--output=type=docker", "--output=type=local,dest=a"}},
        {.more = {"--load", "--output", "type=oci,dest=a.tar"}},
        {.platform = "linux/arm64", .more = {"--output", "type=oci,dest=a.tar"}},
        {.platform = "linux/arm64", .more = {"--push"}},
    };

    (void)state;
    assert_each(elsewhere, ARRAY_SIZE(elsewhere), true, docker_arguments_elsewhere);
    assert_each(here, ARRAY_SIZE(here), false, docker_arguments_elsewhere);
}

static void builds_without_an_id_file(void **state)
{
    static const struct arguments refuse[] = {
        {.platform = "linux/amd64,linux/arm64"},
        {.more = {"--output", "folder"}},
        {.more = {"-o", "-"}},
        {.more = {"--output=type=docker", "--output=type=local,dest=a"}},
        {.platform = "linux/arm64", .more = {"--output", "dest=a.tar,type=tar"}},
    };
    static const struct arguments accept[] = {
        {.platform = "linux/arm64"},
        {.more = {"--output", "type=oci,dest=a.tar"}},
        {.more = {"--push", "--load"}},
    };

    (void)state;
    assert_each(refuse, ARRAY_SIZE(refuse), true, docker_arguments_refuse_iidfile);
    assert_each(accept, ARRAY_SIZE(accept), false, docker_arguments_refuse_iidfile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_value_of_a_flag),
        cmocka_unit_test(several_platforms),
        cmocka_unit_test(results_that_the_daemon_does_not_get),
        cmocka_unit_test(builds_without_an_id_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
