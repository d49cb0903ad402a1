#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "credentials/answer.h"
#include "credentials/credentials.h"

static const struct credential_answer_rules endpoint = {.what = "the document",
                                                        .code = CODE_ANSWER};
static const struct credential_answer_rules program = {
    .what = "the output", .code = CODE_PROCESS, .needs_version = true};
static struct credentials creds;
static struct err err;

static int read_at(const char *document, const struct credential_answer_rules *rules,
                   const char *now)
{
    int64_t wall;

    assert_true(clock_parse_rfc3339(now, &wall));
    return credential_answer_read(view_str(document), rules, wall, &creds, &err);
}

static int read_now(const char *document, const struct credential_answer_rules *rules)
{
    return read_at(document, rules, "2026-03-01T10:00:00Z");
}

static void assert_refused(const char *document, const struct credential_answer_rules *rules,
                           const char *code, const char *mention)
{
    assert_int_equal(read_now(document, rules), ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, code));
    if (!strstr(err.text, mention))
        fail_msg("%s", err.text);
    assert_null(strstr(err.text, "firstsecret"));
}

static void all_members_are_read(void **state)
{
    int64_t expiry;

    (void)state;
    assert_int_equal(read_now("{\"Code\": \"Success\", \"AccessKeyId\": \"ASIAFIRST\", "
                              "\"SecretAccessKey\": \"firstsecret\", \"Token\": \"firsttoken\", "
                              "\"Expiration\": \"2026-03-01T18:00:00+02:00\", "
                              "\"AccountId\": \"123456789012\"}",
                              &endpoint),
                     0);
    assert_true(clock_parse_rfc3339("2026-03-01T16:00:00Z", &expiry));
    assert_int_equal(creds.expiry, expiry);
    assert_string_equal(creds.access_key, "ASIAFIRST");
    assert_string_equal(creds.secret_key, "firstsecret");
    assert_string_equal(creds.session_token, "firsttoken");
    assert_string_equal(creds.account, "123456789012");
}

static void names_match_in_any_case_and_members_may_be_absent(void **state)
{
    (void)state;
    assert_int_equal(read_now("{\"version\": 1, \"accesskeyid\": \"AKID\", \"SECRETACCESSKEY\": "
                              "\"firstsecret\", \"SessionToken\": null, \"Expiration\": null}",
                              &program),
                     0);
    assert_string_equal(creds.session_token, "");
    assert_int_equal(creds.expiry, 0);
    assert_string_equal(creds.account, "");
}

static void temporary_credentials_need_token_and_expiration(void **state)
{
    struct credential_answer_rules temporary = endpoint;

    (void)state;
    temporary.is_temporary = true;
    assert_refused("{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"firstsecret\", \"Expiration\": "
                   "\"2026-03-01T16:00:00Z\"}",
                   &temporary, CODE_ANSWER, "no Token");
    assert_refused(
        "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"firstsecret\", \"Token\": \"t\"}",
        &temporary, CODE_ANSWER, "no Expiration");
}

static void malformed_documents_are_refused(void **state)
{
    (void)state;
    assert_refused("", &program, CODE_PROCESS, "empty");
    assert_refused("<html>firstsecret</html>", &endpoint, CODE_ANSWER, "not valid JSON");
    assert_refused("[]", &endpoint, CODE_ANSWER, "no JSON object");
    assert_refused("{}", &endpoint, CODE_ANSWER, "AccessKeyId");
    assert_refused("{\"AccessKeyId\": \"A\"}", &endpoint, CODE_ANSWER, "SecretAccessKey");
    assert_refused("{\"AccessKeyId\": 7, \"SecretAccessKey\": \"s\"}", &endpoint, CODE_ANSWER,
                   "malformed AccessKeyId");
    assert_refused("{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"firstsecret\\n\"}", &endpoint,
                   CODE_ANSWER, "secret key");
    assert_refused("{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"firstsecret\", "
                   "\"Expiration\": \"tomorrow\"}",
                   &endpoint, CODE_ANSWER, "Expiration");
    assert_refused("{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"firstsecret\"}", &program,
                   CODE_PROCESS, "Version");
    assert_refused("{\"Version\": 2, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"firstsecret\"}",
                   &program, CODE_PROCESS, "Version 2");
}

static void a_failure_is_reported_with_its_words(void **state)
{
    char reason[128];

    (void)state;
    assert_refused("{\"Code\": \"AssumeRoleUnauthorizedAccess\", \"Message\": \"No trust.\"}",
                   &endpoint, CODE_DENIED, ": AssumeRoleUnauthorizedAccess: No trust.");
    credential_answer_reason(view_str("{\"code\": \"NotFound\", \"message\": \"no role\"}"), reason,
                             sizeof reason);
    assert_string_equal(reason, ": NotFound: no role");
    credential_answer_reason(view_str("<html>"), reason, sizeof reason);
    assert_string_equal(reason, "");
}

static void expired_credentials_are_an_error_unless_allowed(void **state)
{
    static const char document[] = "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"firstsecret\", "
                                   "\"Expiration\": \"2026-03-01T10:00:00Z\"}";
    struct credential_answer_rules lenient = endpoint;

    (void)state;
    assert_refused(document, &endpoint, CODE_ANSWER, "expired");
    assert_int_equal(read_at(document, &endpoint, "2026-03-01T09:59:59Z"), 0);
    lenient.allows_expired = true;
    assert_int_equal(read_now(document, &lenient), 0);
}

static void sizes_are_bounded(void **state)
{
    size_t size = 70000;
    char *document = malloc(size + 1);

    (void)state;
    memset(document, ' ', size);
    document[size] = '\0';
    memcpy(document, "{}", 2);
    assert_refused(document, &endpoint, CODE_ANSWER, "larger than");
    memset(document, '[', 600);
    document[600] = '\0';
    assert_refused(document, &endpoint, CODE_ANSWER, "not valid JSON");
    snprintf(document, size, "{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"firstsecret%0300d\"}",
             0);
    assert_refused(document, &endpoint, CODE_ANSWER, "malformed SecretAccessKey");
    free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_members_are_read),
        cmocka_unit_test(names_match_in_any_case_and_members_may_be_absent),
        cmocka_unit_test(temporary_credentials_need_token_and_expiration),
        cmocka_unit_test(malformed_documents_are_refused),
        cmocka_unit_test(a_failure_is_reported_with_its_words),
        cmocka_unit_test(expired_credentials_are_an_error_unless_allowed),
        cmocka_unit_test(sizes_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
