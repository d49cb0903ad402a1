#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/settings.h"
#include "base/codes.h"
#include "credentials/credentials.h"
#include "credentials/role.h"
#include "credentials/source.h"
#include "credentials/web_identity.h"
#include "kit/assert_fails.h"
#include "kit/scripted_system.h"

#define NOW (INT64_C(1772359200) * NS_PER_S) /* 2026-03-01T10:00:00Z */
#define STS "POST https://sts.us-east-1.amazonaws.com/\n"

#define ISSUED(expiration)                                                                         \
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"   \
    "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/R/s</Arn></AssumedRoleUser>"     \
    "<Credentials><AccessKeyId>ASIAFIRST</AccessKeyId><SecretAccessKey>firstsecret"                \
    "</SecretAccessKey><SessionToken>firsttoken</SessionToken><Expiration>" expiration             \
    "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
#define GOOD ISSUED("2026-03-01T11:00:00Z")
#define REFUSED(code, message)                                                                     \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code><Message>" message              \
    "</Message></Error></ErrorResponse>"

struct fixture {
    struct scripted_system it;
    struct aws_settings settings;
    struct credential_context ctx;
    struct credentials base, out;
    const char *endpoint; /* of s3dock, or NULL */
    struct err err;
};

/* Loads settings with a profile of these lines. */
static struct fixture *set_up(const char *lines)
{
    static char config[4096];
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    snprintf(config, sizeof config,
             "[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::1:role/R\n%s", lines);
    f->it.env[0] = (struct scripted_pair){"HOME", "/home"};
    f->it.files[0] = (struct scripted_pair){"/home/.aws/config", config};
    f->it.now = NOW;
    return f;
}

static void load(struct fixture *f)
{
    const struct aws_query query = {.endpoint = f->endpoint};

    f->ctx = (struct credential_context){scripted_system(&f->it), &f->settings};
    assert_int_equal(aws_settings_load(f->ctx.system, &query, &f->settings, &f->err), 0);
    assert_int_equal(credentials_init(&f->base, "AKIDBASE", "basesecret", NULL, &f->err), 0);
    str_copy(f->base.source, sizeof f->base.source, "profile base");
}

static int assume(struct fixture *f)
{
    char code[ROLE_CODE_SIZE];

    load(f);
    if (role_prepare(&f->ctx, f->settings.profile, true, code, &f->err) < 0)
        return ERR_FAIL;
    return role_credentials(&f->ctx, f->settings.profile, &f->base, code, &f->out, &f->err);
}

static int assume_web(struct fixture *f)
{
    load(f);
    return web_identity_credentials(&f->ctx, NULL, &f->out, &f->err);
}

static void tear_down(struct fixture *f)
{
    aws_settings_finish(&f->settings);
    free(f->it.written);
    free(f);
}

static void a_role_is_assumed(void **state)
{
    struct fixture *f = set_up("external_id = ext+1=2\nduration_seconds = 43200\n");

    (void)state;
    f->it.exchanges[0] = (struct scripted_exchange){STS, 200, GOOD};
    assert_int_equal(assume(f), SOURCE_FOUND);
    assert_non_null(strstr(f->it.request,
                           "\n\nAction=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3A"
                           "iam%3A%3A1%3Arole%2FR&RoleSessionName=s3dock-1772359200&"
                           "ExternalId=ext%2B1%3D2&DurationSeconds=43200"));
    assert_non_null(strstr(f->it.request, "\ncontent-type: application/x-www-form-urlencoded"));
    assert_non_null(
        strstr(f->it.request, "Credential=AKIDBASE/20260301/us-east-1/sts/aws4_request"));
    assert_string_equal(f->out.access_key, "ASIAFIRST");
    assert_string_equal(f->out.secret_key, "firstsecret");
    assert_string_equal(f->out.session_token, "firsttoken");
    assert_string_equal(f->out.account, "123456789012");
    assert_int_equal(f->out.expiry, NOW + 3600 * NS_PER_S);
    assert_int_equal(f->out.kind, CREDENTIALS_ROLE);
    assert_string_equal(f->out.source, "role arn:aws:iam::1:role/R of profile default");
    tear_down(f);
}

