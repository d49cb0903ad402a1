/* Settings of the files of AWS programs: their rank among the sources, and --profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/settings.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "cli/settings/args.h"
#include "cli/settings/config.h"

#define OWN "s3dock.json5"

#define AWS_FILE                                                                                   \
    "[default]\nregion = eu-north-1\nca_bundle = /aws.pem\nmax_attempts = 200\n"                   \
    "s3 =\n addressing_style = Path\n payload_signing_enabled = True\n"                            \
    "[profile ci]\nregion = eu-west-3\nendpoint_url = https://ci.test/\n"                          \
    "[profile eu]\nregion = eu-south-1\n"

/* Name and value in turn. */
static const char *variables[16];

static const char *test_getenv(const char *name)
{
    for (size_t i = 0; i + 1 < ARRAY_SIZE(variables) && variables[i]; i += 2)
        if (!strcmp(variables[i], name))
            return variables[i + 1];
    return NULL;
}

static void set(const char *name, const char *value)
{
    size_t i = 0;

    while (variables[i])
        i += 2;
    variables[i] = name;
    variables[i + 1] = value;
}

static struct config config;
static struct args args;
static struct err err;

static int load(void)
{
    config_finish(&config);
    err = (struct err){0};
    return config_load(&config, &args, test_getenv, &err);
}

static void write_file(const char *path, const char *content)
{
    assert_int_equal(file_replace(path, view_str(content), 0600, &err), 0);
}

static int setup(void **state)
{
    char *folder = strdup("/tmp/s3dock-test-XXXXXX");

    *state = folder;
    umask(022);
    memset(variables, 0, sizeof variables);
    set("AWS_CONFIG_FILE", "aws");
    args = (struct args){.command = CMD_NONE};
    memset(&config, 0, sizeof config);
    return folder && mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    config_finish(&config);
    unlink("aws");
    unlink(OWN);
    rmdir(*state);
    free(*state);
    return 0;
}

static void assert_setting(enum option_id id, const char *value, const char *origin)
{
    char where[512];

    config_origin(&config, id, where, sizeof where);
    if (value)
        assert_string_equal(config_text(&config, id), value);
    else
        assert_null(config_text(&config, id));
    assert_string_equal(where, origin);
}

static void the_aws_files_are_before_the_defaults(void **state)
{
    (void)state;
    write_file("aws", AWS_FILE);
    assert_int_equal(load(), 0);
    assert_setting(OPT_REGION, "eu-north-1", "region in profile default of aws");
    assert_setting(OPT_CA_FILE, "/aws.pem", "ca_bundle in profile default of aws");
    assert_setting(OPT_ADDRESSING, "path", "s3.addressing_style in profile default of aws");
    assert_setting(OPT_SIGN_PAYLOAD, "true",
                   "s3.payload_signing_enabled in profile default of aws");
    assert_setting(OPT_RETRIES, "100", "max_attempts in profile default of aws");
    assert_setting(OPT_ENDPOINT, NULL, "not set");
    assert_null(config_aws_profile(&config));
}

static void switches_of_the_aws_files_are_read(void **state)
{
    (void)state;
    write_file("aws", "[default]\nuse_fips_endpoint = TRUE\nuse_dualstack_endpoint =\n"
                      "request_checksum_calculation = WHEN_REQUIRED\ns3_use_arn_region = false\n"
                      "s3 =\n use_dualstack_endpoint = true\n use_accelerate_endpoint = true\n"
                      " use_arn_region = true\n");
    assert_int_equal(load(), 0);
    assert_setting(OPT_FIPS, "true", "use_fips_endpoint in profile default of aws");
    assert_setting(OPT_DUALSTACK, "true", "s3.use_dualstack_endpoint in profile default of aws");
    assert_setting(OPT_ACCELERATE, "true", "s3.use_accelerate_endpoint in profile default of aws");
    assert_setting(OPT_USE_ARN_REGION, "false", "s3_use_arn_region in profile default of aws");
    assert_setting(OPT_AWS_CHECKSUM, "when_required",
                   "request_checksum_calculation in profile default of aws");
    set("AWS_USE_FIPS_ENDPOINT", "False");
    assert_int_equal(load(), 0);
    assert_setting(OPT_FIPS, "False", "AWS_USE_FIPS_ENDPOINT");
    assert_false(config_switch(&config, OPT_FIPS));
}

static void other_sources_are_before_the_aws_files(void **state)
{
    (void)state;
    write_file("aws", AWS_FILE);
    write_file(OWN, "{profiles: {default: {region: 'us-east-2'}}, defaults: {retry_count: 4}}");
    set("AWS_MAX_ATTEMPTS", "9");
    set("AWS_CA_BUNDLE", "/env.pem");
    assert_int_equal(load(), 0);
    assert_setting(OPT_REGION, "us-east-2", "profiles.default.region in ./" OWN);
    assert_setting(OPT_RETRIES, "4", "defaults.retry_count in ./" OWN);
    assert_setting(OPT_CA_FILE, "/env.pem", "AWS_CA_BUNDLE");
    write_file(OWN, "{}");
    assert_int_equal(load(), 0);
    assert_setting(OPT_RETRIES, "9", "AWS_MAX_ATTEMPTS");
}

