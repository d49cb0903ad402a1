/*
 * Which source gives the credentials of a command: s3dock's file, variables, AWS files, or none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/credentials.h"
#include "credentials/provider.h"
#include "credentials/report.h"
#include "kit/fake_s3.h"

static char folder[64], files[96];

static int setup(void **state)
{
    static const char *const variables[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                            "AWS_SESSION_TOKEN", "AWS_PROFILE",
                                            "AWS_CONFIG_FILE",   "S3DOCK_PROFILE",
                                            "S3DOCK_CONFIG",     "S3DOCK_ANONYMOUS",
                                            "AWS_ENDPOINT_URL",  "AWS_EC2_METADATA_DISABLED",
                                            "AWS_CA_BUNDLE"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        unsetenv(variables[i]);
    umask(022);
    strcpy(folder, "/tmp/s3dock-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    snprintf(files, sizeof files, "%s/credentials", folder);
    setenv("HOME", folder, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", files, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink("s3dock.json5");
    unlink("credentials");
    assert_int_equal(chdir("/"), 0);
    return rmdir(folder);
}

static void write_file(const char *name, const char *content)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
}

static void set_keys(const char *id, const char *secret)
{
    setenv("AWS_ACCESS_KEY_ID", id, 1);
    setenv("AWS_SECRET_ACCESS_KEY", secret, 1);
}

/* The result of one command. */
static struct credentials found;
static struct err err;
static char instance[256]; /* why the metadata service was passed over */

static void note_instance(const struct credential_report *report)
{
    instance[0] = '\0';
    for (unsigned i = 0; report && i < report->count; i++)
        if (strcmp(report->lines[i].source, "instance") == 0)
            str_copy(instance, sizeof instance, report->lines[i].why);
}

static int open_with(const char *flag, const char *value)
{
    char *argv[] = {(char *)"s3dock", (char *)"list", (char *)"apps", (char *)flag, (char *)value};
    struct args args;
    struct cli cli = {.args = &args};
    struct provider_copy copy = {0};
    struct credential_provider *provider = NULL;
    int failed;

    assert_int_equal(command_line_parse(!flag ? 3 : value ? 5 : 4, argv, &args, &err), 0);
    output_init(&cli.output, false);
    cli.output.quiet = true;
    failed = config_load(&cli.config, &args, config_environment, &err) ||
             !(provider = credentials_open(&cli, &err));
    if (!failed)
        assert_int_equal(provider_get(provider, &copy, &err), PROVIDER_READY);
    found = copy.set;
    note_instance(credentials_report(&cli));
    credentials_close(&cli);
    config_finish(&cli.config);
    output_finish(&cli.output);
    return failed ? ERR_FAIL : 0;
}

#define OWN                                                                                        \
    "{profiles: {default: {access_key: 'DEFAULTKEY', secret_key: 'default-secret'},"               \
    " eu: {access_key: 'EUKEY', secret_key: 'eu-secret'}, bare: {}}}"

static void the_order_is_that_of_the_settings(void **state)
{
    (void)state;
    write_file("credentials",
               "[default]\naws_access_key_id = AWSKEY\n"
               "aws_secret_access_key = aws-secret\n"
               "[ci]\naws_access_key_id = CIKEY\naws_secret_access_key = ci-secret\n");
    assert_int_equal(open_with(NULL, NULL), 0);
    assert_string_equal(found.access_key, "AWSKEY");
    assert_int_equal(found.kind, CREDENTIALS_PROFILE);

    write_file("s3dock.json5", OWN);
    assert_int_equal(open_with(NULL, NULL), 0);
    assert_string_equal(found.access_key, "DEFAULTKEY");
    assert_int_equal(found.kind, CREDENTIALS_OWN);
    assert_string_equal(found.source, "profiles.default.access_key in ./s3dock.json5");

    set_keys("ENVKEY", "env-secret");
    assert_int_equal(open_with(NULL, NULL), 0);
    assert_string_equal(found.access_key, "ENVKEY");
    assert_int_equal(found.kind, CREDENTIALS_ENVIRONMENT);

    assert_int_equal(open_with("--profile", "eu"), 0);
    assert_string_equal(found.access_key, "EUKEY");
    assert_int_equal(open_with("--profile", "bare"), 0);
    assert_string_equal(found.access_key, "ENVKEY");
    assert_int_equal(open_with("--profile", "ci"), 0); /* of the AWS files */
    assert_string_equal(found.access_key, "CIKEY");
    assert_int_equal(open_with("--profile", "none"), ERR_FAIL);
    assert_string_equal(err.code, "profile");
}