static void temporary_failures_are_repeated(void **state)
{
    struct fixture *f = set_up("");

    (void)state;
    f->it.exchanges[0] = (struct scripted_exchange){STS, 0, "connection reset"};
    f->it.exchanges[1] =
        (struct scripted_exchange){STS, 400, REFUSED("Throttling", "Rate exceeded")};
    f->it.exchanges[2] = (struct scripted_exchange){STS, 200, GOOD};
    assert_int_equal(assume(f), SOURCE_FOUND);
    assert_int_equal(f->it.sent, 3);
    assert_int_equal(f->it.waits, 2);
    tear_down(f);

    f = set_up("");
    for (int i = 0; i < 3; i++)
        f->it.exchanges[i] = (struct scripted_exchange){STS, 503, ""};
    assert_fails(&f->err, assume(f), ERR_NETWORK, CODE_SERVICE, "HTTP status 503");
    tear_down(f);

    f = set_up("max_attempts = 1\n");
    f->it.exchanges[0] = (struct scripted_exchange){STS, 0, "connection reset"};
    assert_fails(&f->err, assume(f), ERR_NETWORK, CODE_SERVICE, "in 1 try: connection reset");
    tear_down(f);
}

static void a_refusal_has_its_remedy(void **state)
{
    static const struct {
        int status;
        const char *code, *message, *words;
    } cases[] = {
        {403, "AccessDenied", "User is not authorized to perform: sts:AssumeRole",
         "the trust policy"},
        {403, "AccessDenied", "MultiFactorAuthentication failed", "MFA code was wrong"},
        {403, "InvalidClientTokenId", "The security token is invalid.",
         "the keys of profile base do not exist"},
        {403, "SignatureDoesNotMatch", "The request signature we calculated does not match",
         "the keys of profile base have a wrong secret key"},
        {403, "AccessDenied", "The request signature we calculated does not match",
         "the keys of profile base have a wrong secret key"}, /* MinIO */
        {403, "AccessDenied", "The Access Key Id you provided does not exist in our records.",
         "the keys of profile base do not exist on this server"}, /* MinIO */
        {403, "InvalidAccessKeyId", "m", "the keys of profile base do not exist on this server"},
        {403, "ExpiredToken", "is expired", "the keys of profile base have expired"},
        {400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration",
         "lower duration_seconds"},
        {403, "RegionDisabledException", "STS is not activated in this region",
         "activate STS of this region"},
        {403, "PackedPolicyTooLarge", "words of STS", "PackedPolicyTooLarge: words of STS"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture *f = set_up("");
        char document[512];

        snprintf(document, sizeof document, REFUSED("%s", "%s"), cases[i].code, cases[i].message);
        f->it.exchanges[0] = (struct scripted_exchange){STS, cases[i].status, document};
        assert_fails(&f->err, assume(f), ERR_AUTH, CODE_DENIED, cases[i].words);
        assert_non_null(strstr(f->err.text, cases[i].code));
        assert_non_null(strstr(f->err.text, "arn:aws:iam::1:role/R"));
        tear_down(f);
    }
}

static void a_wrong_clock_is_corrected_once(void **state)
{
    const char *refusal =
        REFUSED("SignatureDoesNotMatch", "Signature expired: 20260301T100000Z is now");
    struct fixture *f = set_up("");
    int64_t later = NOW + 7200 * NS_PER_S;

    (void)state;
    f->it.exchanges[0] =
        (struct scripted_exchange){"x-amz-date: 20260301T100000Z", 403, refusal, later};
    f->it.exchanges[1] = (struct scripted_exchange){"x-amz-date: 20260301T120000Z", 200,
                                                    ISSUED("2026-03-01T13:00:00Z"), later};
    assert_int_equal(assume(f), SOURCE_FOUND);
    assert_int_equal(f->out.clock_offset, 7200 * NS_PER_S);
    tear_down(f);

    f = set_up("");
    f->it.exchanges[0] = (struct scripted_exchange){STS, 403, refusal, later};
    f->it.exchanges[1] = (struct scripted_exchange){STS, 403, refusal, later};
    assert_fails(&f->err, assume(f), ERR_AUTH, CODE_DENIED, "the clock of this machine is wrong");
    tear_down(f);
}

/* A request that is signed for another day can be replayed on that day. */
static void without_tls_the_clock_is_corrected_by_a_day_at_most(void **state)
{
    static const struct {
        const char *endpoint, *second;
        int64_t days;
        bool corrected;
    } cases[] = {{"http://sts.example:9000", "x-amz-date: 20260302T100000Z", 1, true},
                 {"http://sts.example:9000", "", 2, false},
                 {"http://sts.example:9000", "", -2, false},
                 {"https://sts.example:9000", "x-amz-date: 20260303T100000Z", 2, true}};
    const char *refusal = REFUSED("RequestExpired", "Request has expired");

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture *f = set_up("");
        int64_t date = NOW + cases[i].days * 24 * 3600 * NS_PER_S;

        f->it.env[1] = (struct scripted_pair){"AWS_ENDPOINT_URL_STS", cases[i].endpoint};
        f->it.exchanges[0] =
            (struct scripted_exchange){"x-amz-date: 20260301T100000Z", 403, refusal, date};
        f->it.exchanges[1] = (struct scripted_exchange){cases[i].second, 403, refusal, date};
        assert_fails(&f->err, assume(f), ERR_AUTH, CODE_DENIED, "the clock of this machine");
        assert_int_equal(f->it.sent, cases[i].corrected ? 2 : 1);
        tear_down(f);
    }
}

