#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "credentials/credentials.h"
#include "credentials/instance.h"
#include "kit/metadata_script.h"

#define HOST     "http://169.254.169.254/latest/"
#define PUT      "PUT " HOST "api/token"
#define EXTENDED "GET " HOST "meta-data/iam/security-credentials-extended/"
#define PLAIN    "GET " HOST "meta-data/iam/security-credentials/"
#define REGION   "GET " HOST "meta-data/placement/region"
#define TTL      "x-aws-ec2-metadata-token-ttl-seconds: 21600"
#define TOKEN_1  "x-aws-ec2-metadata-token: token-1"
#define TOKEN_2  "x-aws-ec2-metadata-token: token-2"
#define KEYS(name, expiration)                                                                     \
    "{\"Code\": \"Success\", \"AccessKeyId\": \"" name                                             \
    "\", \"SecretAccessKey\": \"secret-of-it\","                                                   \
    " \"Token\": \"token-of-it\", \"Expiration\": \"" expiration "\"}"
#define FRESH KEYS("ASIAFIRST", "2026-03-01T16:00:00Z")

static struct instance_cache cache;
static struct credentials creds;
static struct err err;

static int get(struct metadata_script *script)
{
    int result = instance_credentials(script_begin(script), &cache, &creds, &err);

    script_end(script);
    return result;
}

static int get_anew(struct metadata_script script)
{
    instance_finish(&cache);
    return get(&script);
}

static void token_role_and_document_are_fetched(void **state)
{
    int64_t expiry;

    (void)state;
    assert_int_equal(
        get_anew((struct metadata_script){.responses = {{PUT, 200, "token-1", TTL},
                                                        {EXTENDED, 404, NULL, TOKEN_1},
                                                        {PLAIN, 200, "role-a\n"},
                                                        {PLAIN "role-a", 200, FRESH}}}),
        SOURCE_FOUND);
    assert_string_equal(creds.access_key, "ASIAFIRST");
    assert_int_equal(creds.kind, CREDENTIALS_INSTANCE);
    assert_non_null(strstr(creds.source, "role-a"));
    assert_true(clock_parse_rfc3339("2026-03-01T16:00:00Z", &expiry));
    assert_int_equal(creds.expiry, expiry);
    /* The next call has token, role and kind of list. */
    assert_int_equal(
        get(&(struct metadata_script){.responses = {{PLAIN "role-a", 200, FRESH, TOKEN_1}}}),
        SOURCE_FOUND);
}

static void a_renamed_role_is_listed_once_more(void **state)
{
    (void)state;
    instance_finish(&cache);
    str_copy(cache.role, sizeof cache.role, "old");
    assert_int_equal(get(&(struct metadata_script){.responses = {{PUT, 200, "token-1"},
                                                                 {EXTENDED "old", 404},
                                                                 {EXTENDED, 200, "new"},
                                                                 {EXTENDED "new", 200, FRESH}}}),
                     SOURCE_FOUND);
    assert_string_equal(cache.role, "new");
    assert_int_equal(
        get(&(struct metadata_script){
            .responses = {{EXTENDED "new", 404}, {EXTENDED, 200, "new"}, {EXTENDED "new", 404}}}),
        ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_SOURCE));
}

static void a_forgotten_token_is_replaced_once(void **state)
{
    (void)state;
    assert_int_equal(
        get_anew((struct metadata_script){.responses = {{PUT, 200, "token-1"},
                                                        {EXTENDED, 401},
                                                        {PUT, 200, "token-2"},
                                                        {EXTENDED, 200, "role-a", TOKEN_2},
                                                        {EXTENDED "role-a", 200, FRESH, TOKEN_2}}}),
        SOURCE_FOUND);
    assert_int_equal(get_anew((struct metadata_script){.responses = {{PUT, 200, "token-1"},
                                                                     {EXTENDED, 401},
                                                                     {PUT, 200, "token-2"},
                                                                     {EXTENDED, 401}}}),
                     ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_SOURCE));
}

static void hosts_without_the_service_are_no_failure(void **state)
{
    (void)state;
    assert_int_equal(get_anew((struct metadata_script){.responses = {{PUT, 0}}}), SOURCE_ABSENT);
    assert_non_null(strstr(cache.absent, "no EC2 instance"));
    assert_int_equal(get_anew((struct metadata_script){.responses = {{PUT, -1}}}), SOURCE_ABSENT);
    assert_non_null(strstr(cache.absent, "HttpPutResponseHopLimit"));
    assert_int_equal(get_anew((struct metadata_script){.responses = {{PUT, 403}}}), SOURCE_ABSENT);
    assert_non_null(strstr(cache.absent, "version 2"));
    assert_int_equal(get_anew((struct metadata_script){
                         .responses = {{PUT, 200, "t"}, {EXTENDED, 404}, {PLAIN, 200, "\n"}}}),
                     SOURCE_ABSENT);
    assert_non_null(strstr(cache.absent, "no role"));
    assert_int_equal(
        get_anew((struct metadata_script){.files.env = {{"AWS_EC2_METADATA_DISABLED", "TRUE"}}}),
        SOURCE_ABSENT);
    assert_non_null(strstr(cache.absent, "AWS_EC2_METADATA_DISABLED"));
}

