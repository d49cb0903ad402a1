/* The variables of each option reach the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"
#include "cli/s3_options.h"
#include "cli/settings/args.h"
#include "cli/settings/config.h"

static const char *variables[64][2];

static const char *find_variable(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(variables) && variables[i][0]; i++)
        if (strcmp(variables[i][0], name) == 0)
            return variables[i][1];
    return NULL;
}

static void set_all(const char *const (*pairs)[2], size_t count)
{
    memset(variables, 0, sizeof variables);
    memcpy(variables, pairs, count * sizeof *variables);
}

static void load(struct config *config, struct store_s3_options *options)
{
    static const struct args no_args = {.command = CMD_NONE};
    struct err err = {0};

    if (config_load_without_file(config, &no_args, find_variable, &err) < 0)
        fail_msg("%s", err.text);
    s3_options_fill(config, options);
}

static void each_variable_reaches_the_store(void **state)
{
    static const char *const pairs[][2] = {
        {"S3DOCK_ENCRYPTION", "aws:kms"},
        {"S3DOCK_ENCRYPTION_KEY", "key-1"},
        {"S3DOCK_ENCRYPTION_CONTEXT", "{}"},
        {"S3DOCK_CUSTOMER_KEY", "a2V5"},
        {"S3DOCK_BUCKET_KEY", "true"},
        {"S3DOCK_STORAGE_CLASS", "STANDARD_IA"},
        {"S3DOCK_ACL", "private"},
        {"S3DOCK_TAGS", "a=b"},
        {"S3DOCK_LOCK_MODE", "GOVERNANCE"},
        {"S3DOCK_LOCK_UNTIL", "2030-01-01T00:00:00Z"},
        {"S3DOCK_LEGAL_HOLD", "yes"},
        {"S3DOCK_REQUESTER_PAYS", "on"},
        {"S3DOCK_BUCKET_OWNER", "111122223333"},
        {"S3DOCK_CHECKSUM", "md5"},
        {"AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"},
        {"AWS_USE_FIPS_ENDPOINT", "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT", "TRUE"},
        {"S3DOCK_ACCELERATE", "1"},
        {"AWS_S3_USE_ARN_REGION", "false"},
        {"S3DOCK_CLIENT_CERT", "cert.pem"},
        {"S3DOCK_CLIENT_KEY", "key.pem"},
    };
    static const char *const headers[S3_OPTION_COUNT] = {
        [S3_ENCRYPTION] = "aws:kms",
        [S3_ENCRYPTION_KEY] = "key-1",
        [S3_ENCRYPTION_CONTEXT] = "{}",
        [S3_BUCKET_KEY] = "true",
        [S3_STORAGE_CLASS] = "STANDARD_IA",
        [S3_ACL] = "private",
        [S3_TAGS] = "a=b",
        [S3_LOCK_MODE] = "GOVERNANCE",
        [S3_LOCK_UNTIL] = "2030-01-01T00:00:00Z",
        [S3_LEGAL_HOLD] = "ON",
        [S3_REQUEST_PAYER] = "requester",
        [S3_BUCKET_OWNER] = "111122223333",
        [S3_CUSTOMER_KEY] = "a2V5",
    };
    struct store_s3_options options;
    struct config config;

    (void)state;
    set_all(pairs, ARRAY_SIZE(pairs));
    load(&config, &options);
    for (size_t i = 0; i < S3_OPTION_COUNT; i++)
        assert_string_equal(options.headers[i], headers[i]);
    assert_string_equal(options.checksum, "md5");
    assert_string_equal(options.client_cert, "cert.pem");
    assert_string_equal(options.client_key, "key.pem");
    assert_true(options.fips && options.dualstack && options.accelerate);
    assert_true(options.own_region_only);
    config_finish(&config);
}

static void no_option_header_is_sent_by_default(void **state)
{
    static const char *const pairs[][2] = {{"S3DOCK_ENCRYPTION", "default"},
                                           {"S3DOCK_LEGAL_HOLD", "false"},
                                           {"AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"}};
    struct store_s3_options options;
    struct config config;

    (void)state;
    set_all(pairs, ARRAY_SIZE(pairs));
    load(&config, &options);
    for (size_t i = 0; i < S3_OPTION_COUNT; i++)
        assert_null(options.headers[i]);
    assert_string_equal(options.checksum, "when_required");
    assert_false(options.fips || options.dualstack || options.accelerate);
    assert_false(options.own_region_only);
    config_finish(&config);
}

static void the_case_of_a_word_does_not_matter(void **state)
{
    static const char *const pairs[][2] = {{"S3DOCK_ENCRYPTION", "AWS:kms"},
                                           {"S3DOCK_ADDRESSING", "PATH"},
                                           {"S3DOCK_LOCK_MODE", "governance"},
                                           {"AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED"}};
    struct store_s3_options options;
    struct config config;

    (void)state;
    set_all(pairs, ARRAY_SIZE(pairs));
    load(&config, &options);
    assert_string_equal(options.headers[S3_ENCRYPTION], "aws:kms");
    assert_string_equal(options.addressing, "path");
    assert_string_equal(options.headers[S3_LOCK_MODE], "GOVERNANCE");
    assert_string_equal(options.checksum, "when_required");
    config_finish(&config);
}

static void a_directory_refuses_what_it_cannot_honour(void **state)
{
    static const struct {
        const char *variable, *value, *code;
    } cases[] = {
        {"S3DOCK_ENCRYPTION", "AES256", "encryption"},
        {"S3DOCK_STORAGE_CLASS", "STANDARD_IA", "storage_class"},
        {"S3DOCK_ACL", "private", "acl"},
        {"S3DOCK_TAGS", "a=b", "tags"},
        {"S3DOCK_LEGAL_HOLD", "true", "lock"},
        {"S3DOCK_REQUESTER_PAYS", "true", "combination"},
        {"S3DOCK_BUCKET_OWNER", "111122223333", "bucket_owner"},
        {"S3DOCK_ENCRYPTION", "default", NULL},
        {"S3DOCK_CHECKSUM", "md5", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *const pairs[][2] = {{cases[i].variable, cases[i].value}};
        struct store_s3_options options;
        struct config config;
        struct err err = {0};

        set_all(pairs, 1);
        load(&config, &options);
        if (!cases[i].code) {
            assert_int_equal(s3_options_check_directory(&config, &err), 0);
        } else {
            assert_int_equal(s3_options_check_directory(&config, &err), ERR_FAIL);
            assert_string_equal(err.code, cases[i].code);
            assert_non_null(strstr(err.hint, "remove it"));
        }
        config_finish(&config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_variable_reaches_the_store),
        cmocka_unit_test(no_option_header_is_sent_by_default),
        cmocka_unit_test(the_case_of_a_word_does_not_matter),
        cmocka_unit_test(a_directory_refuses_what_it_cannot_honour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
