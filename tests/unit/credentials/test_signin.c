/* The refresh of a session of `aws login`, through login_credentials. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/settings.h"
#include "base/codes.h"
#include "base/json_write.h"
#include "credentials/credentials.h"
#include "credentials/login.h"
#include "credentials/source.h"
#include "kit/ec_key.h"
#include "kit/scripted_system.h"

#define NOW    (INT64_C(1772359200) * NS_PER_S) /* 2026-03-01T10:00:00Z */
#define ARN    "arn:aws:sts::012345678910:assumed-role/Admin/admin"
#define CONFIG "[default]\nregion = us-east-1\nlogin_session = " ARN "\n"
/* The SHA-256 of ARN. */
#define SESSION_FILE                                                                               \
    "/home/.aws/login/cache/4b0ba8f99f075c0633e122fd73346ce203a3faf18ea0310eb2d29df1bab2e255.json"
#define SIGNIN "POST https://us-east-1.signin.aws.amazon.com/v1/token\n"
#define ISSUED                                                                                     \
    "{\"accessToken\": {\"accessKeyId\": \"ASIANEW\", \"secretAccessKey\": \"newsecret\", "        \
    "\"sessionToken\": \"newtoken\"}, \"expiresIn\": 900, \"refreshToken\": \"refreshtwo\"}"

struct fixture {
    struct scripted_system it;
    struct aws_settings settings;
    struct text session;
    struct credentials out;
    struct err err;
};

/* Writes the file of a session whose credentials end at this time. */
static void write_session(struct text *out, const char *expires)
{
    EVP_PKEY *key = ec_key_make(NID_X9_62_prime256v1);
    char *pem = ec_key_pem(key);
    struct json_writer w;

    text_init(out, 4 * KIB);
    jw_init(&w, out, true);
    jw_object(&w, NULL);
    jw_object(&w, "accessToken");
    jw_string(&w, "accessKeyId", "ASIAOLD");
    jw_string(&w, "secretAccessKey", "oldsecret");
    jw_string(&w, "sessionToken", "oldtoken");
    jw_string(&w, "accountId", "012345678910");
    jw_string(&w, "expiresAt", expires);
    jw_end(&w);
    jw_string(&w, "clientId", "arn:aws:signin:::devtools/same-device");
    jw_string(&w, "refreshToken", "refreshone");
    jw_string(&w, "idToken", "kept");
    jw_string(&w, "dpopKey", pem);
    jw_end(&w);
    free(pem);
    EVP_PKEY_free(key);
}

static int get(struct fixture *f, const char *expires, int status, const char *body)
{
    const struct aws_query query = {NULL};
    struct credential_context ctx = {scripted_system(&f->it), &f->settings};

    write_session(&f->session, expires);
    f->it.now = NOW;
    f->it.env[0] = (struct scripted_pair){"HOME", "/home"};
    f->it.files[0] = (struct scripted_pair){"/home/.aws/config", CONFIG};
    f->it.files[1] = (struct scripted_pair){SESSION_FILE, f->session.data};
    for (unsigned i = 0; i < 4; i++)
        f->it.exchanges[i] = (struct scripted_exchange){SIGNIN, status, body};
    assert_int_equal(aws_settings_load(ctx.system, &query, &f->settings, &f->err), 0);
    return login_credentials(&ctx, f->settings.profile, &f->out, &f->err);
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    aws_settings_finish(&f->settings);
    text_finish(&f->session);
    free(f->it.written);
    free(f);
    return 0;
}

static void credentials_that_ended_are_refreshed_and_stored(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(get(f, "2026-03-01T09:00:00Z", 200, ISSUED), SOURCE_FOUND);
    assert_string_equal(f->out.access_key, "ASIANEW");
    assert_string_equal(f->out.account, "012345678910");
    assert_int_equal(f->out.expiry, NOW + 900 * NS_PER_S);
    assert_non_null(strstr(f->it.request, "\ndpop: ey"));
    assert_non_null(strstr(f->it.request,
                           "{\"clientId\":\"arn:aws:signin:::devtools/same-device\","
                           "\"grantType\":\"refresh_token\",\"refreshToken\":\"refreshone\"}"));
    assert_non_null(strstr(f->it.written, "\"refreshToken\": \"refreshtwo\""));
    assert_non_null(strstr(f->it.written, "\"expiresAt\": \"2026-03-01T10:15:00Z\""));
    assert_non_null(strstr(f->it.written, "\"idToken\": \"kept\""));
    assert_null(strstr(f->it.written, "oldsecret"));
}

static void credentials_of_the_year_1_have_ended(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(get(f, "0001-01-01T00:00:00Z", 200, ISSUED), SOURCE_FOUND);
    assert_string_equal(f->out.access_key, "ASIANEW");
}

static void fresh_credentials_cost_no_request(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(get(f, "2026-03-01T10:09:00Z", 500, ""), SOURCE_FOUND);
    assert_string_equal(f->out.access_key, "ASIAOLD");
    assert_int_equal(f->it.sent, 0);
}

static void a_failed_refresh_is_an_error_only_after_the_expiry(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(get(f, "2026-03-01T10:02:00Z", 503, ""), SOURCE_FOUND);
    assert_string_equal(f->out.access_key, "ASIAOLD");
    assert_int_equal(f->it.sent, 1);
}

static void a_service_that_is_down_is_a_temporary_failure(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(get(f, "2026-03-01T09:00:00Z", 503, ""), ERR_FAIL);
    assert_true(err_is(&f->err, ERR_NETWORK, CODE_SERVICE));
    assert_int_equal(f->it.sent, 3);
}

static void an_ended_session_is_an_error_with_the_login_command(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(get(f, "2026-03-01T09:00:00Z", 400, "{\"error\": \"TOKEN_EXPIRED\"}"),
                     ERR_FAIL);
    assert_true(err_is(&f->err, ERR_AUTH, CODE_LOGIN));
    assert_non_null(strstr(f->err.text, "TOKEN_EXPIRED"));
    assert_non_null(strstr(f->err.hint, "aws login --profile default"));
}

static void a_malformed_response_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(get(f, "2026-03-01T09:00:00Z", 200,
                         "{\"accessToken\": {\"accessKeyId\": \"ASIANEW\"}, \"expiresIn\": 900}"),
                     ERR_FAIL);
    assert_true(err_is(&f->err, ERR_AUTH, CODE_ANSWER));
    assert_null(f->it.written);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(credentials_that_ended_are_refreshed_and_stored),
        TEST(credentials_of_the_year_1_have_ended),
        TEST(fresh_credentials_cost_no_request),
        TEST(a_failed_refresh_is_an_error_only_after_the_expiry),
        TEST(a_service_that_is_down_is_a_temporary_failure),
        TEST(an_ended_session_is_an_error_with_the_login_command),
        TEST(a_malformed_response_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
