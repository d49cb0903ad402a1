/* The selection of the profile, and the order of the places of each setting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/settings.h"
#include "base/err.h"
#include "tests/kit/aws_files.h"

#define CONFIG "/h/.aws/config"

/* Loads the settings of variables and the content of the config file. */
static int load(struct aws_files *all, const char *config, const char *profile,
                struct aws_settings *out, struct err *err)
{
    struct aws_query query = {.profile = profile};
    size_t n = 0;

    while (all->env[n][0])
        n++;
    all->env[n][0] = "HOME";
    all->env[n][1] = "/h";
    all->files[0][0] = CONFIG;
    all->files[0][1] = config;
    return aws_settings_load(aws_files_system(all), &query, out, err);
}

static void assert_profile(struct aws_files all, const char *asked, const char *name,
                           const char *region)
{
    struct aws_settings settings;
    struct err err;

    assert_int_equal(load(&all, "[default]\nregion=d\n[profile a]\nregion=ra\n[profile b]\n", asked,
                          &settings, &err),
                     0);
    assert_string_equal(settings.profile_name, name);
    assert_int_equal(settings.profile_explicit, asked != NULL);
    assert_string_equal(settings.region, region);
    aws_settings_finish(&settings);
}

static void assert_refused(struct aws_files all, const char *config, const char *code,
                           const char *mention)
{
    struct aws_settings settings;
    struct err err;

    assert_true(load(&all, config, NULL, &settings, &err) < 0);
    assert_int_equal(err.family, ERR_USAGE);
    assert_string_equal(err.code, code);
    assert_non_null(strstr(err.text, mention));
    aws_settings_finish(&settings);
}

#define ENV(...)                                                                                   \
    (struct aws_files)                                                                             \
    {                                                                                              \
        .env = { __VA_ARGS__ }                                                                     \
    }

static void the_profile_is_selected(void **state)
{
    (void)state;
    assert_profile(ENV({0}), NULL, "default", "d");
    assert_profile(ENV({"AWS_PROFILE", "a"}, {"AWS_DEFAULT_PROFILE", "b"}), NULL, "a", "ra");
    assert_profile(ENV({"AWS_PROFILE", " "}, {"AWS_DEFAULT_PROFILE", "b"}), NULL, "b", "");
    assert_profile(ENV({"AWS_PROFILE", "a"}), "b", "b", "");
    assert_profile(ENV({"AWS_PROFILE", "a"}, {"AWS_REGION", "e"}, {"AWS_DEFAULT_REGION", "f"}),
                   NULL, "a", "e");
    assert_profile(ENV({"AWS_DEFAULT_REGION", "f"}), NULL, "default", "f");
}

static void a_missing_profile_is_an_error_that_lists_the_others(void **state)
{
    struct aws_files all = ENV({"AWS_PROFILE", "nowhere"});
    struct aws_settings settings;
    struct err err;

    (void)state;
    assert_true(load(&all, "[default]\n[profile ci]\n", NULL, &settings, &err) < 0);
    assert_true(err_is(&err, ERR_USAGE, CODE_AWS_PROFILE));
    assert_non_null(strstr(err.text, "'nowhere' (AWS_PROFILE)"));
    assert_non_null(strstr(err.hint, "ci, default"));
    aws_settings_finish(&settings);
    assert_refused(ENV({"AWS_PROFILE", "nowhere"}), "", CODE_AWS_PROFILE, CONFIG);
}

