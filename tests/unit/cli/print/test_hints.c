#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "cli/print/hints.h"

static void a_hint_names_the_operand(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_NOT_FOUND, CODE_TAG, "tag not found: shop/v1");
    err_about(&err, "%s", "shop");
    hints_add(&err);
    assert_string_equal(err.hint, "s3dock list tags shop lists the versions");
}

static void without_an_operand_a_placeholder_is_printed(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_CONFLICT, CODE_HISTORY, "the log has no such promotion");
    hints_add(&err);
    assert_non_null(strstr(err.hint, "s3dock history APP ENV"));
}

static void a_proxy_follows_the_hint(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_NETWORK, CODE_REFUSED, "no connection");
    err_about(&err, "; the environment sets a proxy: http://proxy:3128");
    hints_add(&err);
    assert_string_equal(err.hint,
                        "check \"endpoint\" in the profile, and that the server is up; the "
                        "environment sets a proxy: http://proxy:3128");
}

static void a_hint_of_core_is_kept(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_NOT_FOUND, CODE_BUCKET, "there is no folder /srv/images");
    err_hint(&err, "create it: mkdir -p /srv/images");
    hints_add(&err);
    assert_string_equal(err.hint, "create it: mkdir -p /srv/images");
}

static void a_general_hint_is_replaced_by_one_for_the_code(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_NETWORK, CODE_REFUSED, "no connection");
    err_general_hint(&err, "the fetched bytes are kept");
    hints_add(&err);
    assert_string_equal(err.hint, "check \"endpoint\" in the profile, and that the server is up");
    err_set(&err, ERR_NETWORK, "busy", "the store is busy");
    err_general_hint(&err, "the fetched bytes are kept");
    hints_add(&err);
    assert_string_equal(err.hint, "the fetched bytes are kept");
}

static void a_general_hint_replaces_none(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_NETWORK, "busy", "the store is busy");
    err_hint(&err, "wait for the other process");
    err_general_hint(&err, "the fetched bytes are kept");
    assert_string_equal(err.hint, "wait for the other process");
}

static void the_family_decides_too(void **state)
{
    static const struct {
        enum err_family family;
        const char *code, *hint;
    } cases[] = {
        {ERR_USAGE, CODE_BUCKET, "--bucket"},
        {ERR_NOT_FOUND, CODE_BUCKET, "\"addressing\""},
        {ERR_CONFLICT, CODE_TAG, "--force"},
        {ERR_USAGE, CODE_CERTIFICATE, "\"ca_file\""},
        {ERR_AUTH, CODE_SIGNATURE, "AWS_SECRET_ACCESS_KEY, or \"access_key\""},
        {ERR_DOCKER, CODE_TIMEOUT, "docker.timeout"},
        {ERR_DOCKER, CODE_UNREACHABLE, "--docker-host"},
        {ERR_INTEGRITY, CODE_BASE, "--force --no-delta"},
        {ERR_INTEGRITY, CODE_ANSWER, "s3dock doctor"},
        {ERR_INTEGRITY, CODE_TAG, ""},
        {ERR_INTERNAL, "unknown", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err;

        err_set(&err, cases[i].family, cases[i].code, "failed");
        hints_add(&err);
        assert_non_null(strstr(err.hint, cases[i].hint));
        assert_int_equal(err.hint[0] != '\0', cases[i].hint[0] != '\0');
    }
}

static void a_failed_deployment_states_what_serves(void **state)
{
    static const char *const codes[] = {CODE_START, CODE_EXITED, CODE_UNHEALTHY,
                                        CODE_HOOK,  CODE_SWITCH, CODE_OBSERVE};
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        err_set(&err, ERR_DEPLOY, codes[i], "it failed");
        hints_add(&err);
        assert_non_null(strstr(err.hint, "the old container, if any, serves"));
    }
    err_set(&err, ERR_CONFLICT, CODE_HOLD, "a rollback holds shop/production");
    err_about(&err, "shop production");
    hints_add(&err);
    assert_non_null(strstr(err.hint, "s3dock deploy --force shop production"));
    err_set(&err, ERR_CONFLICT, CODE_CONTAINER, "shop was not created by s3dock");
    err_about(&err, "shop shop production");
    hints_add(&err);
    assert_non_null(strstr(err.hint, "s3dock deploy --adopt shop shop production --output FILE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_deployment_states_what_serves),
        cmocka_unit_test(a_hint_names_the_operand),
        cmocka_unit_test(without_an_operand_a_placeholder_is_printed),
        cmocka_unit_test(a_proxy_follows_the_hint),
        cmocka_unit_test(a_hint_of_core_is_kept),
        cmocka_unit_test(a_general_hint_is_replaced_by_one_for_the_code),
        cmocka_unit_test(a_general_hint_replaces_none),
        cmocka_unit_test(the_family_decides_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
