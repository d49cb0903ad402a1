#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/settings.h"
#include "base/codes.h"
#include "base/json.h"
#include "credentials/credentials.h"
#include "credentials/source.h"
#include "credentials/sso.h"
#include "kit/assert_fails.h"
#include "kit/scripted_system.h"

#define NOW       (INT64_C(1772359200) * NS_PER_S) /* 2026-03-01T10:00:00Z */
#define CACHE     "/home/.aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json" /* corp */
#define OLD_CACHE "/home/.aws/sso/cache/2b829a45f04c9828cb45b7d092d8e4aa30818393.json" /* START */
#define START     "https://d-123.awsapps.com/start"
#define PORTAL    "GET https://portal.sso.us-west-2.amazonaws.com/federation/credentials?"
#define OIDC      "POST https://oidc.us-west-2.amazonaws.com/token\n"
#define SESSION   "[sso-session corp]\nsso_region = us-west-2\nsso_start_url = " START "\n"
#define PROFILE                                                                                    \
    "[default]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n"
#define TOKEN(expires)                                                                             \
    "{\"accessToken\": \"cachedtoken\", \"expiresAt\": \"" expires "\", \"clientId\": \"id\","     \
    " \"clientSecret\": \"YSBz\", \"registrationExpiresAt\": \"2026-05-01T00:00:00Z\","            \
    " \"refreshToken\": \"cachedrefresh\", \"other\": [1, {\"a\": null}]}"
#define KEYS                                                                                       \
    "{\"roleCredentials\": {\"accessKeyId\": \"ASIAFIRST\", \"secretAccessKey\": \"firstsecret\"," \
    " \"sessionToken\": \"firsttoken\", \"expiration\": 1772377200000}}"
#define FRESH                                                                                      \
    "{\"accessToken\": \"newtoken\", \"expiresIn\": 3600, \"refreshToken\": \"newrefresh\"}"

struct fixture {
    struct scripted_system it;
    struct aws_settings settings;
    struct credential_context ctx;
    struct credentials out;
    struct sso_memory memory;
    struct err err;
};

static struct fixture *set_up(const char *config, const char *path, const char *token)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->it.env[0] = (struct scripted_pair){"HOME", "/home"};
    f->it.files[0] = (struct scripted_pair){"/home/.aws/config", config};
    f->it.files[1] = (struct scripted_pair){path, token};
    f->it.now = NOW;
    return f;
}

static int get(struct fixture *f)
{
    const struct aws_query query = {NULL};

    f->ctx = (struct credential_context){scripted_system(&f->it), &f->settings};
    aws_settings_finish(&f->settings);
    f->err = (struct err){0};
    assert_int_equal(aws_settings_load(f->ctx.system, &query, &f->settings, &f->err), 0);
    return sso_credentials(&f->ctx, f->settings.profile, &f->memory, &f->out, &f->err);
}

static void tear_down(struct fixture *f)
{
    aws_settings_finish(&f->settings);
    sso_memory_finish(&f->memory);
    free(f->it.written);
    free(f);
}

static void a_fresh_token_is_used(void **state)
{
    struct fixture *f = set_up(PROFILE SESSION, CACHE, TOKEN("2026-03-01T18:00:00UTC"));

    (void)state;
    f->it.exchanges[0] = (struct scripted_exchange){
        PORTAL "role_name=Dev&account_id=111122223333\nx-amz-sso_bearer_token: cachedtoken\n", 200,
        KEYS};
    assert_int_equal(get(f), SOURCE_FOUND);
    assert_string_equal(f->out.access_key, "ASIAFIRST");
    assert_string_equal(f->out.session_token, "firsttoken");
    assert_string_equal(f->out.account, "111122223333");
    assert_int_equal(f->out.expiry, NOW + 5 * 3600 * NS_PER_S);
    assert_int_equal(f->out.kind, CREDENTIALS_SSO);
    assert_string_equal(f->out.source, "SSO role Dev in account 111122223333 of profile default");
    tear_down(f);
}

/* Programs in Go write this time for "none". */
static void a_token_of_the_year_1_has_expired(void **state)
{
    struct fixture *f = set_up(PROFILE SESSION, CACHE, TOKEN("0001-01-01T00:00:00Z"));

    (void)state;
    f->it.exchanges[0] = (struct scripted_exchange){OIDC, 400, "{\"error\": \"invalid_grant\"}"};
    assert_fails(&f->err, get(f), ERR_AUTH, CODE_LOGIN, "expired at");
    assert_int_equal(f->it.sent, 1);
    tear_down(f);
}