static void a_section_without_effect_explains_the_missing_profile(void **state)
{
    static const struct {
        const char *profile, *config, *hint; /* NULL: of no section */
    } cases[] = {
        {"ci", "[a]\n[ci]\n", "line 2: [ci] has no effect: the config file needs [profile ci]"},
        {"my ci", "[profile \"my ci\"]\n", "[profile \"my ci\"] has no effect"},
        {"ci", "[profile 'ci']\n", "[profile 'ci'] has no effect"},
        {"i", "[ci]\n", NULL},
        {"no effect", "[ci]\n[profile no effect] \n", "line 2"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct aws_files all = ENV({0});
        struct aws_settings settings;
        struct err err;

        assert_true(load(&all, cases[i].config, cases[i].profile, &settings, &err) < 0);
        assert_true(err_is(&err, ERR_USAGE, CODE_AWS_PROFILE));
        if (cases[i].hint)
            assert_non_null(strstr(err.hint, cases[i].hint));
        else
            assert_null(strstr(err.hint, "has no effect"));
        aws_settings_finish(&settings);
    }
}

static void a_missing_default_profile_is_allowed(void **state)
{
    struct aws_files all = ENV({0});
    struct aws_settings settings;
    struct err err;

    (void)state;
    assert_int_equal(load(&all, "", "default", &settings, &err), 0);
    assert_null(settings.profile);
    assert_string_equal(settings.region, "");
    assert_string_equal(settings.imds.url, "http://169.254.169.254");
    assert_int_equal(settings.imds.timeout, 1);
    assert_int_equal(settings.max_attempts, 0);
    assert_int_equal(settings.fips, AWS_SWITCH_UNSET);
    aws_settings_finish(&settings);
}

static void settings_of_the_profile_are_read(void **state)
{
    struct aws_files all =
        ENV({"AWS_USE_FIPS_ENDPOINT", "FALSE"}, {"AWS_EC2_METADATA_DISABLED", "1"});
    struct aws_settings settings;
    struct err err;

    (void)state;
    assert_int_equal(
        load(&all,
             "[default]\nuse_fips_endpoint = true\nUse_DualStack_Endpoint = True\n"
             "ca_bundle = /b.pem\nmax_attempts = 7\nretry_mode = Adaptive\n"
             "request_checksum_calculation = WHEN_REQUIRED\n"
             "response_checksum_validation = when_supported\n"
             "ec2_metadata_service_endpoint_mode = ipv6\nmetadata_service_timeout = 5\n"
             "metadata_service_num_attempts = 4\ns3_use_arn_region = true\n"
             "s3 =\n addressing_style = path\n use_accelerate_endpoint = false\n"
             " use_arn_region = false\n payload_signing_enabled = true\n max_bandwidth = 1MB/s\n",
             NULL, &settings, &err),
        0);
    assert_int_equal(settings.fips, AWS_SWITCH_OFF);
    assert_int_equal(settings.dualstack, AWS_SWITCH_ON);
    assert_string_equal(settings.ca_bundle, "/b.pem");
    assert_int_equal(settings.max_attempts, 7);
    assert_int_equal(settings.retry_mode, AWS_RETRY_ADAPTIVE);
    assert_int_equal(settings.request_checksum, AWS_CHECKSUM_WHEN_REQUIRED);
    assert_int_equal(settings.response_checksum, AWS_CHECKSUM_WHEN_SUPPORTED);
    assert_string_equal(settings.imds.url, "http://[fd00:ec2::254]");
    assert_int_equal(settings.imds.timeout, 5);
    assert_int_equal(settings.imds.attempts, 4);
    assert_false(settings.imds.disabled);
    assert_int_equal(settings.s3.addressing_style, AWS_ADDRESSING_PATH);
    assert_int_equal(settings.s3.use_accelerate_endpoint, AWS_SWITCH_OFF);
    assert_int_equal(settings.s3.use_dualstack_endpoint, AWS_SWITCH_UNSET);
    assert_int_equal(settings.s3.payload_signing_enabled, AWS_SWITCH_ON);
    assert_int_equal(settings.s3.use_arn_region, AWS_SWITCH_ON);
    aws_settings_finish(&settings);
}

static void wrong_values_are_refused_with_their_place(void **state)
{
    (void)state;
    assert_refused(ENV({"AWS_USE_FIPS_ENDPOINT", "ja"}), "", CODE_AWS_SETTING,
                   "AWS_USE_FIPS_ENDPOINT");
    assert_refused(ENV({"AWS_MAX_ATTEMPTS", "0"}), "", CODE_AWS_SETTING, "AWS_MAX_ATTEMPTS");
    assert_refused(ENV({"AWS_MAX_ATTEMPTS", "-1"}), "", CODE_AWS_SETTING, "AWS_MAX_ATTEMPTS");
    assert_refused(ENV({"AWS_MAX_ATTEMPTS", "99999999999999999999"}), "", CODE_AWS_SETTING, "999");
    assert_refused(ENV({0}), "[default]\nretry_mode = x\n", CODE_AWS_SETTING,
                   "retry_mode in profile default of " CONFIG);
    assert_refused(ENV({0}), "[default]\ns3 =\n addressing_style = x\n", CODE_AWS_SETTING,
                   "s3.addressing_style in profile default of " CONFIG);
    assert_refused(ENV({0}), "[default]\nec2_metadata_service_endpoint_mode = IPv7\n",
                   CODE_AWS_SETTING, "IPv7");
    assert_refused(ENV({"AWS_EC2_METADATA_SERVICE_ENDPOINT", "ftp://x"}), "", CODE_AWS_SETTING,
                   "ftp://x");
    assert_refused(ENV({0}), "[default]\nregion = us-east-1/x\n", CODE_REGION, "region in profile");
    assert_refused(ENV({0}), "[default]\nregion = eu\n # home\n", CODE_REGION, "region in profile");
}

static void a_value_of_several_lines_is_explained(void **state)
{
    static const char *const configs[] = {"[default]\nregion = eu\n # home\n",
                                          "[default]\nretry_mode = legacy\n # slow\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
        struct aws_files all = ENV({0});
        struct aws_settings settings;
        struct err err;

        assert_true(load(&all, configs[i], NULL, &settings, &err) < 0);
        assert_non_null(strstr(err.hint, "continues the value above"));
        aws_settings_finish(&settings);
    }
}

static void the_hint_lists_the_words(void **state)
{
    struct aws_files all = ENV({"AWS_RETRY_MODE", "sometimes"});
    struct aws_settings settings;
    struct err err;

    (void)state;
    assert_true(load(&all, "", NULL, &settings, &err) < 0);
    assert_string_equal(err.hint, "use legacy or standard or adaptive");
    aws_settings_finish(&settings);
}

static void assert_endpoint(struct aws_files all, const char *config, enum aws_service service,
                            const char *url, const char *place, bool own)
{
    struct aws_settings settings;
    struct err err;
    bool configured;
    char out[AWS_URL_SIZE], where[256];

    assert_int_equal(load(&all, config, NULL, &settings, &err), 0);
    assert_int_equal(aws_settings_endpoint(&settings, service, out, sizeof out, &configured, &err),
                     0);
    assert_string_equal(out, url);
    assert_int_equal(configured, *url != 0);
    assert_int_equal(aws_settings_endpoint_place(&settings, service, where, sizeof where), own);
    assert_string_equal(where, place);
    aws_settings_finish(&settings);
}

#define BOTH                                                                                       \
    "[default]\nservices = s\nendpoint_url = http://all/\n[services s]\nS3 =\n Endpoint_URL = "    \
    "https://s3.test:9/p/\n"

static void the_endpoint_is_that_of_the_first_place(void **state)
{
    (void)state;
    assert_endpoint(ENV({0}), "", AWS_S3, "", "", false);
    assert_endpoint(ENV({0}), BOTH, AWS_S3, "https://s3.test:9/p",
                    "s3.endpoint_url in services s of " CONFIG, true);
    assert_endpoint(ENV({0}), BOTH, AWS_STS, "http://all",
                    "endpoint_url in profile default of " CONFIG, false);
    assert_endpoint(ENV({"AWS_ENDPOINT_URL", "http://env"}), BOTH, AWS_S3, "http://env",
                    "AWS_ENDPOINT_URL", false);
    assert_endpoint(ENV({"AWS_ENDPOINT_URL_SIGNIN", "http://s"}), BOTH, AWS_SIGNIN, "http://s",
                    "AWS_ENDPOINT_URL_SIGNIN", true);
    assert_endpoint(
        ENV({"AWS_ENDPOINT_URL", "http://env"}, {"AWS_ENDPOINT_URL_SSO_OIDC", "http://o"}), BOTH,
        AWS_SSO_OIDC, "http://o", "AWS_ENDPOINT_URL_SSO_OIDC", true);
    assert_endpoint(
        ENV({"AWS_ENDPOINT_URL", "http://env"}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}),
        BOTH, AWS_S3, "", "", false);
}