static void odd_responses_are_refused(void **state)
{
    static const struct {
        int status;
        const char *body, *words;
    } cases[] = {
        {200, "", "no element found"},
        {200, "<!DOCTYPE a><a/>", "document type"},
        {200, "<a><Credentials><AccessKeyId>A</AccessKeyId></Credentials></a>",
         "no SecretAccessKey"},
        {200, ISSUED("tomorrow"), "is no time"},
        {200, ISSUED("2026-03-01T10:00:00Z"), "expired"},
        {302, "", "HTTP status 302"},
        {404, "<html></html>", "HTTP status 404"},
        {405, "<Error><Code>MethodNotAllowed</Code><Message>m</Message></Error>",
         "HTTP status 405"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture *f = set_up("");

        f->it.exchanges[0] = (struct scripted_exchange){STS, cases[i].status, cases[i].body};
        assert_fails(&f->err, assume(f), ERR_AUTH, CODE_ANSWER, cases[i].words);
        assert_null(strstr(f->err.text, "firstsecret"));
        tear_down(f);
    }
}

/* Stores write errors as S3 does. */
static void an_error_document_of_s3_is_a_refusal(void **state)
{
    struct fixture *f = set_up("");

    (void)state;
    f->it.exchanges[0] = (struct scripted_exchange){
        STS, 403, "<Error><Code>AccessDenied</Code><Message></Message></Error>"};
    assert_fails(&f->err, assume(f), ERR_AUTH, CODE_DENIED, "AccessDenied");
    tear_down(f);
}

static void a_long_session_token_is_accepted(void **state)
{
    static char document[20000], token[CREDENTIALS_TOKEN_MAX];
    struct fixture *f = set_up("");

    (void)state;
    memset(token, 't', sizeof token - 1);
    snprintf(document, sizeof document,
             "<a><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
             "<SessionToken>%s</SessionToken><Expiration>2026-03-01T11:00:00Z</Expiration>"
             "</Credentials></a>",
             token);
    f->it.exchanges[0] = (struct scripted_exchange){STS, 200, document};
    assert_int_equal(assume(f), SOURCE_FOUND);
    assert_string_equal(f->out.session_token, token);

    /* The next hop signs with it. */
    f->base = f->out;
    f->it.exchanges[1] = (struct scripted_exchange){"x-amz-security-token: ttt", 200, GOOD};
    assert_int_equal(role_credentials(&f->ctx, f->settings.profile, &f->base, "", &f->out, &f->err),
                     SOURCE_FOUND);
    tear_down(f);
}

static void a_configured_endpoint_is_named_in_the_hint(void **state)
{
    struct fixture *f = set_up("");

    (void)state;
    f->it.env[1] = (struct scripted_pair){"AWS_ENDPOINT_URL", "http://store.example:9000"};
    f->it.exchanges[0] = (struct scripted_exchange){"POST http://store.example:9000/\n", 405, ""};
    assert_fails(&f->err, assume(f), ERR_AUTH, CODE_ANSWER,
                 "AWS_ENDPOINT_URL sends requests of the service sts");
    tear_down(f);
}

static void a_configured_endpoint_of_the_service_is_named_alone(void **state)
{
    struct fixture *f = set_up("");

    (void)state;
    f->it.env[1] = (struct scripted_pair){"AWS_ENDPOINT_URL_STS", "http://sts.example:9000"};
    f->it.exchanges[0] = (struct scripted_exchange){"POST http://sts.example:9000/\n", 405, ""};
    assert_fails(&f->err, assume(f), ERR_AUTH, CODE_ANSWER, "AWS_ENDPOINT_URL_STS sets this URL");
    assert_null(strstr(f->err.hint, "AWS_ENDPOINT_URL_S3"));
    tear_down(f);
}

static void a_store_that_is_not_aws_may_have_an_sts(void **state)
{
    static const struct {
        const char *endpoint;
        bool hinted;
    } cases[] = {{"http://store.example:9000", true},
                 {"https://s3.eu-west-1.amazonaws.com", false},
                 {NULL, false}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture *f = set_up("");

        f->endpoint = cases[i].endpoint;
        f->it.exchanges[0] =
            (struct scripted_exchange){STS, 403, REFUSED("InvalidClientTokenId", "is invalid")};
        assert_fails(&f->err, assume(f), ERR_AUTH, CODE_DENIED,
                     "the keys of profile base do not exist");
        assert_int_equal(strstr(f->err.hint, "set AWS_ENDPOINT_URL_STS") != NULL, cases[i].hinted);
        tear_down(f);
    }
}

static void bad_parameters_are_named(void **state)
{
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"role_session_name = a\n", "role_session_name must have"},
        {"role_session_name = a b\n", "role_session_name must have"},
        {"external_id = x\n", "external_id must have"},
        {"duration_seconds = 60\n", "duration_seconds is 60"},
        {"duration_seconds = 99999999999999999999\n", "duration_seconds"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture *f = set_up(cases[i].line);

        assert_fails(&f->err, assume(f), ERR_USAGE, CODE_AWS_CONFIG, cases[i].words);
        tear_down(f);
    }

    struct fixture *f = set_up("duration_seconds = 1h\nrole_session_name = me@x.y\n");
    f->it.exchanges[0] = (struct scripted_exchange){"RoleSessionName=me%40x.y", 200, GOOD};
    assert_int_equal(assume(f), SOURCE_FOUND);
    assert_null(strstr(f->it.request, "DurationSeconds"));
    tear_down(f);
}

