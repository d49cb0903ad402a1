#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/settings.h"
#include "base/codes.h"
#include "credentials/chain.h"
#include "credentials/credentials.h"
#include "credentials/report.h"
#include "credentials/source.h"
#include "kit/scripted_system.h"

#define NOW (INT64_C(1772359200) * NS_PER_S) /* 2026-03-01T10:00:00Z */

#define ISSUED(key, expiration)                                                                    \
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"   \
    "<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/R/s</Arn></AssumedRoleUser>"     \
    "<Credentials><AccessKeyId>" key "</AccessKeyId><SecretAccessKey>" key "secret"                \
    "</SecretAccessKey><SessionToken>" key "token</SessionToken><Expiration>" expiration           \
    "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"

#define KEYS  "[profile keys]\naws_access_key_id = AKIDBASE\naws_secret_access_key = basesecret\n"
#define INNER "[profile inner]\nrole_arn = arn:aws:iam::1:role/inner\nsource_profile = keys\n" KEYS
#define OUTER                                                                                      \
    "[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::1:role/outer\nsource_profile = "       \
    "inner\n"

struct fixture {
    struct scripted_system it;
    struct credential_chain *chain;
    struct credentials out;
    struct err err;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    f->it.env[0] = (struct scripted_pair){"HOME", "/home"};
    f->it.now = NOW;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    credential_chain_destroy(f->chain);
    credentials_finish(&f->out);
    free(f);
    return 0;
}

static void create_chain(struct fixture *f, const char *config)
{
    const struct aws_query query = {NULL};

    f->it.files[0] = (struct scripted_pair){"/home/.aws/config", config};
    assert_int_equal(credential_chain_create(scripted_system(&f->it), &query, &f->chain, &f->err),
                     0);
}

/* Sets the response to the n-th request. */
static void answer(struct fixture *f, unsigned n, const char *wanted, const char *body)
{
    f->it.exchanges[n] = (struct scripted_exchange){wanted, 200, body};
}

static void assert_resolves(struct fixture *f, const char *access_key)
{
    int found = credential_chain_resolve(f->chain, false, &f->out, &f->err);

    if (found < 0)
        fail_msg("%s", f->err.text);
    assert_int_equal(found, SOURCE_FOUND);
    assert_string_equal(f->out.access_key, access_key);
}

static void only_expired_hops_are_fetched_again(void **state)
{
    struct fixture *f = *state;

    create_chain(f, OUTER INNER);
    answer(f, 0, "inner", ISSUED("ASIAINNER", "2026-03-01T12:00:00Z"));
    answer(f, 1, "outer", ISSUED("ASIAOUTER", "2026-03-01T11:00:00Z"));
    assert_resolves(f, "ASIAOUTER");
    f->it.now += 3000 * NS_PER_S;
    answer(f, 2, "Credential=ASIAINNER", ISSUED("ASIAOUTER2", "2026-03-01T12:00:00Z"));
    assert_resolves(f, "ASIAOUTER2");
    /* The inner set ends in less than 5 minutes. */
    f->it.now = NOW + (2 * 3600 - 60) * NS_PER_S;
    answer(f, 3, "Credential=AKIDBASE", ISSUED("ASIAINNER3", "2026-03-01T14:00:00Z"));
    answer(f, 4, "Credential=ASIAINNER3", ISSUED("ASIAOUTER3", "2026-03-01T13:00:00Z"));
    assert_resolves(f, "ASIAOUTER3");
    assert_int_equal(f->it.sent, 5);
}

static void a_rejection_repeats_all_hops(void **state)
{
    struct fixture *f = *state;

    create_chain(f, OUTER INNER);
    answer(f, 0, "inner", ISSUED("ASIAINNER", "2026-03-01T12:00:00Z"));
    answer(f, 1, "outer", ISSUED("ASIAOUTER", "2026-03-01T11:00:00Z"));
    assert_resolves(f, "ASIAOUTER");
    credential_chain_reject(f->chain, "ASIAOUTER");
    answer(f, 2, "inner", ISSUED("ASIAINNER2", "2026-03-01T12:00:00Z"));
    answer(f, 3, "Credential=ASIAINNER2", ISSUED("ASIAOUTER2", "2026-03-01T11:00:00Z"));
    assert_resolves(f, "ASIAOUTER2");
}

static void a_code_is_asked_before_the_first_request(void **state)
{
    struct fixture *f = *state;

    create_chain(f, OUTER "mfa_serial = arn:aws:iam::1:mfa/u\n" INNER);
    f->it.typed = "123456";
    assert_int_equal(credential_chain_resolve(f->chain, false, &f->out, &f->err), ERR_FAIL);
    assert_true(err_is(&f->err, ERR_AUTH, CODE_LOGIN));
    assert_int_equal(f->it.sent, 0);
    answer(f, 0, "inner", ISSUED("ASIAINNER", "2026-03-01T12:00:00Z"));
    answer(f, 1, "TokenCode=123456", ISSUED("ASIAOUTER", "2026-03-01T11:00:00Z"));
    assert_int_equal(credential_chain_resolve(f->chain, true, &f->out, &f->err), SOURCE_FOUND);
}

