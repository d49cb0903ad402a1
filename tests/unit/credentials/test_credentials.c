#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/log.h"
#include "credentials/credentials.h"

static void takes_a_pair_and_hides_the_secret(void **state)
{
    struct credentials creds;
    struct err err;
    char line[] = "secret is wJalrXUtnFEMI and token tok-0123456789";

    (void)state;
    assert_int_equal(credentials_init(&creds, "AKID", "wJalrXUtnFEMI", "tok-0123456789", &err), 0);
    assert_false(credentials_anonymous(&creds));
    assert_string_equal(creds.access_key, "AKID");
    log_redact(line);
    assert_null(strstr(line, "wJalr"));
    assert_null(strstr(line, "0123456789"));
    credentials_finish(&creds);
    assert_string_equal(creds.secret_key, "");
}

static void no_credentials_are_a_valid_result(void **state)
{
    struct credentials creds;
    struct err err;

    (void)state;
    assert_int_equal(credentials_init(&creds, NULL, "", NULL, &err), 0);
    assert_true(credentials_anonymous(&creds));
}

static void refuses_halves_and_pasted_line_ends(void **state)
{
    char longer[300];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    const struct {
        const char *access_key, *secret_key;
    } bad[] = {{"AKID", ""},        {"", "secret"},     {"AKID\n", "secret"}, {"AKID", "secret\r"},
               {"AKID", "se cret"}, {longer, "secret"}, {"AKID", longer}};
    struct credentials creds;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(credentials_init(&creds, bad[i].access_key, bad[i].secret_key, NULL, &err),
                         ERR_FAIL);
        assert_int_equal(err.family, ERR_AUTH);
        assert_null(strstr(err.text, "secret\r"));
    }
}

static void quotation_marks_around_a_key_are_reported(void **state)
{
    static const struct {
        const char *access_key, *secret_key;
        bool quoted;
    } cases[] = {{"AKID", "secret", false},  {"\"AKID\"", "secret", true},
                 {"AKID", "'secret'", true}, {"AKID", "\"secret'", false},
                 {"AKID", "\"", false},      {"AKID", "s\"e\"", false}};
    struct credentials creds;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(
            credentials_init(&creds, cases[i].access_key, cases[i].secret_key, NULL, &err), 0);
        assert_int_equal(credentials_quoted(&creds), cases[i].quoted);
    }
}

static void every_kind_has_a_name_and_a_remedy(void **state)
{
    (void)state;
    for (int kind = CREDENTIALS_NONE; kind <= CREDENTIALS_INSTANCE; kind++) {
        assert_true(strlen(credentials_kind_name((enum credential_kind)kind)) > 2);
        assert_true(strlen(credentials_remedy((enum credential_kind)kind)) > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_pair_and_hides_the_secret),
        cmocka_unit_test(no_credentials_are_a_valid_result),
        cmocka_unit_test(quotation_marks_around_a_key_are_reported),
        cmocka_unit_test(every_kind_has_a_name_and_a_remedy),
        cmocka_unit_test(refuses_halves_and_pasted_line_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