static void a_code_is_asked_for(void **state)
{
    struct fixture *f = set_up("mfa_serial = arn:aws:iam::1:mfa/me\n");
    char code[ROLE_CODE_SIZE];

    (void)state;
    f->it.typed = "123456";
    f->it.exchanges[0] = (struct scripted_exchange){
        "&SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fme&TokenCode=123456", 200, GOOD};
    assert_int_equal(assume(f), SOURCE_FOUND);
    assert_string_equal(f->it.prompt, "Enter MFA code for arn:aws:iam::1:mfa/me: ");

    assert_fails(&f->err, role_prepare(&f->ctx, f->settings.profile, false, code, &f->err),
                 ERR_AUTH, CODE_LOGIN, "arn:aws:iam::1:mfa/me");
    f->it.typed = "12345x";
    assert_fails(&f->err, role_prepare(&f->ctx, f->settings.profile, true, code, &f->err), ERR_AUTH,
                 CODE_LOGIN, "not 6 digits");
    f->it.typed = NULL;
    assert_fails(&f->err, role_prepare(&f->ctx, f->settings.profile, true, code, &f->err), ERR_AUTH,
                 CODE_LOGIN, "no terminal");
    tear_down(f);
}

/* The name is the SHA-1 of {"ExternalId": "xy", "RoleArn": "arn:aws:iam::1:role/R", "SerialNumber":
 * "arn:aws:iam::1:mfa/me"}. */