static void a_variable_selects_the_aws_profile(void **state)
{
    (void)state;
    write_file("aws", AWS_FILE);
    set("AWS_PROFILE", "ci");
    assert_int_equal(load(), 0);
    assert_setting(OPT_REGION, "eu-west-3", "region in profile ci of aws");
    assert_setting(OPT_ENDPOINT, "https://ci.test", "endpoint_url in profile ci of aws");
    assert_string_equal(config.profile, "default");
    set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    set("AWS_ENDPOINT_URL", "https://env.test");
    assert_int_equal(load(), 0);
    assert_setting(OPT_ENDPOINT, NULL, "not set");
}

static void the_profile_of_s3dock_is_first(void **state)
{
    (void)state;
    write_file("aws", AWS_FILE);
    write_file(OWN, "{profiles: {eu: {bucket: 'b'}}}");
    args.values[OPT_PROFILE] = "eu";
    assert_int_equal(load(), 0);
    assert_string_equal(config.profile, "eu");
    assert_null(config_aws_profile(&config));
    assert_setting(OPT_REGION, "eu-north-1", "region in profile default of aws");
}

static void a_profile_of_the_aws_files_can_be_selected(void **state)
{
    (void)state;
    write_file("aws", AWS_FILE);
    write_file(OWN, "{default_profile: 'own', profiles: {own: {bucket: 'b', region: 'us-east-2',"
                    " endpoint: 'https://own.test', access_key: 'A', secret_key: 'B'}}}");
    set("AWS_ACCESS_KEY_ID", "C");
    set("AWS_SECRET_ACCESS_KEY", "D");
    args.values[OPT_PROFILE] = "ci";
    assert_int_equal(load(), 0);
    assert_string_equal(config_aws_profile(&config), "ci");
    assert_string_equal(config.profile, "own");
    assert_setting(OPT_BUCKET, "b", "profiles.own.bucket in ./" OWN);
    assert_setting(OPT_REGION, "eu-west-3", "region in profile ci of aws");
    assert_setting(OPT_ENDPOINT, "https://ci.test", "endpoint_url in profile ci of aws");
    assert_setting(OPT_ACCESS_KEY, NULL, "not set"); /* the chain reads it */
    set("AWS_REGION", "ca-west-1");
    assert_int_equal(load(), 0);
    assert_setting(OPT_REGION, "ca-west-1", "AWS_REGION"); /* as in the aws program */
}

static void a_profile_in_no_file_is_an_error(void **state)
{
    (void)state;
    write_file("aws", AWS_FILE);
    write_file(OWN, "{profiles: {eu: {}}, default_profile: 'ci'}");
    assert_true(load() < 0); /* only the user selects a profile of the AWS files */
    assert_true(err_is(&err, ERR_USAGE, "profile"));
    args.values[OPT_PROFILE] = "ci";
    assert_true(load() < 0); /* the default profile of the file is needed, too */
    assert_non_null(strstr(err.text, "'ci'"));
    write_file(OWN, "{}");
    args.values[OPT_PROFILE] = "nowhere";
    assert_true(load() < 0);
    assert_true(err_is(&err, ERR_USAGE, "profile"));
    assert_non_null(strstr(err.hint, "AWS files"));
}

static void a_broken_aws_file_is_an_error_when_it_is_needed(void **state)
{
    (void)state;
    write_file("aws", "[default\n");
    assert_int_equal(load(), 0);
    assert_setting(OPT_REGION, "us-east-1", "default");
    assert_true(config_check_aws(&config, &err) < 0);
    assert_true(err_is(&err, ERR_USAGE, CODE_AWS_CONFIG));
    write_file(OWN, "{profiles: {default: {region: 'us-east-2', endpoint: 'https://own.test',"
                    " access_key: 'A', secret_key: 'B'}}}");
    assert_int_equal(load(), 0);
    assert_int_equal(config_check_aws(&config, &err), 0);
}

static void a_directory_needs_no_aws_files(void **state)
{
    (void)state;
    write_file("aws", "[default\n");
    set("AWS_PROFILE", "nowhere");
    args.values[OPT_ENDPOINT] = "file:///srv";
    assert_int_equal(load(), 0);
    assert_null(config.aws);
    assert_int_equal(config_check_aws(&config, &err), 0);
}

static void a_wrong_endpoint_is_an_error_when_it_is_needed(void **state)
{
    (void)state;
    write_file("aws", "[default]\nservices = gone\n");
    assert_int_equal(load(), 0);
    assert_true(config_check_aws(&config, &err) < 0);
    assert_non_null(strstr(err.text, "gone"));
    set("AWS_ENDPOINT_URL", "https://env.test");
    assert_int_equal(load(), 0);
    assert_int_equal(config_check_aws(&config, &err), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(the_aws_files_are_before_the_defaults),
        IN_FOLDER(switches_of_the_aws_files_are_read),
        IN_FOLDER(other_sources_are_before_the_aws_files),
        IN_FOLDER(a_variable_selects_the_aws_profile),
        IN_FOLDER(the_profile_of_s3dock_is_first),
        IN_FOLDER(a_profile_of_the_aws_files_can_be_selected),
        IN_FOLDER(a_profile_in_no_file_is_an_error),
        IN_FOLDER(a_broken_aws_file_is_an_error_when_it_is_needed),
        IN_FOLDER(a_directory_needs_no_aws_files),
        IN_FOLDER(a_wrong_endpoint_is_an_error_when_it_is_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
