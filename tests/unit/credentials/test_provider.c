/*
 * A scripted source and clock: when the provider fetches, what its users get, and how it ends.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "credentials/provider.h"
#include "credentials/source.h"

#define HOUR (3600 * NS_PER_S)

/* The source returns the set KEY<n>, or an error. The members are changed between calls only. */
struct script {
    atomic_int key;   /* n; 0: absent */
    const char *code; /* of the error; NULL: none */
    int64_t lifetime; /* 0: no expiry */
    atomic_llong now;
    atomic_int calls, changes;
    atomic_bool asked, stopped, blocks;
    char rejected[128];
};

static int resolve(void *arg, bool may_ask, const char *rejected, struct credentials *out,
                   struct err *err)
{
    struct script *script = arg;
    char key[32];

    script->asked = may_ask;
    snprintf(script->rejected, sizeof script->rejected, "%s", rejected ? rejected : "");
    while (script->blocks && !script->stopped)
        ;
    script->calls++;
    if (script->code)
        return err_set(err, ERR_AUTH, script->code, "scripted");
    if (!script->key)
        return SOURCE_ABSENT;
    snprintf(key, sizeof key, "KEY%d", script->key);
    assert_int_equal(credentials_init(out, key, "the-secret-key", "the-token", err), 0);
    out->expiry = script->lifetime ? script->now + script->lifetime : 0;
    snprintf(out->source, sizeof out->source, "the script");
    return SOURCE_FOUND;
}

static int64_t now(void *arg)
{
    return ((struct script *)arg)->now;
}

static void end_source(void *arg)
{
    ((struct script *)arg)->stopped = true;
}

static void changed(void *arg)
{
    ((struct script *)arg)->changes++;
}

static struct credential_provider *provider_for(struct script *script)
{
    const struct provider_source source = {resolve, now, end_source, script};
    struct err err;
    struct credential_provider *provider = provider_create(&source, &err);

    assert_non_null(provider);
    provider_watch(provider, changed, script);
    return provider;
}

/* Waits for the end of the nth fetch after the first. */
static void expect_fetches(struct script *script, int count)
{
    int64_t end = clock_monotonic() + 10 * NS_PER_S;

    while (script->changes < count && clock_monotonic() < end)
        ;
    assert_int_equal(script->changes, count);
}

static void expect_key(struct credential_provider *provider, struct provider_copy *copy,
                       const char *key)
{
    struct err err;

    assert_int_equal(provider_get(provider, copy, &err), PROVIDER_READY);
    assert_string_equal(copy->set.access_key, key);
}

static void a_fresh_set_is_not_fetched_again(void **state)
{
    struct script script = {.key = 1, .lifetime = HOUR, .now = CLOCK_SOURCE};
    struct credential_provider *provider = provider_for(&script);
    struct provider_copy copy = {0};

    (void)state;
    assert_true(script.asked);
    expect_key(provider, &copy, "KEY1");
    script.now += HOUR / 2;
    expect_key(provider, &copy, "KEY1");
    assert_int_equal(script.calls, 1);
    provider_destroy(provider);
}

static void the_old_set_is_used_while_the_next_is_fetched(void **state)
{
    struct script script = {.key = 1, .lifetime = HOUR, .now = CLOCK_SOURCE, .blocks = true};
    struct provider_copy copy = {0};

    (void)state;
    script.blocks = false;
    struct credential_provider *provider = provider_for(&script);
    script.blocks = true;
    script.key = 2;
    script.now += HOUR * 50 / 60;
    expect_key(provider, &copy, "KEY1");
    script.blocks = false;
    expect_fetches(&script, 1);
    assert_false(script.asked);
    expect_key(provider, &copy, "KEY2");
    assert_int_equal(copy.serial, 2);
    provider_destroy(provider);
}

static void users_wait_when_the_set_has_expired(void **state)
{
    struct script script = {.key = 1, .lifetime = HOUR, .now = CLOCK_SOURCE};
    struct credential_provider *provider = provider_for(&script);
    struct provider_copy copy = {0};
    struct err err;

    (void)state;
    script.code = CODE_SOURCE;
    script.now += HOUR;
    assert_int_equal(provider_get(provider, &copy, &err), PROVIDER_WAIT);
    expect_fetches(&script, 1);
    assert_int_equal(provider_get(provider, &copy, &err), PROVIDER_WAIT);
    script.code = NULL;
    script.key = 2;
    script.now += NS_PER_S;
    assert_int_equal(provider_get(provider, &copy, &err), PROVIDER_WAIT);
    expect_fetches(&script, 2);
    expect_key(provider, &copy, "KEY2");
    provider_destroy(provider);
}