static void a_changed_file_gives_other_keys(void **state)
{
    struct fixture *f = *state;

    create_chain(f, "[default]\naws_access_key_id = AKIDONE\naws_secret_access_key = onesecret\n");
    assert_resolves(f, "AKIDONE");
    f->it.files[0].value = "[default]\naws_access_key_id = AKIDTWO\n"
                           "aws_secret_access_key = twosecret\n";
    assert_resolves(f, "AKIDTWO");
    assert_string_equal(f->out.source, "aws_access_key_id in profile default of /home/.aws/config");
}

static void a_long_name_of_a_profile_is_refused(void **state)
{
    char name[1024];
    const struct aws_query query = {.profile = name};
    struct fixture *f = *state;

    memset(name, 'p', sizeof name);
    name[sizeof name - 1] = 0;
    assert_int_equal(credential_chain_create(scripted_system(&f->it), &query, &f->chain, &f->err),
                     ERR_FAIL);
    assert_true(err_is(&f->err, ERR_USAGE, CODE_AWS_PROFILE));
}

static void no_source_is_an_error_with_all_of_them(void **state)
{
    struct fixture *f = *state;

    f->it.env[1] = (struct scripted_pair){"AWS_EC2_METADATA_DISABLED", "true"};
    create_chain(f, "");
    assert_int_equal(credential_chain_resolve(f->chain, false, &f->out, &f->err), SOURCE_ABSENT);
    assert_int_equal(credential_chain_none(f->chain, &f->err), ERR_FAIL);
    assert_true(err_is(&f->err, ERR_AUTH, CODE_NO_CREDENTIALS));
    assert_non_null(strstr(f->err.text, "environment: AWS_ACCESS_KEY_ID is not set; "));
    assert_non_null(strstr(f->err.text, "instance: "));
    assert_non_null(strstr(f->err.text, "AWS_EC2_METADATA_DISABLED"));
}

static void the_report_names_the_source_that_failed(void **state)
{
    struct fixture *f = *state;
    const struct credential_report *report;

    f->it.env[1] =
        (struct scripted_pair){"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://store.example/"};
    create_chain(f, "");
    assert_int_equal(credential_chain_resolve(f->chain, false, &f->out, &f->err), ERR_FAIL);
    report = credential_chain_report(f->chain);
    assert_int_equal(report->lines[report->count - 1].verdict, REPORT_FAILED);
    assert_string_equal(report->lines[report->count - 1].source, "container");
    assert_string_equal(report->lines[report->count - 1].why, f->err.text);
}

static void a_named_source_without_keys_is_an_error(void **state)
{
    struct fixture *f = *state;

    f->it.env[1] = (struct scripted_pair){"AWS_EC2_METADATA_DISABLED", "true"};
    create_chain(f, "[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::1:role/r\n"
                    "credential_source = Ec2InstanceMetadata\n");
    assert_int_equal(credential_chain_resolve(f->chain, false, &f->out, &f->err), ERR_FAIL);
    assert_true(err_is(&f->err, ERR_AUTH, CODE_SOURCE));
    assert_non_null(strstr(f->err.text, "Ec2InstanceMetadata"));
}

static void the_region_of_the_instance_is_asked_only_with_its_keys(void **state)
{
    struct fixture *f = *state;
    char region[AWS_REGION_SIZE];

    create_chain(f, KEYS "[default]\naws_access_key_id = AKIDONE\naws_secret_access_key = s\n");
    credential_chain_region(f->chain, region);
    assert_string_equal(region, "");
    credential_chain_destroy(f->chain);
    create_chain(f, "");
    answer(f, 0, "PUT http://169.254.169.254/latest/api/token", "token");
    answer(f, 1, "/latest/meta-data/placement/region", "eu-west-1");
    credential_chain_region(f->chain, region);
    assert_string_equal(region, "eu-west-1");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(only_expired_hops_are_fetched_again),
        TEST(a_rejection_repeats_all_hops),
        TEST(a_code_is_asked_before_the_first_request),
        TEST(a_changed_file_gives_other_keys),
        TEST(a_long_name_of_a_profile_is_refused),
        TEST(no_source_is_an_error_with_all_of_them),
        TEST(the_report_names_the_source_that_failed),
        TEST(a_named_source_without_keys_is_an_error),
        TEST(the_region_of_the_instance_is_asked_only_with_its_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
