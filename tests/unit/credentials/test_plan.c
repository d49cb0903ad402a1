#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/settings.h"
#include "base/codes.h"
#include "credentials/plan.h"
#include "credentials/plan_odd.h"
#include "credentials/report.h"
#include "credentials/source.h"
#include "kit/scripted_system.h"

struct fixture {
    struct scripted_system it;
    struct aws_settings settings;
    struct credential_plan plan;
    struct credential_report report;
    struct err err;
};

/* Makes the plan of a config file, a credentials file and one variable. */
static int make_plan(struct fixture *f, const char *profile, const char *config,
                     const char *credentials, const char *variable, const char *value)
{
    const struct aws_query query = {.profile = profile};

    f->it.env[0] = (struct scripted_pair){"HOME", "/home"};
    f->it.env[1] = (struct scripted_pair){variable, value};
    f->it.files[0] = (struct scripted_pair){"/home/.aws/config", config};
    f->it.files[1] = (struct scripted_pair){"/home/.aws/credentials", credentials};
    assert_int_equal(aws_settings_load(scripted_system(&f->it), &query, &f->settings, &f->err), 0);
    return credential_plan_make(&f->settings, &f->plan, &f->report, &f->err);
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    aws_settings_finish(&f->settings);
    free(f);
    return 0;
}

static void assert_steps(const struct fixture *f, enum credential_kind first,
                         enum credential_kind last, unsigned count)
{
    assert_int_equal(f->plan.count, count);
    assert_int_equal(f->plan.steps[0].kind, first);
    assert_int_equal(f->plan.steps[count - 1].kind, last);
}

static void assert_line(const struct fixture *f, enum report_verdict verdict, const char *source,
                        const char *words)
{
    for (unsigned i = 0; i < f->report.count; i++)
        if (f->report.lines[i].verdict == verdict &&
            strcmp(f->report.lines[i].source, source) == 0 && strstr(f->report.lines[i].why, words))
            return;
    fail_msg("no line of %s has '%s'", source, words);
}