static void the_older_form_is_never_refreshed(void **state)
{
    static const char config[] = "[default]\nsso_start_url = " START "\nsso_region = us-west-2\n"
                                 "sso_account_id = 1\nsso_role_name = A b\n";
    struct fixture *f = set_up(config, OLD_CACHE, TOKEN("2026-03-01T10:01:00Z"));

    (void)state;
    f->it.exchanges[0] =
        (struct scripted_exchange){PORTAL "role_name=A%20b&account_id=1", 200, KEYS};
    assert_int_equal(get(f), SOURCE_FOUND);
    f->it.now += 60 * NS_PER_S;
    assert_fails(&f->err, get(f), ERR_AUTH, CODE_LOGIN, "aws sso login --profile default");
    assert_int_equal(f->it.sent, 1);
    tear_down(f);
}

static void assert_written(const struct fixture *f, const char *name, const char *value)
{
    struct json *json;
    struct err err;

    assert_int_equal(json_parse(&json, view_str(f->it.written), &JSON_DOCUMENT, "", &err), 0);
    assert_true(view_equals_str(json_raw(json_get(json_root(json), name)), value));
    json_destroy(json);
}

static void an_ending_token_is_refreshed(void **state)
{
    struct fixture *f = set_up(PROFILE SESSION, CACHE, TOKEN("2026-03-01T10:04:59Z"));

    (void)state;
    f->it.exchanges[0] = (struct scripted_exchange){OIDC, 200, FRESH};
    f->it.exchanges[1] =
        (struct scripted_exchange){"x-amz-sso_bearer_token: newtoken\n", 200, KEYS};
    assert_int_equal(get(f), SOURCE_FOUND);
    assert_written(f, "accessToken", "\"newtoken\"");
    assert_written(f, "expiresAt", "\"2026-03-01T11:00:00Z\"");
    assert_written(f, "refreshToken", "\"newrefresh\"");
    assert_written(f, "clientSecret", "\"YSBz\"");
    assert_written(f, "other", "[1, {\"a\": null}]");
    tear_down(f);

    /* The response has no new refresh token: the old one stays. */
    f = set_up(PROFILE SESSION, CACHE, TOKEN("2026-03-01T09:00:00Z"));
    f->it.exchanges[0] = (struct scripted_exchange){
        "\n\n{\"clientId\":\"id\",\"clientSecret\":\"YSBz\",\"grantType\":\"refresh_token\","
        "\"refreshToken\":\"cachedrefresh\"}",
        200, "{\"accessToken\": \"newtoken\", \"expiresIn\": 3600}"};
    f->it.exchanges[1] = (struct scripted_exchange){PORTAL, 200, KEYS};
    assert_int_equal(get(f), SOURCE_FOUND);
    assert_written(f, "refreshToken", "\"cachedrefresh\"");
    tear_down(f);
}

static void a_failed_refresh_is_an_error_after_the_expiry(void **state)
{
    struct fixture *f = set_up(PROFILE SESSION, CACHE, TOKEN("2026-03-01T10:01:00Z"));

    (void)state;
    f->it.exchanges[0] = (struct scripted_exchange){OIDC, 500, "{}"};
    f->it.exchanges[1] =
        (struct scripted_exchange){"x-amz-sso_bearer_token: cachedtoken\n", 200, KEYS};
    assert_int_equal(get(f), SOURCE_FOUND);

    /* No second refresh within 30 s. */
    f->it.exchanges[2] = f->it.exchanges[1];
    f->it.now += 29 * NS_PER_S;
    assert_int_equal(get(f), SOURCE_FOUND);
    f->it.exchanges[3] = (struct scripted_exchange){
        OIDC, 400,
        "{\"error\": \"invalid_grant\", \"error_description\": \"Invalid refresh token\"}"};
    f->it.now += 31 * NS_PER_S;
    assert_fails(&f->err, get(f), ERR_AUTH, CODE_LOGIN, "invalid_grant: Invalid refresh token");
    assert_string_equal(f->err.hint, "run: aws sso login --sso-session corp");
    assert_null(f->it.written);
    tear_down(f);
}