static void failures_of_the_service_are_repeated_and_then_reported(void **state)
{
    struct metadata_script script = {.responses = {{PUT, 503},
                                                   {PUT, 200, "token-1"},
                                                   {EXTENDED, -1},
                                                   {EXTENDED, 503},
                                                   {EXTENDED, 200, "role-a"},
                                                   {EXTENDED "role-a", 500},
                                                   {EXTENDED "role-a", 0},
                                                   {EXTENDED "role-a", 503},
                                                   {EXTENDED "role-a", 502}}};

    (void)state;
    instance_finish(&cache);
    assert_int_equal(get(&script), ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_SOURCE));
    assert_non_null(strstr(err.text, "502"));
    assert_int_equal(script.waits, 6);
    assert_int_equal(get_anew((struct metadata_script){.responses = {{PUT, 400}}}), ERR_FAIL);
    assert_non_null(strstr(err.hint, "AWS_EC2_METADATA_DISABLED"));
    assert_int_equal(
        get_anew((struct metadata_script){.files.env = {{"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1"}},
                                          .responses = {{PUT, 503}}}),
        ERR_FAIL);
}

static void hostile_responses_are_refused(void **state)
{
    (void)state;
    assert_int_equal(get_anew((struct metadata_script){.responses = {{PUT, 200, "a b"}}}),
                     ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_ANSWER));
    assert_int_equal(get_anew((struct metadata_script){.responses = {{PUT, 200, ""}}}), ERR_FAIL);
    assert_int_equal(get_anew((struct metadata_script){.responses = {{PUT, 302}}}), ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_SOURCE));
    assert_int_equal(get_anew((struct metadata_script){
                         .responses = {{PUT, 200, "t"}, {EXTENDED, 200, "../../user-data"}}}),
                     ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_ANSWER));
    assert_int_equal(
        get_anew((struct metadata_script){
            .responses = {{PUT, 200, "t"}, {EXTENDED, 200, "r"}, {EXTENDED "r", 200, "<p>"}}}),
        ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_ANSWER));
}

static void a_role_that_cannot_be_assumed_is_denied(void **state)
{
    (void)state;
    assert_int_equal(get_anew((struct metadata_script){
                         .responses = {{PUT, 200, "t"},
                                       {EXTENDED, 200, "role-a"},
                                       {EXTENDED "role-a", 200,
                                        "{\"Code\": \"AssumeRoleUnauthorizedAccess\"}"}}}),
                     ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_DENIED));
    assert_non_null(strstr(err.text, "role-a"));
    assert_non_null(strstr(err.hint, "ec2.amazonaws.com"));
}

static void expired_keys_are_used_some_minutes_longer(void **state)
{
    struct metadata_script script = {
        .responses = {{PUT, 200, "t"},
                      {EXTENDED, 200, "r"},
                      {EXTENDED "r", 200, KEYS("ASIAOLD", "2020-04-02T00:49:51Z")}}};

    (void)state;
    log_set_notes(false);
    instance_finish(&cache);
    assert_int_equal(get(&script), SOURCE_FOUND);
    assert_in_range(creds.expiry, script.now + 600 * NS_PER_S, script.now + 900 * NS_PER_S);
    assert_true(cache.warned);
}

static int region(struct metadata_script script, char out[INSTANCE_REGION_SIZE])
{
    int result;

    instance_finish(&cache);
    result = instance_region(script_begin(&script), &cache, out, &err);
    script_end(&script);
    return result;
}

static void the_region_is_that_of_the_instance(void **state)
{
    char out[INSTANCE_REGION_SIZE];

    (void)state;
    assert_int_equal(
        region((struct metadata_script){.responses = {{PUT, 200, "token-1"},
                                                      {REGION, 200, "ap-southeast-2", TOKEN_1}}},
               out),
        0);
    assert_string_equal(out, "ap-southeast-2");
    assert_int_equal(
        region((struct metadata_script){.responses = {{PUT, 200, "t"}, {REGION, 404}}}, out),
        SOURCE_ABSENT);
    assert_int_equal(
        region((struct metadata_script){.responses = {{PUT, 200, "t"}, {REGION, 200, "x.evil"}}},
               out),
        ERR_FAIL);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_role_and_document_are_fetched),
        cmocka_unit_test(a_renamed_role_is_listed_once_more),
        cmocka_unit_test(a_forgotten_token_is_replaced_once),
        cmocka_unit_test(hosts_without_the_service_are_no_failure),
        cmocka_unit_test(failures_of_the_service_are_repeated_and_then_reported),
        cmocka_unit_test(hostile_responses_are_refused),
        cmocka_unit_test(a_role_that_cannot_be_assumed_is_denied),
        cmocka_unit_test(expired_keys_are_used_some_minutes_longer),
        cmocka_unit_test(the_region_is_that_of_the_instance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