#define CLI_CACHE "/home/.aws/cli/cache/0354d403ae7e3a66a073c350d4cfc777eba43f1b.json"

static void a_session_of_the_aws_cli_needs_no_code(void **state)
{
    struct fixture *f = set_up("mfa_serial = arn:aws:iam::1:mfa/me\nexternal_id = xy\n");
    char code[ROLE_CODE_SIZE];

    (void)state;
    f->it.files[1] = (struct scripted_pair){
        CLI_CACHE, "{\"Credentials\": {\"AccessKeyId\": \"ASIACLI\", \"SecretAccessKey\": \"s\","
                   " \"SessionToken\": \"t\", \"Expiration\": \"2026-03-01T10:20:00+00:00\"}}"};
    assert_int_equal(assume(f), SOURCE_FOUND);
    assert_string_equal(f->out.access_key, "ASIACLI");
    assert_int_equal(f->out.expiry, NOW + 1200 * NS_PER_S);

    /* With a terminal, the user is prompted before the end. A running transfer uses the session
     * until its end. */
    f->it.now += 600 * NS_PER_S;
    f->it.typed = "123456";
    assert_int_equal(role_prepare(&f->ctx, f->settings.profile, true, code, &f->err), 0);
    assert_string_equal(code, "123456");
    assert_int_equal(role_prepare(&f->ctx, f->settings.profile, false, code, &f->err), 0);
    assert_string_equal(code, "");
    f->it.now += 600 * NS_PER_S;
    assert_fails(&f->err, role_prepare(&f->ctx, f->settings.profile, false, code, &f->err),
                 ERR_AUTH, CODE_LOGIN, "aws sts get-caller-identity --profile default");
    assert_fails(&f->err,
                 role_credentials(&f->ctx, f->settings.profile, &f->base, "", &f->out, &f->err),
                 ERR_AUTH, CODE_LOGIN, "is over");
    assert_int_equal(f->it.sent, 0);
    tear_down(f);
}

/* ---- web identity ---- */

static struct fixture *set_up_web(const char *token)
{
    struct fixture *f = set_up("");

    f->it.env[1] = (struct scripted_pair){"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"};
    f->it.env[2] = (struct scripted_pair){"AWS_ROLE_ARN", "arn:aws:iam::1:role/Pod"};
    f->it.files[1] = (struct scripted_pair){token ? "/token" : NULL, token};
    return f;
}

static void a_token_is_exchanged(void **state)
{
    struct fixture *f = set_up_web(" token-one\r\n");

    (void)state;
    f->it.exchanges[0] = (struct scripted_exchange){"WebIdentityToken=token-one", 200, GOOD};
    assert_int_equal(assume_web(f), SOURCE_FOUND);
    assert_non_null(strstr(f->it.request, "Action=AssumeRoleWithWebIdentity&"));
    assert_null(strstr(f->it.request, "authorization:"));
    assert_string_equal(f->it.request + strlen(f->it.request) - 10, "=token-one");
    assert_int_equal(f->out.kind, CREDENTIALS_WEB_IDENTITY);
    assert_string_equal(f->out.source, "web identity token /token of the environment");

    f->it.files[1].value = "token-two";
    f->it.exchanges[1] = (struct scripted_exchange){"WebIdentityToken=token-two", 200, GOOD};
    assert_int_equal(web_identity_credentials(&f->ctx, NULL, &f->out, &f->err), SOURCE_FOUND);

    f->it.exchanges[2] =
        (struct scripted_exchange){STS, 400, REFUSED("ExpiredTokenException", "m")};
    assert_fails(&f->err, web_identity_credentials(&f->ctx, NULL, &f->out, &f->err), ERR_AUTH,
                 CODE_DENIED, "the token file /token has expired");
    tear_down(f);
}

