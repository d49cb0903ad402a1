#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credentials/container.h"
#include "credentials/credentials.h"
#include "kit/metadata_script.h"

#define RELATIVE   "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL       "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN      "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define KEYS       "{\"AccessKeyId\": \"AKID\", \"SecretAccessKey\": \"secret-of-it\"}"

static struct credentials creds;
static struct err err;

static int url_of(const char *variable, const char *value, char url[CONTAINER_URL_MAX])
{
    struct aws_files files = {.env = {{variable, value}}};

    return container_url(aws_files_system(&files), url, &err);
}

static void assert_url(const char *variable, const char *value, const char *expected)
{
    char url[CONTAINER_URL_MAX];

    if (url_of(variable, value, url))
        fail_msg("%s: %s", value, err.text);
    assert_string_equal(url, expected);
}

static void assert_full(const char *url)
{
    assert_url(FULL, url, url);
}

static void allowed_urls_are_used_unchanged(void **state)
{
    (void)state;
    assert_url(RELATIVE, "/credentials?a=1", "http://169.254.170.2/credentials?a=1");
    assert_full("http://169.254.170.2/credentials");
    assert_full("http://169.254.170.23/v1/credentials");
    assert_full("http://[fd00:ec2::23]/v1/credentials");
    assert_full("https://mypersonalsite:8080/credentials");
    assert_full("http://[::1]:81/role");
    assert_full("http://127.9.8.7:81/role");
    assert_full("http://LOCALHOST:8080/");
}

static void assert_refused(const char *variable, const char *value)
{
    char url[CONTAINER_URL_MAX];

    if (url_of(variable, value, url) != ERR_FAIL)
        fail_msg("%s is accepted", value);
    assert_true(err_is(&err, ERR_USAGE, CODE_AWS_SETTING));
    assert_non_null(strstr(err.text, variable));
}

static void other_urls_are_refused(void **state)
{
    (void)state;
    assert_refused(FULL, "/credentials");
    assert_refused(FULL, "http:///credentials");
    assert_refused(FULL, "http://example.com/credentials");
    assert_refused(FULL, "http://169.254.169.254/credentials");
    assert_refused(FULL, "http://127.0.0.1.example.com/");
    assert_refused(FULL, "http://localhost@example.com/");
    assert_refused(FULL, "http://example.com\\@localhost/");
    assert_refused(FULL, "http://localhost.example.com/");
    assert_refused(FULL, "ftp://localhost/");
    assert_refused(FULL, "file:///etc/passwd");
    assert_refused(FULL, "http://localhost/a b");
    assert_refused(RELATIVE, "@example.com/");
    assert_refused(RELATIVE, "/a\r\nb");
}

static int get(struct metadata_script script)
{
    int result = container_credentials(script_begin(&script), &creds, &err);

    script_end(&script);
    return result;
}

static void the_token_goes_to_both_kinds_of_urls(void **state)
{
    (void)state;
    assert_int_equal(
        get((struct metadata_script){
            .files.env = {{RELATIVE, "/v2/x"}, {FULL, "http://localhost/"}, {TOKEN, "tok"}},
            .responses = {{"GET http://169.254.170.2/v2/x", 200, KEYS, "authorization: tok"}}}),
        SOURCE_FOUND);
    assert_int_equal(creds.kind, CREDENTIALS_CONTAINER);
    assert_int_equal(creds.expiry, 0);
    assert_int_equal(
        get((struct metadata_script){
            .files = {.env = {{FULL, "http://localhost/"}, {TOKEN, "tok"}, {TOKEN_FILE, "/token"}},
                      .files = {{"/token", "of the file"}}},
            .responses = {{"GET http://localhost/", 200, KEYS, "authorization: of the file"}}}),
        SOURCE_FOUND);
    assert_int_equal(get((struct metadata_script){{.env = {{TOKEN, "tok"}}}}), SOURCE_ABSENT);
}

static void malformed_tokens_are_not_sent(void **state)
{
    (void)state;
    assert_int_equal(get((struct metadata_script){
                         {.env = {{FULL, "http://localhost/"}, {TOKEN, "invalid\r\ntoken"}}}}),
                     ERR_FAIL);
    assert_true(err_is(&err, ERR_USAGE, CODE_AWS_SETTING));
    assert_non_null(strstr(err.text, TOKEN));
    assert_int_equal(
        get((struct metadata_script){{.env = {{FULL, "http://localhost/"}, {TOKEN_FILE, "/token"}},
                                      .files = {{"/token", "token\n"}}}}),
        ERR_FAIL);
    assert_non_null(strstr(err.text, TOKEN_FILE));
    assert_null(strstr(err.text, "token\n"));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            get((struct metadata_script){
                {.env = {{FULL, "http://localhost/"}, {TOKEN_FILE, i ? "/token" : "/missing"}},
                 .files = {{"/token", NULL}}}}),
            ERR_FAIL);
        assert_true(err_is(&err, ERR_AUTH, CODE_TOKEN_FILE));
    }
}

static void temporary_failures_are_repeated(void **state)
{
    static const char url[] = "GET http://localhost/";

    (void)state;
    assert_int_equal(
        get((struct metadata_script){.files.env = {{FULL, "http://localhost/"}},
                                     .responses = {{url, 500}, {url, -1}, {url, 200, KEYS}}}),
        SOURCE_FOUND);
    assert_int_equal(get((struct metadata_script){.files.env = {{FULL, "http://localhost/"}},
                                                  .responses = {{url, 0}, {url, 0}, {url, 0}}}),
                     ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_SOURCE));
    assert_non_null(strstr(err.text, "http://localhost:"));
}

/* On ECS the path is an id that only the task should know. */
static void messages_do_not_contain_the_path(void **state)
{
    static const char url[] = "GET http://169.254.170.2/v2/credentials/52b19262";

    (void)state;
    assert_int_equal(
        get((struct metadata_script){.files.env = {{RELATIVE, "/v2/credentials/52b19262"}},
                                     .responses = {{url, 200, KEYS}}}),
        SOURCE_FOUND);
    assert_string_equal(creds.source, "container endpoint http://169.254.170.2");
    assert_int_equal(
        get((struct metadata_script){.files.env = {{RELATIVE, "/v2/credentials/52b19262"}},
                                     .responses = {{url, 404}}}),
        ERR_FAIL);
    assert_null(strstr(err.text, "52b19262"));
}

static void refusals_are_reported(void **state)
{
    static const char url[] = "GET http://localhost/";

    (void)state;
    assert_int_equal(
        get((struct metadata_script){.files.env = {{FULL, "http://localhost/"}},
                                     .responses = {{url, 403, "{\"code\": \"AccessDenied\"}"}}}),
        ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_SOURCE));
    assert_non_null(strstr(err.text, "403: AccessDenied"));
    assert_int_equal(get((struct metadata_script){.files.env = {{FULL, "http://localhost/"}},
                                                  .responses = {{url, 302}}}),
                     ERR_FAIL);
    assert_int_equal(get((struct metadata_script){.files.env = {{FULL, "http://localhost/"}},
                                                  .responses = {{url, 200, "{}"}}}),
                     ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_ANSWER));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allowed_urls_are_used_unchanged),
        cmocka_unit_test(other_urls_are_refused),
        cmocka_unit_test(the_token_goes_to_both_kinds_of_urls),
        cmocka_unit_test(malformed_tokens_are_not_sent),
        cmocka_unit_test(temporary_failures_are_repeated),
        cmocka_unit_test(messages_do_not_contain_the_path),
        cmocka_unit_test(refusals_are_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