static void a_token_of_this_process_outlives_a_read_only_file(void **state)
{
    struct fixture *f = set_up(PROFILE SESSION, CACHE, TOKEN("2026-03-01T10:01:00Z"));

    (void)state;
    f->it.exchanges[0] = (struct scripted_exchange){OIDC, 200, FRESH};
    f->it.exchanges[1] =
        (struct scripted_exchange){"x-amz-sso_bearer_token: newtoken\n", 200, KEYS};
    assert_int_equal(get(f), SOURCE_FOUND);
    f->it.files[1].value = TOKEN("2026-03-01T10:01:00Z");
    f->it.now += 120 * NS_PER_S;
    f->it.exchanges[2] = f->it.exchanges[1];
    assert_int_equal(get(f), SOURCE_FOUND);
    assert_int_equal(f->it.sent, 3);
    tear_down(f);
}

static void a_failed_refresh_keeps_the_token_of_this_process(void **state)
{
    struct fixture *f = set_up(PROFILE SESSION, CACHE, TOKEN("2026-03-01T10:01:00Z"));

    (void)state;
    f->it.exchanges[0] = (struct scripted_exchange){OIDC, 200, FRESH};
    f->it.exchanges[1] =
        (struct scripted_exchange){"x-amz-sso_bearer_token: newtoken\n", 200, KEYS};
    assert_int_equal(get(f), SOURCE_FOUND);
    /* The file cannot be written: it keeps the token that has ended. */
    f->it.files[1].value = TOKEN("2026-03-01T10:01:00Z");
    f->it.now += 58 * 60 * NS_PER_S;
    f->it.exchanges[2] = (struct scripted_exchange){OIDC, 500, "{}"};
    f->it.exchanges[3] = f->it.exchanges[1];
    assert_int_equal(get(f), SOURCE_FOUND);
    assert_int_equal(f->it.sent, 4);
    tear_down(f);
}

static const char *file_of_another_process;

static int read_changing_file(void *arg, const char *path, size_t most, struct text *out,
                              struct err *err)
{
    struct scripted_system *it = arg;

    if (it->sent == 1 && strcmp(path, CACHE) == 0)
        it->files[1].value = file_of_another_process;
    return scripted_read_file(arg, path, most, out, err);
}

static void another_process_has_refreshed_first(void **state)
{
    struct fixture *f = set_up(PROFILE SESSION, CACHE, TOKEN("2026-03-01T09:00:00Z"));
    const struct aws_query query = {NULL};

    (void)state;
    file_of_another_process =
        "{\"accessToken\": \"theirs\", \"expiresAt\": \"2026-03-01T11:00:00Z\"}";
    f->ctx = (struct credential_context){scripted_system(&f->it), &f->settings};
    f->it.system.read_file = read_changing_file;
    f->it.exchanges[0] = (struct scripted_exchange){OIDC, 400, "{\"error\": \"invalid_grant\"}"};
    f->it.exchanges[1] = (struct scripted_exchange){"x-amz-sso_bearer_token: theirs\n", 200, KEYS};
    assert_int_equal(aws_settings_load(f->ctx.system, &query, &f->settings, &f->err), 0);
    assert_int_equal(sso_credentials(&f->ctx, f->settings.profile, &f->memory, &f->out, &f->err),
                     SOURCE_FOUND);
    tear_down(f);
}

static void unusable_files_are_errors_with_the_login_command(void **state)
{
    static const char *const files[] = {
        NULL,
        "",
        "{\"accessToken\": \"cach",
        "{\"accessToken\": \"t\"}",
        "{\"expiresAt\": \"2026-03-01T11:00:00Z\"}",
        "{\"accessToken\": \"t\\r\\nx: y\", \"expiresAt\": \"2026-03-01T11:00:00Z\"}",
        "{\"accessToken\": \"t\", \"expiresAt\": \"tomorrow\"}",
        "[]",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        struct fixture *f = set_up(PROFILE SESSION, files[i] ? CACHE : NULL, files[i]);

        assert_fails(&f->err, get(f), ERR_AUTH, CODE_LOGIN, CACHE);
        assert_string_equal(f->err.hint, "run: aws sso login --sso-session corp");
        tear_down(f);
    }
}

