/* The places of the two AWS files, and how they are merged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/profiles.h"
#include "base/err.h"
#include "tests/kit/aws_files.h"

static struct aws_profiles *load(struct aws_files *all)
{
    struct aws_profiles *profiles;
    struct err err;

    assert_int_equal(aws_profiles_load(aws_files_system(all), &profiles, &err), 0);
    return profiles;
}

static const char *get(const struct aws_profiles *profiles, const char *name, const char *key)
{
    return aws_profile_get(aws_profiles_find(profiles, AWS_PROFILE, name), key);
}

static void assert_places(struct aws_files all, const char *config, const char *credentials)
{
    struct aws_profiles *profiles = load(&all);

    assert_string_equal(aws_profiles_config_path(profiles), config);
    assert_string_equal(aws_profiles_credentials_path(profiles), credentials);
    aws_profiles_free(profiles);
}

static void variables_choose_the_places(void **state)
{
    (void)state;
    assert_places((struct aws_files){.env = {{"HOME", "/h"}}}, "/h/.aws/config",
                  "/h/.aws/credentials");
    assert_places((struct aws_files){.env = {{"HOME", ""}}}, "", "");
    assert_places((struct aws_files){0}, "", "");
    assert_places((struct aws_files){.env = {{"HOME", "/h"},
                                             {"AWS_CONFIG_FILE", "~/c"},
                                             {"AWS_SHARED_CREDENTIALS_FILE", "rel/d"}}},
                  "/h/c", "rel/d");
    assert_places((struct aws_files){.env = {{"AWS_CONFIG_FILE", "~/c"},
                                             {"AWS_SHARED_CREDENTIALS_FILE", "~other/d"}}},
                  "~/c", "~other/d");
}

static void files_are_merged_by_key(void **state)
{
    struct aws_files all = {
        .env = {{"HOME", "/h"}},
        .files = {{"/h/.aws/config",
                   "[profile a]\nx = 1\ny = 1\n[default]\nz=0\n[profile b]\n[profile a]\nX = 2\n"
                   "[profile default]\nw=1\n"},
                  {"/h/.aws/credentials", "[a]\ny = 3\n[c]\n[default]\nv=2\n"}},
    };
    struct aws_profiles *profiles = load(&all);
    const struct aws_profile *a = aws_profiles_find(profiles, AWS_PROFILE, "a");
    const char *key, *value;
    char place[128];

    (void)state;
    assert_string_equal(aws_profile_get(a, "x"), "2");
    assert_string_equal(aws_profile_get(a, "y"), "3");
    assert_null(aws_profile_get(a, "z"));
    assert_null(aws_profile_get(NULL, "z"));
    assert_false(aws_profile_from_credentials(a, "x"));
    assert_true(aws_profile_from_credentials(a, "y"));
    assert_true(aws_profile_at(a, 1, &key, &value));
    assert_string_equal(key, "y");
    assert_false(aws_profile_at(a, 2, &key, &value));
    aws_profile_place(profiles, a, "y", place, sizeof place);
    assert_string_equal(place, "y in profile a of /h/.aws/credentials");
    assert_null(get(profiles, "default", "z"));
    assert_string_equal(get(profiles, "default", "w"), "1");
    assert_string_equal(get(profiles, "default", "v"), "2");
    assert_non_null(aws_profiles_find(profiles, AWS_PROFILE, "b"));
    assert_null(aws_profiles_find(profiles, AWS_PROFILE, "B"));
    assert_string_equal(aws_profile_name(aws_profiles_at(profiles, AWS_PROFILE, 3)), "default");
    assert_null(aws_profiles_at(profiles, AWS_PROFILE, 4));
    assert_null(aws_profiles_at(profiles, AWS_SERVICES, 0));
    assert_non_null(strstr(aws_profiles_warnings(profiles), "line 8: x is set again"));
    aws_profiles_free(profiles);
}

static void kinds_of_sections_have_separate_names(void **state)
{
    struct aws_files all = {
        .env = {{"HOME", "/h"}},
        .files = {{"/h/.aws/config", "[services a]\ns3 =\n Endpoint_URL = u\n endpoint_url = v\n"
                                     "[profile a]\ns3 =\n x = 1\n[sso-session a]\nr = 1\n"},
                  {"/h/.aws/credentials", "[a]\ns3 =\n y = 2\n"}},
    };
    struct aws_profiles *profiles = load(&all);
    const struct aws_profile *a = aws_profiles_find(profiles, AWS_PROFILE, "a");

    (void)state;
    assert_string_equal(
        aws_profile_sub(aws_profiles_find(profiles, AWS_SERVICES, "a"), "s3", "endpoint_url"), "v");
    assert_string_equal(aws_profile_get(aws_profiles_find(profiles, AWS_SSO_SESSION, "a"), "r"),
                        "1");
    assert_string_equal(aws_profile_sub(a, "s3", "y"), "2");
    assert_null(aws_profile_sub(a, "s3", "x")); /* sub-keys are one value */
    assert_null(aws_profile_sub(a, "s4", "x"));
    aws_profiles_free(profiles);
}