static void a_lasting_failure_reaches_the_users_after_the_expiry(void **state)
{
    struct script script = {.key = 1, .lifetime = HOUR, .now = CLOCK_SOURCE};
    struct credential_provider *provider = provider_for(&script);
    struct provider_copy copy = {0};
    struct err err;

    (void)state;
    script.code = CODE_LOGIN;
    script.now += HOUR - 30 * NS_PER_S;
    assert_int_equal(provider_get(provider, &copy, &err), PROVIDER_WAIT);
    expect_fetches(&script, 1);
    expect_key(provider, &copy, "KEY1");
    script.now += 30 * NS_PER_S;
    assert_int_equal(provider_get(provider, &copy, &err), PROVIDER_WAIT);
    expect_fetches(&script, 2);
    assert_int_equal(provider_get(provider, &copy, &err), ERR_FAIL);
    assert_string_equal(err.code, CODE_LOGIN);
    provider_destroy(provider);
}

static void only_the_current_set_can_be_rejected(void **state)
{
    struct script script = {.key = 1, .now = CLOCK_SOURCE};
    struct credential_provider *provider = provider_for(&script);
    struct provider_copy copy = {0};
    struct err err;

    (void)state;
    expect_key(provider, &copy, "KEY1");
    script.key = 2;
    provider_reject(provider, copy.serial);
    provider_reject(provider, copy.serial);
    expect_fetches(&script, 1);
    assert_string_equal(script.rejected, "KEY1");
    provider_reject(provider, copy.serial); /* a late response to a request with the old set */
    expect_key(provider, &copy, "KEY2");
    assert_int_equal(script.calls, 2);

    provider_reject(provider, copy.serial); /* the source has no other set */
    expect_fetches(&script, 2);
    assert_int_equal(provider_get(provider, &copy, &err), ERR_FAIL);
    assert_string_equal(err.code, CODE_REJECTED);
    provider_destroy(provider);
}

static void an_absent_source_makes_an_anonymous_set(void **state)
{
    struct script script = {.now = CLOCK_SOURCE};
    struct credential_provider *provider = provider_for(&script);
    struct provider_copy copy = {0};

    (void)state;
    expect_key(provider, &copy, "");
    assert_true(credentials_anonymous(&copy.set));
    provider_destroy(provider);
}

static void a_source_that_fails_or_gives_old_keys_is_an_error(void **state)
{
    struct script script = {.code = CODE_DENIED, .now = CLOCK_SOURCE};
    const struct provider_source source = {resolve, now, end_source, &script};
    struct err err;

    (void)state;
    assert_null(provider_create(&source, &err));
    assert_string_equal(err.code, CODE_DENIED);
    assert_false(script.stopped); /* it would cancel the command */
    script = (struct script){.key = 1, .lifetime = -HOUR, .now = CLOCK_SOURCE};
    assert_null(provider_create(&source, &err));
    assert_string_equal(err.code, CODE_ANSWER);
    assert_non_null(strstr(err.text, "expired"));
}

static void a_fixed_set_fails_when_it_is_rejected(void **state)
{
    struct credentials set;
    struct provider_copy copy = {0};
    struct err err;

    (void)state;
    assert_int_equal(credentials_init(&set, "AKID", "the-secret-key", NULL, &err), 0);
    struct credential_provider *provider = provider_of_set(&set, &err);
    expect_key(provider, &copy, "AKID");
    provider_reject(provider, copy.serial);
    assert_int_equal(provider_get(provider, &copy, &err), ERR_FAIL);
    assert_string_equal(err.code, CODE_REJECTED);
    provider_destroy(provider);
}

static void the_expiry_follows_the_clock_of_the_store(void **state)
{
    struct script script = {.key = 1, .lifetime = HOUR, .now = CLOCK_SOURCE};
    struct credential_provider *provider = provider_for(&script);
    struct provider_copy copy = {0};
    struct err err;

    (void)state;
    provider_set_clock(provider, HOUR);
    assert_int_equal(provider_get(provider, &copy, &err), PROVIDER_WAIT);
    provider_destroy(provider);
}

static void destroying_a_provider_stops_its_fetch(void **state)
{
    struct script script = {.key = 1, .lifetime = HOUR, .now = CLOCK_SOURCE};
    struct credential_provider *provider = provider_for(&script);
    struct provider_copy copy = {0};
    struct err err;

    (void)state;
    script.blocks = true;
    script.now += HOUR;
    assert_int_equal(provider_get(provider, &copy, &err), PROVIDER_WAIT);
    provider_destroy(provider);
    assert_true(script.stopped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_set_is_not_fetched_again),
        cmocka_unit_test(the_old_set_is_used_while_the_next_is_fetched),
        cmocka_unit_test(users_wait_when_the_set_has_expired),
        cmocka_unit_test(a_lasting_failure_reaches_the_users_after_the_expiry),
        cmocka_unit_test(only_the_current_set_can_be_rejected),
        cmocka_unit_test(an_absent_source_makes_an_anonymous_set),
        cmocka_unit_test(a_source_that_fails_or_gives_old_keys_is_an_error),
        cmocka_unit_test(a_fixed_set_fails_when_it_is_rejected),
        cmocka_unit_test(the_expiry_follows_the_clock_of_the_store),
        cmocka_unit_test(destroying_a_provider_stops_its_fetch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