static void half_a_pair_is_refused(void **state)
{
    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "ENVKEY", 1);
    assert_int_equal(open_with(NULL, NULL), ERR_FAIL);
    assert_int_equal(err.family, ERR_AUTH);
    assert_non_null(strstr(err.text, "AWS_ACCESS_KEY_ID"));
}

static void anonymous_uses_no_source(void **state)
{
    (void)state;
    set_keys("ENVKEY", "env-secret");
    assert_int_equal(open_with("--anonymous", NULL), 0);
    assert_true(credentials_anonymous(&found));
    setenv("S3DOCK_ANONYMOUS", "true", 1);
    assert_int_equal(open_with(NULL, NULL), 0);
    assert_true(credentials_anonymous(&found));
}

/* The file of a stranger names the endpoint. */
static void keys_of_the_user_are_not_sent_to_a_foreign_endpoint(void **state)
{
    (void)state;
    write_file("s3dock.json5", "{profiles: {default: {endpoint: 'http://stranger.invalid'}}}");
    write_file("credentials",
               "[default]\naws_access_key_id = AWSKEY\naws_secret_access_key = aws-secret\n");
    assert_int_equal(open_with(NULL, NULL), ERR_FAIL);
    assert_string_equal(err.code, "trust");
    assert_non_null(strstr(err.text, "stranger.invalid"));
    assert_int_equal(open_with("--anonymous", NULL), 0);
    unlink("credentials");
    assert_int_equal(open_with(NULL, NULL), 0);
    assert_true(credentials_anonymous(&found));
}

/* The endpoint of the file is refused once there are keys. They come from a service of AWS. */
static void a_found_file_does_not_choose_the_authorities_of_sts(void **state)
{
    static const char config[] = "{profiles: {default: {endpoint: 'https://stranger.invalid',"
                                 " ca_file: 'ca.pem'}}}";
    struct fake_s3 sts;

    (void)state;
    assert_int_equal(system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                            "-days 2 -subj /CN=ca -addext subjectAltName=IP:127.0.0.1 "
                            "-keyout key.pem -out ca.pem 2>/dev/null"),
                     0);
    fake_start(&sts, "[]", (const char *const[]){"--tls", "ca.pem", "key.pem", NULL});
    setenv("AWS_ENDPOINT_URL_STS", sts.url, 1);
    setenv("AWS_MAX_ATTEMPTS", "1", 1);
    write_file("credentials", "[default]\nrole_arn = arn:aws:iam::1:role/R\n"
                              "source_profile = default\naws_access_key_id = AWSKEY\n"
                              "aws_secret_access_key = aws-secret\n");
    write_file("s3dock.json5", config);
    assert_int_equal(open_with(NULL, NULL), ERR_FAIL);
    assert_non_null(strstr(err.text, "certificate"));
    assert_int_equal(fake_logged(&sts, "POST", ""), 0);
    assert_int_equal(open_with("--config", "s3dock.json5"), ERR_FAIL);
    assert_non_null(strstr(err.text, "refused AssumeRole"));
    unsetenv("AWS_ENDPOINT_URL_STS");
    unsetenv("AWS_MAX_ATTEMPTS");
    fake_stop(&sts);
    assert_int_equal(unlink("ca.pem") || unlink("key.pem"), 0);
}

static void a_store_of_this_machine_does_not_wait_for_a_metadata_service(void **state)
{
    int64_t begin = clock_monotonic();

    (void)state;
    assert_int_equal(open_with("--endpoint", "http://127.0.0.1:9000"), 0);
    assert_true(credentials_anonymous(&found));
    if (access("/sys/class/dmi/id", R_OK) != 0) {
        assert_non_null(strstr(instance, "no sign of an EC2 instance"));
        assert_true(clock_monotonic() - begin < NS_PER_S / 2);
    }
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1", 1);
    assert_int_equal(open_with("--endpoint", "http://127.0.0.1:9000"), 0);
    assert_non_null(strstr(instance, "127.0.0.1:1"));
    unsetenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_order_is_that_of_the_settings, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_pair_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(anonymous_uses_no_source, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_of_the_user_are_not_sent_to_a_foreign_endpoint, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_found_file_does_not_choose_the_authorities_of_sts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_store_of_this_machine_does_not_wait_for_a_metadata_service, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