static void a_missing_or_unreadable_file_is_empty(void **state)
{
    struct aws_files all = {
        .env = {{"HOME", "/h"}, {"AWS_SHARED_CREDENTIALS_FILE", "/none"}},
        .files = {{"/h/.aws/config", NULL}},
    };
    struct aws_profiles *profiles = load(&all);

    (void)state;
    assert_null(aws_profiles_at(profiles, AWS_PROFILE, 0));
    assert_string_equal(aws_profiles_warnings(profiles),
                        "/h/.aws/config: the file is not used: cannot read /h/.aws/config\n"
                        "/none: there is no such file\n");
    aws_profiles_free(profiles);
}

static int refuse_owner(void *arg, const char *path, struct err *err)
{
    (void)arg;
    return err_set(err, ERR_USAGE, CODE_OWNER, "%s belongs to another user", path);
}

static void the_owner_of_a_default_file_is_checked(void **state)
{
    struct aws_files all = {
        .env = {{"HOME", "/h"}, {"AWS_CONFIG_FILE", "/c"}},
        .files = {{"/c", "[profile a]\nx = 1\n"}, {"/h/.aws/credentials", "[a]\ny = 2\n"}},
    };
    struct aws_profiles *profiles = load(&all);
    const struct aws_profile *a = aws_profiles_find(profiles, AWS_PROFILE, "a");
    struct err err;

    (void)state;
    assert_int_equal(aws_profile_check_owner(&all.system, profiles, a, "y", &err), 0);
    all.system.check_owner = refuse_owner;
    assert_int_equal(aws_profile_check_owner(&all.system, profiles, a, "x", &err), 0);
    assert_true(aws_profile_check_owner(&all.system, profiles, a, "y", &err) < 0);
    assert_true(err_is(&err, ERR_USAGE, CODE_OWNER));
    assert_non_null(strstr(err.text, "y of profile a is not used: /h/.aws/credentials"));
    aws_profiles_free(profiles);
}

static void dev_null_is_an_empty_file(void **state)
{
    struct aws_files all = {.env = {{"AWS_CONFIG_FILE", "/dev/null"}}};
    struct aws_profiles *profiles = load(&all);

    (void)state;
    assert_string_equal(aws_profiles_warnings(profiles), "");
    aws_profiles_free(profiles);
}

static void assert_fails(struct aws_files all, const char *mention)
{
    struct aws_profiles *profiles;
    struct err err;

    assert_true(aws_profiles_load(aws_files_system(&all), &profiles, &err) < 0);
    assert_true(err_is(&err, ERR_USAGE, CODE_AWS_CONFIG));
    assert_non_null(strstr(err.text, mention));
    assert_null(profiles);
}

static void a_broken_or_named_unreadable_file_is_an_error(void **state)
{
    static char large[SHARED_FILE_MAX + 2];

    (void)state;
    memset(large, '#', sizeof large - 1);
    assert_fails((struct aws_files){.env = {{"AWS_CONFIG_FILE", "/c"}}, .files = {{"/c", NULL}}},
                 "/c");
    assert_fails((struct aws_files){.env = {{"HOME", "/h"}}, .files = {{"/h/.aws/config", large}}},
                 "/h/.aws/config");
    assert_fails(
        (struct aws_files){.env = {{"HOME", "/h"}}, .files = {{"/h/.aws/credentials", "[a]\n\nx"}}},
        "/h/.aws/credentials, line 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_choose_the_places),
        cmocka_unit_test(files_are_merged_by_key),
        cmocka_unit_test(kinds_of_sections_have_separate_names),
        cmocka_unit_test(a_missing_or_unreadable_file_is_empty),
        cmocka_unit_test(the_owner_of_a_default_file_is_checked),
        cmocka_unit_test(dev_null_is_an_empty_file),
        cmocka_unit_test(a_broken_or_named_unreadable_file_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
