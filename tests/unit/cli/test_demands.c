#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "cli/demands.h"
#include "cli/settings/config.h"
#include "kit/assert_fails.h"
#include "kit/scratch.h"

static struct config config;

/* Loads ./s3dock.json5, or the file of the home folder if there is none. */
static void load(void)
{
    struct err err;

    config_finish(&config);
    if (config_file_load(NULL, config_environment, &config.file, &err) < 0)
        fail_msg("%s", err.text);
    strcpy(config.profile, "default");
}

static void write_file(const char *name, const char *text)
{
    struct err err;

    if (file_replace(path_of(name), view_str(text), 0600, &err))
        fail_msg("%s", err.text);
}

static void write_home(const char *trust)
{
    char text[4096];

    snprintf(text, sizeof text, "{profiles: {default: {trust: %s}, other: {bucket: \"b\"}}}",
             trust);
    write_file("home/.s3dock/config.json5", text);
    load();
}

static void the_keys_of_trust_are_read(void **state)
{
    struct demands demands;
    struct err err = {.text = ""};

    (void)state;
    write_home("{signers: \"allowed_signers\"}");
    if (demands_find(&config, &demands, &err))
        fail_msg("%s", err.text);
    assert_true(demands.there);
    assert_int_equal(demands.policy.require, POLICY_ALL);
    assert_int_equal(demands.policy.min, 1);
    assert_string_equal(demands.signers, path_of("home/.s3dock/allowed_signers"));
    assert_string_equal(demands.revoked, "");
    demands_finish(&demands);
    write_home("{signers: \"/etc/signers\", revoked: \"~/revoked\", require: [\"images\"], min: 2, "
               "allow: [{identity: \"ci@*\", sign: [\"images\", \"versions\"], apps: [\"a\", "
               "\"b*\"]}, {identity: \"x\", environments: [\"production\"]}]}");
    if (demands_find(&config, &demands, &err))
        fail_msg("%s", err.text);
    assert_int_equal(demands.policy.require, POLICY_IMAGES);
    assert_int_equal(demands.policy.min, 2);
    assert_int_equal(demands.policy.rule_count, 2);
    assert_string_equal(demands.policy.rules[0].identity, "ci@*");
    assert_int_equal(demands.policy.rules[0].sign, POLICY_IMAGES | POLICY_VERSIONS);
    assert_int_equal(demands.policy.rules[0].apps.count, 2);
    assert_string_equal(demands.policy.rules[0].apps.items[1], "b*");
    assert_int_equal(demands.policy.rules[1].sign, 0);
    assert_string_equal(demands.policy.rules[1].environments.items[0], "production");
    assert_string_equal(demands.signers, "/etc/signers");
    assert_string_equal(demands.revoked, path_of("home/revoked"));
    demands_finish(&demands);
}

/* A setting that is not understood must not demand less than the user meant. */
static void wrong_values_are_refused(void **state)
{
    static const char *const values[] = {
        "true",
        "[]",
        "{}",
        "{signers: \"\"}",
        "{signers: 1}",
        "{signer: \"a\"}",
        "{signers: \"a\", require: \"images\"}",
        "{signers: \"a\", require: []}",
        "{signers: \"a\", require: [\"image\"]}",
        "{signers: \"a\", min: 0}",
        "{signers: \"a\", min: \"2\"}",
        "{signers: \"a\", min: 17}",
        "{signers: \"a\", allow: []}",
        "{signers: \"a\", allow: [\"ci@example.com\"]}",
        "{signers: \"a\", allow: [{}]}",
        "{signers: \"a\", allow: [{sign: [\"images\"]}]}",
        "{signers: \"a\", allow: [{identity: \"\"}]}",
        "{signers: \"a\", allow: [{identity: \"x\", sign: [\"all\"]}]}",
        "{signers: \"a\", allow: [{identity: \"x\", apps: \"shop\"}]}",
        "{signers: \"a\", allow: [{identity: \"x\", apps: [1]}]}",
        "{signers: \"a\", allow: [{identity: \"x\", application: [\"shop\"]}]}",
        "{signers: \"a\", allow: {identity: \"x\"}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct demands demands;
        struct err err = {.text = ""};
        int answer;

        write_home(values[i]);
        answer = demands_find(&config, &demands, &err);
        demands_finish(&demands);
        if (answer == 0)
            fail_msg("%s is accepted", values[i]);
        assert_int_equal(err.family, ERR_USAGE);
        assert_string_equal(err.code, CODE_CONFIG);
        assert_non_null(strstr(err.text, "profiles.default.trust"));
    }
}

/* Outside of a profile it would demand nothing. */
static void a_wrong_place_is_refused(void **state)
{
    struct demands demands;
    struct err err = {.text = ""};

    (void)state;
    write_file("home/.s3dock/config.json5",
               "{trust: {signers: \"a\"}, profiles: {default: {bucket: \"b\"}}}");
    load();
    assert_fails(&err, demands_find(&config, &demands, &err), ERR_USAGE, CODE_CONFIG,
                 "profiles.NAME.trust");
    demands_finish(&demands);
}

static void a_found_file_does_not_loosen_trust(void **state)
{
    struct demands demands;
    struct err err = {.text = ""};

    (void)state;
    write_home("{signers: \"/etc/signers\"}");
    write_file("work/s3dock.json5",
               "{profiles: {default: {trust: {signers: \"own\"}}, other: {}}}");
    load();
    assert_true(config_file_is_input(&config.file));
    if (demands_find(&config, &demands, &err))
        fail_msg("%s", err.text);
    assert_string_equal(demands.signers, "/etc/signers");
    demands_finish(&demands);
    strcpy(config.profile, "other");
    assert_fails(&err, demands_find(&config, &demands, &err), ERR_USAGE, "trust",
                 "must not choose another profile");
    demands_finish(&demands);
    config.file.trusted = true; /* by the user */
    assert_int_equal(demands_find(&config, &demands, &err), 0);
    assert_false(demands.there);
    demands_finish(&demands);
}

static void a_found_file_may_demand_more(void **state)
{
    struct demands demands;
    struct err err = {.text = ""};

    (void)state;
    write_file("home/.s3dock/config.json5", "{}");
    write_file("work/s3dock.json5", "{profiles: {default: {trust: {signers: \"own\"}}}}");
    load();
    if (demands_find(&config, &demands, &err))
        fail_msg("%s", err.text);
    assert_true(demands.there);
    demands_finish(&demands);
}

static int start(void **state)
{
    (void)state;
    if (scratch_create() || mkdir(path_of("home"), 0700) || mkdir(path_of("home/.s3dock"), 0700) ||
        mkdir(path_of("work"), 0700) || chdir(path_of("work")))
        return -1;
    return setenv("HOME", path_of("home"), 1);
}

static int forget(void **state)
{
    (void)state;
    config_finish(&config);
    unlink(path_of("work/s3dock.json5"));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_keys_of_trust_are_read, forget),
        cmocka_unit_test_teardown(wrong_values_are_refused, forget),
        cmocka_unit_test_teardown(a_wrong_place_is_refused, forget),
        cmocka_unit_test_teardown(a_found_file_does_not_loosen_trust, forget),
        cmocka_unit_test_teardown(a_found_file_may_demand_more, forget),
    };

    return cmocka_run_group_tests(tests, start, scratch_teardown);
}
