#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/retry.h"

#define HIGH UINT32_MAX /* the largest random number */

static void waits_longer_each_time_up_to_the_cap(void **state)
{
    struct retry_link link = {0};
    int64_t expected = 200 * NS_PER_MS;

    (void)state;
    for (unsigned tried = 1; tried < RETRY_DEFAULT.tries; tried++) {
        int64_t wait = retry_wait(&RETRY_DEFAULT, &link, RETRY_TROUBLE, tried, 0, 0, HIGH);
        assert_true(wait > expected - NS_PER_MS && wait <= expected);
        assert_int_equal(retry_wait(&RETRY_DEFAULT, &link, RETRY_TROUBLE, tried, 0, 0, 0), 0);
        expected = 2 * expected < RETRY_DEFAULT.cap ? 2 * expected : RETRY_DEFAULT.cap;
    }
}

static void counts_tries_when_the_server_responds(void **state)
{
    struct retry_link link = {0};
    unsigned tries = RETRY_DEFAULT.tries;

    (void)state;
    assert_true(retry_wait(&RETRY_DEFAULT, &link, RETRY_TROUBLE, tries - 1, 0, 0, 0) >= 0);
    assert_int_equal(retry_wait(&RETRY_DEFAULT, &link, RETRY_TROUBLE, tries, 0, 0, 0), RETRY_NEVER);
    assert_int_equal(retry_wait(&RETRY_DEFAULT, &link, RETRY_THROTTLE, tries, 0, 0, 0),
                     RETRY_NEVER);
}

static void goes_on_while_others_succeed(void **state)
{
    struct retry_link link = {0};
    unsigned tried = RETRY_DEFAULT.tries;

    (void)state;
    for (int i = 0; i < 3; i++)
        retry_good(&link);
    for (int i = 0; i < 3; i++)
        assert_true(retry_wait(&RETRY_DEFAULT, &link, RETRY_TROUBLE, tried++, 0, 0, 0) >= 0);
    assert_int_equal(retry_wait(&RETRY_DEFAULT, &link, RETRY_TROUBLE, tried, 0, 0, 0), RETRY_NEVER);
    for (int i = 0; i < 100000; i++)
        retry_good(&link);
    for (tried = 1; retry_wait(&RETRY_DEFAULT, &link, RETRY_TROUBLE, tried, 0, 0, 0) >= 0; tried++)
        assert_true(tried < RETRY_DEFAULT.tries_most);
    assert_int_equal(tried, RETRY_DEFAULT.tries_most);
}

static void a_number_of_tries_counts_for_silence_too(void **state)
{
    struct retry_policy policy = RETRY_DEFAULT;
    struct retry_link link = {.budget = 50};

    (void)state;
    retry_limit(&policy, 3);
    assert_true(retry_wait(&policy, &link, RETRY_SILENCE, 2, 0, 0, 0) >= 0);
    assert_int_equal(retry_wait(&policy, &link, RETRY_SILENCE, 3, 0, 0, 0), RETRY_NEVER);
    assert_int_equal(retry_wait(&policy, &link, RETRY_TROUBLE, 3, 0, 0, 0), RETRY_NEVER);
}

static void retry_after_counts_up_to_a_minute(void **state)
{
    struct retry_link link = {0};

    (void)state;
    assert_int_equal(retry_wait(&RETRY_DEFAULT, &link, RETRY_THROTTLE, 1, 7 * NS_PER_S, 0, 0),
                     7 * NS_PER_S);
    assert_int_equal(retry_wait(&RETRY_DEFAULT, &link, RETRY_THROTTLE, 1, 86400 * NS_PER_S, 0, 0),
                     60 * NS_PER_S);
}

/* Simulates an outage: retries by the policy until its end. Returns the elapsed time. */
static int64_t outage(struct retry_link *link, int64_t start, uint32_t dice)
{
    int64_t now = start;

    for (unsigned tried = 1; tried < 10000; tried++) {
        int64_t wait = retry_wait(&RETRY_DEFAULT, link, RETRY_SILENCE, tried, 0, now, dice);
        if (wait == RETRY_NEVER)
            return now - start;
        now += wait + NS_PER_MS; /* a refused connection takes nearly no time */
    }
    fail_msg("tries for ever");
    return 0;
}

static void gives_up_a_first_contact_in_seconds(void **state)
{
    struct retry_link link = {0};

    (void)state;
    assert_true(outage(&link, NS_PER_S, HIGH) <= 10 * NS_PER_S);
    assert_true(outage(&link, NS_PER_S, HIGH / 3) <= 10 * NS_PER_S);
}

static void sits_out_an_outage_of_a_link_that_lived(void **state)
{
    struct retry_link link = {0};

    (void)state;
    retry_alive(&link);
    int64_t patience = outage(&link, NS_PER_S, HIGH);
    assert_true(patience > 4 * 60 * NS_PER_S && patience <= 5 * 60 * NS_PER_S);

    retry_alive(&link); /* and again after a sign of life, which restarts the time limit */
    assert_true(outage(&link, 900 * NS_PER_S, HIGH) > 4 * 60 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_longer_each_time_up_to_the_cap),
        cmocka_unit_test(counts_tries_when_the_server_responds),
        cmocka_unit_test(goes_on_while_others_succeed),
        cmocka_unit_test(a_number_of_tries_counts_for_silence_too),
        cmocka_unit_test(retry_after_counts_up_to_a_minute),
        cmocka_unit_test(gives_up_a_first_contact_in_seconds),
        cmocka_unit_test(sits_out_an_outage_of_a_link_that_lived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