static void the_endpoint_of_the_caller_is_first(void **state)
{
    struct aws_files all = ENV({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"});
    struct aws_query query = {.endpoint = "https://own/"};
    struct aws_settings settings;
    struct err err;
    bool configured;
    char url[AWS_URL_SIZE];

    (void)state;
    assert_int_equal(aws_settings_load(aws_files_system(&all), &query, &settings, &err), 0);
    assert_int_equal(aws_settings_endpoint(&settings, AWS_S3, url, sizeof url, &configured, &err),
                     0);
    assert_string_equal(url, "https://own");
    assert_int_equal(aws_settings_endpoint(&settings, AWS_STS, url, sizeof url, &configured, &err),
                     0);
    assert_false(configured);
    aws_settings_finish(&settings);
}

static void the_endpoint_of_the_caller_needs_no_scheme(void **state)
{
    struct aws_files all = ENV({0});
    struct aws_query query = {.endpoint = "store.test:9000"};
    struct aws_settings settings;
    struct err err;

    (void)state;
    assert_int_equal(aws_settings_load(aws_files_system(&all), &query, &settings, &err), 0);
    assert_string_equal(settings.endpoint, "store.test:9000");
    aws_settings_finish(&settings);
}

static void assert_endpoint_refused(const char *config, const char *code, const char *mention)
{
    struct aws_files all = ENV({0});
    struct aws_settings settings;
    struct err err;
    bool configured;
    char url[AWS_URL_SIZE];

    assert_int_equal(load(&all, config, NULL, &settings, &err), 0);
    assert_true(aws_settings_endpoint(&settings, AWS_S3, url, sizeof url, &configured, &err) < 0);
    assert_true(err_is(&err, ERR_USAGE, code));
    assert_non_null(strstr(err.text, mention));
    aws_settings_finish(&settings);
}

static void a_wrong_endpoint_is_refused(void **state)
{
    (void)state;
    assert_endpoint_refused("[default]\nservices = gone\n", CODE_AWS_CONFIG, "gone");
    assert_endpoint_refused("[default]\nendpoint_url = host:9000\n", CODE_AWS_SETTING, "host:9000");
    assert_endpoint_refused("[default]\nendpoint_url = http:///x\n", CODE_AWS_SETTING, "http:///x");
    assert_endpoint_refused("[default]\nendpoint_url = http://a b\n", CODE_AWS_SETTING,
                            "http://a b");
    assert_endpoint_refused("[default]\nendpoint_url = http://a\nuse_fips_endpoint = true\n",
                            CODE_AWS_SETTING, "use_fips_endpoint");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_profile_is_selected),
        cmocka_unit_test(a_missing_profile_is_an_error_that_lists_the_others),
        cmocka_unit_test(a_section_without_effect_explains_the_missing_profile),
        cmocka_unit_test(a_missing_default_profile_is_allowed),
        cmocka_unit_test(settings_of_the_profile_are_read),
        cmocka_unit_test(wrong_values_are_refused_with_their_place),
        cmocka_unit_test(a_value_of_several_lines_is_explained),
        cmocka_unit_test(the_hint_lists_the_words),
        cmocka_unit_test(the_endpoint_is_that_of_the_first_place),
        cmocka_unit_test(the_endpoint_of_the_caller_is_first),
        cmocka_unit_test(the_endpoint_of_the_caller_needs_no_scheme),
        cmocka_unit_test(a_wrong_endpoint_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