static void refusals_of_the_portal_have_their_codes(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum err_family family;
        const char *code, *words;
    } cases[] = {
        {401, "{\"message\": \"Session token not found or invalid\"}", ERR_AUTH, CODE_LOGIN,
         "aws sso login"},
        {403, "{\"message\": \"No access\"}", ERR_AUTH, CODE_DENIED,
         "role Dev in account 111122223333"},
        {404, "", ERR_AUTH, CODE_DENIED, "must be assigned"},
        {302, "", ERR_AUTH, CODE_ANSWER, "302"},
        {200, "{}", ERR_AUTH, CODE_ANSWER, "accessKeyId"},
        {200, "<html>", ERR_AUTH, CODE_ANSWER, "no JSON"},
        {200,
         "{\"roleCredentials\": {\"accessKeyId\": \"A\", \"secretAccessKey\": \"s\","
         " \"sessionToken\": \"t\", \"expiration\": 1000}}",
         ERR_AUTH, CODE_ANSWER, "expired"},
        {200,
         "{\"roleCredentials\": {\"accessKeyId\": \"A\", \"secretAccessKey\": \"s\","
         " \"sessionToken\": \"t\", \"expiration\": 9223372036854775807}}",
         ERR_AUTH, CODE_ANSWER, "expiration"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture *f = set_up(PROFILE SESSION, CACHE, TOKEN("2026-03-01T18:00:00Z"));

        f->it.exchanges[0] = (struct scripted_exchange){PORTAL, cases[i].status, cases[i].body};
        assert_fails(&f->err, get(f), cases[i].family, cases[i].code, cases[i].words);
        tear_down(f);
    }

    struct fixture *f = set_up(PROFILE SESSION, CACHE, TOKEN("2026-03-01T18:00:00Z"));
    for (int i = 0; i < 3; i++)
        f->it.exchanges[i] = (struct scripted_exchange){PORTAL, 429, ""};
    assert_fails(&f->err, get(f), ERR_NETWORK, CODE_SERVICE, "429");
    tear_down(f);
}

static void a_session_in_quotes_is_explained(void **state)
{
    struct fixture *f = set_up(PROFILE "[sso-session \"corp\"]\n", NULL, NULL);

    (void)state;
    assert_fails(&f->err, get(f), ERR_USAGE, CODE_AWS_CONFIG,
                 "[sso-session \"corp\"] has no effect");
    tear_down(f);
}

static void incomplete_settings_are_named(void **state)
{
    static const struct {
        const char *config, *words;
    } cases[] = {
        {"[default]\nsso_session = corp\n" SESSION, "sso_account_id, sso_role_name"},
        {"[default]\nsso_session = corp\nsso_account_id = 1\n" SESSION, "without sso_role_name"},
        {PROFILE, "the sso-session corp"},
        {PROFILE "[sso-session corp]\nsso_start_url = " START "\n",
         "sso-session corp has no sso_region"},
        {PROFILE "sso_region = eu-west-1\n" SESSION, "sso_region of profile default differs"},
        {"[default]\nsso_start_url = " START "\n", "sso_region"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture *f = set_up(cases[i].config, NULL, NULL);

        assert_fails(&f->err, get(f), ERR_USAGE, CODE_AWS_CONFIG, cases[i].words);
        tear_down(f);
    }

    struct fixture *f = set_up("[default]\nregion = us-east-1\n", NULL, NULL);
    assert_int_equal(get(f), SOURCE_ABSENT);
    tear_down(f);
    f = set_up(PROFILE "sso_region = us-west-2\n" SESSION, NULL, NULL);
    assert_fails(&f->err, get(f), ERR_AUTH, CODE_LOGIN, CACHE);
    tear_down(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_token_is_used),
        cmocka_unit_test(a_token_of_the_year_1_has_expired),
        cmocka_unit_test(the_older_form_is_never_refreshed),
        cmocka_unit_test(an_ending_token_is_refreshed),
        cmocka_unit_test(a_failed_refresh_is_an_error_after_the_expiry),
        cmocka_unit_test(a_token_of_this_process_outlives_a_read_only_file),
        cmocka_unit_test(a_failed_refresh_keeps_the_token_of_this_process),
        cmocka_unit_test(another_process_has_refreshed_first),
        cmocka_unit_test(unusable_files_are_errors_with_the_login_command),
        cmocka_unit_test(refusals_of_the_portal_have_their_codes),
        cmocka_unit_test(a_session_in_quotes_is_explained),
        cmocka_unit_test(incomplete_settings_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