static void a_refused_token_has_its_remedy(void **state)
{
    static const struct {
        const char *code, *message, *words;
    } cases[] = {
        {"AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity",
         "allow sts:AssumeRoleWithWebIdentity"},
        {"InvalidIdentityToken", "No OpenIDConnect provider found in your account",
         "create the OIDC identity provider"},
        {"InvalidIdentityToken", "Incorrect token audience", "must be issued for the audience"},
        {"IDPRejectedClaim", "m", "rejects the token"},
        {"ExpiredToken", "m", "the token file /token has expired"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture *f = set_up_web("t");
        char document[512];

        snprintf(document, sizeof document, REFUSED("%s", "%s"), cases[i].code, cases[i].message);
        f->it.exchanges[0] = (struct scripted_exchange){STS, 400, document};
        assert_fails(&f->err, assume_web(f), ERR_AUTH, CODE_DENIED, cases[i].words);
        tear_down(f);
    }
}

static void a_bad_token_file_is_named(void **state)
{
    static char longest[WEB_IDENTITY_TOKEN_MAX + 2];
    const char *tokens[] = {NULL, "", " \n", longest};

    (void)state;
    memset(longest, 't', sizeof longest - 1);
    for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
        struct fixture *f = set_up_web(tokens[i]);

        assert_fails(&f->err, assume_web(f), ERR_AUTH, CODE_TOKEN_FILE, "/token");
        tear_down(f);
    }
}

static void incomplete_web_identities_are_refused(void **state)
{
    struct fixture *f = set_up_web("t");

    (void)state;
    f->it.env[2] = (struct scripted_pair){NULL, NULL};
    assert_fails(&f->err, assume_web(f), ERR_USAGE, CODE_AWS_SETTING, "AWS_ROLE_ARN");
    tear_down(f);

    f = set_up_web("t");
    f->it.env[1] = f->it.env[2];
    f->it.env[2] = (struct scripted_pair){NULL, NULL};
    assert_int_equal(assume_web(f), SOURCE_ABSENT);
    tear_down(f);

    f = set_up("web_identity_token_file = /token\nrole_arn =\n");
    load(f);
    assert_fails(&f->err, web_identity_credentials(&f->ctx, f->settings.profile, &f->out, &f->err),
                 ERR_USAGE, CODE_AWS_CONFIG, "without role_arn");
    tear_down(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_role_is_assumed),
        cmocka_unit_test(temporary_failures_are_repeated),
        cmocka_unit_test(a_refusal_has_its_remedy),
        cmocka_unit_test(a_wrong_clock_is_corrected_once),
        cmocka_unit_test(without_tls_the_clock_is_corrected_by_a_day_at_most),
        cmocka_unit_test(odd_responses_are_refused),
        cmocka_unit_test(an_error_document_of_s3_is_a_refusal),
        cmocka_unit_test(a_long_session_token_is_accepted),
        cmocka_unit_test(a_configured_endpoint_is_named_in_the_hint),
        cmocka_unit_test(a_configured_endpoint_of_the_service_is_named_alone),
        cmocka_unit_test(a_store_that_is_not_aws_may_have_an_sts),
        cmocka_unit_test(bad_parameters_are_named),
        cmocka_unit_test(a_code_is_asked_for),
        cmocka_unit_test(a_session_of_the_aws_cli_needs_no_code),
        cmocka_unit_test(a_token_is_exchanged),
        cmocka_unit_test(a_refused_token_has_its_remedy),
        cmocka_unit_test(a_bad_token_file_is_named),
        cmocka_unit_test(incomplete_web_identities_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