static void without_settings_the_plan_is_the_instance(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(make_plan(f, NULL, "", "", NULL, NULL), SOURCE_FOUND);
    assert_steps(f, CREDENTIALS_INSTANCE, CREDENTIALS_INSTANCE, 1);
    assert_line(f, REPORT_PASSED, "environment", "AWS_ACCESS_KEY_ID is not set");
    assert_line(f, REPORT_PASSED, "web identity", "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    assert_line(f, REPORT_PASSED, "profile default", "neither in /home/.aws/config nor in");
    assert_line(f, REPORT_PASSED, "container", "not set");
}

static void keys_of_the_environment_come_before_a_role(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(make_plan(f, NULL, "[default]\nrole_arn = a\nsource_profile = default\n", "",
                               "AWS_ACCESS_KEY_ID", "AKID"),
                     SOURCE_FOUND);
    assert_steps(f, CREDENTIALS_ENVIRONMENT, CREDENTIALS_ENVIRONMENT, 1);
}

static void a_chosen_profile_excludes_the_environment(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(make_plan(f, "ci", "[profile ci]\ncredential_process = x\n", "",
                               "AWS_ACCESS_KEY_ID", "AKID"),
                     SOURCE_FOUND);
    assert_steps(f, CREDENTIALS_PROCESS, CREDENTIALS_PROCESS, 1);
    assert_line(f, REPORT_PASSED, "environment", "profile ci was selected for this run");
    plan_odd_report(&f->settings, &f->plan, &f->report);
    assert_line(f, REPORT_ODD, "AWS_ACCESS_KEY_ID", "no effect");
}

static void a_role_comes_before_the_web_identity_of_the_environment(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(make_plan(f, NULL,
                               "[default]\nrole_arn = a\ncredential_source = Ec2InstanceMetadata\n",
                               "", "AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
                     SOURCE_FOUND);
    assert_steps(f, CREDENTIALS_INSTANCE, CREDENTIALS_ROLE, 2);
}

static void a_login_without_account_and_role_gives_way(void **state)
{
    struct fixture *f = *state;
    static const char config[] = "[default]\nsso_session = corp\ncredential_process = x\n"
                                 "[sso-session corp]\nsso_region = r\nsso_start_url = u\n";

    assert_int_equal(make_plan(f, NULL, config, "", NULL, NULL), SOURCE_FOUND);
    assert_steps(f, CREDENTIALS_PROCESS, CREDENTIALS_PROCESS, 1);
}

static void a_login_without_account_and_role_alone_is_an_error(void **state)
{
    struct fixture *f = *state;
    static const char config[] = "[default]\nsso_region = r\nsso_start_url = u\n";

    assert_int_equal(make_plan(f, NULL, config, "", NULL, NULL), ERR_FAIL);
    assert_true(err_is(&f->err, ERR_USAGE, CODE_AWS_CONFIG));
}

static void a_source_in_a_section_without_effect_is_explained(void **state)
{
    struct fixture *f = *state;
    static const char config[] = "[default]\nrole_arn = a\nsource_profile = base\n[base]\n";

    assert_int_equal(make_plan(f, NULL, config, "", NULL, NULL), ERR_FAIL);
    assert_non_null(strstr(f->err.text, "names profile base"));
    assert_non_null(strstr(f->err.hint, "needs [profile base]"));
}

static void half_of_a_pair_is_an_error(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(make_plan(f, NULL, "", "[default]\naws_access_key_id = A\n", NULL, NULL),
                     ERR_FAIL);
    assert_true(err_is(&f->err, ERR_AUTH, CODE_CREDENTIALS));
    assert_non_null(strstr(f->err.text, "aws_secret_access_key"));
}

static void a_pair_in_two_files_is_an_error(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(make_plan(f, NULL, "[default]\naws_secret_access_key = S\n",
                               "[default]\naws_access_key_id = A\n", NULL, NULL),
                     ERR_FAIL);
    assert_true(err_is(&f->err, ERR_AUTH, CODE_CREDENTIALS));
    assert_non_null(strstr(f->err.text, "different files"));
}

static void a_profile_may_be_its_own_source(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(make_plan(f, NULL, "[default]\nrole_arn = a\nsource_profile = default\n",
                               "[default]\naws_access_key_id = A\naws_secret_access_key = S\n",
                               NULL, NULL),
                     SOURCE_FOUND);
    assert_steps(f, CREDENTIALS_PROFILE, CREDENTIALS_ROLE, 2);
    plan_odd_report(&f->settings, &f->plan, &f->report);
    assert_int_equal(f->report.lines[f->report.count - 1].verdict, REPORT_PASSED);
}

static void a_loop_is_found_behind_the_first_profile(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(make_plan(f, "a",
                               "[profile a]\nrole_arn = a\nsource_profile = b\n"
                               "[profile b]\nrole_arn = b\nsource_profile = c\n"
                               "[profile c]\nrole_arn = c\nsource_profile = b\n",
                               "", NULL, NULL),
                     ERR_FAIL);
    assert_true(err_is(&f->err, ERR_USAGE, CODE_ROLE_LOOP));
}

/* Writes a chain of roles with keys at its end. */
static char *write_chain(unsigned roles)
{
    static char config[4096];
    size_t used = 0;

    for (unsigned i = 0; i < roles; i++)
        used += (size_t)snprintf(config + used, sizeof config - used,
                                 "[profile p%u]\nrole_arn = a\nsource_profile = p%u\n", i, i + 1);
    snprintf(config + used, sizeof config - used,
             "[profile p%u]\naws_access_key_id = A\naws_secret_access_key = S\n", roles);
    return config;
}

static void a_chain_of_roles_has_a_limit(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(make_plan(f, "p0", write_chain(PLAN_STEPS_MAX - 1), "", NULL, NULL),
                     SOURCE_FOUND);
    assert_steps(f, CREDENTIALS_PROFILE, CREDENTIALS_ROLE, PLAN_STEPS_MAX);
    aws_settings_finish(&f->settings);
    assert_int_equal(make_plan(f, "p0", write_chain(PLAN_STEPS_MAX), "", NULL, NULL), ERR_FAIL);
    assert_true(err_is(&f->err, ERR_USAGE, CODE_ROLE_LOOP));
}

static void two_kinds_in_a_profile_are_reported(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        make_plan(f, NULL, "[default]\ncredential_process = x\naws_session_token = T\n",
                  "[default]\naws_access_key_id = A\naws_secret_access_key = S\n", NULL, NULL),
        SOURCE_FOUND);
    assert_steps(f, CREDENTIALS_PROFILE, CREDENTIALS_PROFILE, 1);
    plan_odd_report(&f->settings, &f->plan, &f->report);
    assert_line(f, REPORT_ODD, "profile default", "keys, a process");
    assert_line(f, REPORT_ODD, "profile default", "aws_session_token in another file");
}

static void a_variable_for_a_profile_without_effect_is_reported(void **state)
{
    struct fixture *f = *state;

    f->it.env[2] = (struct scripted_pair){"AWS_PROFILE", "gone"};
    f->it.env[3] = (struct scripted_pair){"AWS_SECRET_ACCESS_KEY", "S"};
    assert_int_equal(make_plan(f, NULL, "", "", "AWS_ACCESS_KEY_ID", "A"), SOURCE_FOUND);
    plan_odd_report(&f->settings, &f->plan, &f->report);
    assert_line(f, REPORT_ODD, "AWS_PROFILE", "profile gone has no effect on the keys");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_settings_the_plan_is_the_instance),
        TEST(keys_of_the_environment_come_before_a_role),
        TEST(a_chosen_profile_excludes_the_environment),
        TEST(a_role_comes_before_the_web_identity_of_the_environment),
        TEST(a_login_without_account_and_role_gives_way),
        TEST(a_login_without_account_and_role_alone_is_an_error),
        TEST(a_source_in_a_section_without_effect_is_explained),
        TEST(half_of_a_pair_is_an_error),
        TEST(a_pair_in_two_files_is_an_error),
        TEST(a_profile_may_be_its_own_source),
        TEST(a_loop_is_found_behind_the_first_profile),
        TEST(a_chain_of_roles_has_a_limit),
        TEST(two_kinds_in_a_profile_are_reported),
        TEST(a_variable_for_a_profile_without_effect_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
