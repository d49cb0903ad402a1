#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credentials/credentials.h"
#include "credentials/login.h"
#include "kit/metadata_script.h"

#define ARN    "arn:aws:sts::012345678910:assumed-role/Admin/admin"
#define CONFIG "[default]\nlogin_session = " ARN "\n"
/* The SHA-256 of ARN. */
#define FILE_NAME "4b0ba8f99f075c0633e122fd73346ce203a3faf18ea0310eb2d29df1bab2e255.json"

static struct credentials creds;
static struct err err;

static int get(const char *document)
{
    struct metadata_script script = {{
        .env = {{"HOME", "/home"}},
        .files = {{"/home/.aws/config", CONFIG},
                  {document ? "/home/.aws/login/cache/" FILE_NAME : NULL, document}},
    }};
    const struct credential_context *ctx = script_begin(&script);
    int result = login_credentials(ctx, script.settings.profile, &creds, &err);

    script_end(&script);
    return result;
}

static void a_fresh_file_gives_credentials(void **state)
{
    (void)state;
    assert_int_equal(get("{\"accessToken\": {\"accessKeyId\": \"ASIAFIRST\", \"secretAccessKey\": "
                         "\"firstsecret\", \"sessionToken\": \"firsttoken\", \"accountId\": "
                         "\"012345678910\", \"expiresAt\": \"2026-03-01T10:10:00Z\"}}"),
                     SOURCE_FOUND);
    assert_string_equal(creds.access_key, "ASIAFIRST");
    assert_int_equal(creds.kind, CREDENTIALS_LOGIN);
    assert_true(creds.expiry > 0);
}

static void assert_login_is_needed(const char *document)
{
    assert_int_equal(get(document), ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_LOGIN));
    assert_non_null(strstr(err.hint, "aws login --profile default"));
}

static void a_malformed_file_is_an_error_with_the_login_command(void **state)
{
    (void)state;
    assert_login_is_needed(NULL);
    assert_login_is_needed("");
    assert_login_is_needed("{\"accessToken\"");
    assert_login_is_needed("{}");
    assert_login_is_needed("{\"accessToken\": {\"accessKeyId\": \"ASIAFIRST\"}}");
    assert_login_is_needed("{\"accessToken\": {\"accessKeyId\": \"ASIAFIRST\", "
                           "\"secretAccessKey\": \"firstsecret\", \"sessionToken\": "
                           "\"firsttoken\", \"expiresAt\": \"2026-03-01T10:00:00Z\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_file_gives_credentials),
        cmocka_unit_test(a_malformed_file_is_an_error_with_the_login_command),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
