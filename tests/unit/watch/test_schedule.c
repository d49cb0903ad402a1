/* schedule: jitter, back-off, and the spread of a fleet. Two years pass in milliseconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/random.h"
#include "watch/schedule.h"

#define INTERVAL (30 * NS_PER_S)
#define YEAR     (INT64_C(365) * 24 * 3600 * NS_PER_S)

static void two_years_of_polls_keep_the_interval(void **state)
{
    struct schedule schedule;
    uint64_t seed = 1;
    int64_t now = 5 * YEAR, began = now, count = 0;

    (void)state;
    schedule_start(&schedule, INTERVAL, now, random_next(&seed));
    assert_true(schedule.due >= now && schedule.due < now + INTERVAL);
    now = schedule.due;
    while (now - began < 2 * YEAR) {
        schedule_success(&schedule, now, random_next(&seed));
        assert_true(schedule.due - now >= INTERVAL * 9 / 10);
        assert_true(schedule.due - now <= INTERVAL * 11 / 10 + 1);
        now = schedule.due;
        count++;
    }
    /* as many polls as without jitter, to a thousandth */
    assert_true(llabs(count - 2 * YEAR / INTERVAL) < 2 * YEAR / INTERVAL / 1000);
}

static void hosts_that_start_together_do_not_poll_together(void **state)
{
    unsigned buckets[30] = {0};
    uint64_t seed = 7;

    (void)state;
    for (int host = 0; host < 1000; host++) {
        struct schedule schedule;

        schedule_start(&schedule, INTERVAL, 0, random_next(&seed));
        buckets[schedule.due / NS_PER_S]++;
    }
    for (size_t i = 0; i < ARRAY_SIZE(buckets); i++)
        assert_in_range(buckets[i], 10, 65); /* 33 on average */
}

static void the_backoff_doubles_to_a_quarter_of_an_hour(void **state)
{
    struct schedule schedule;
    uint64_t seed = 3;

    (void)state;
    schedule_start(&schedule, INTERVAL, 0, 0);
    for (int i = 1; i <= 100; i++) {
        int64_t most = INTERVAL;

        for (int k = 0; k < i && most < SCHEDULE_BACKOFF_MOST; k++)
            most *= 2;
        most = most < SCHEDULE_BACKOFF_MOST ? most : SCHEDULE_BACKOFF_MOST;
        schedule_failure(&schedule, SCHEDULE_PASSING, 0, 1000, random_next(&seed));
        assert_true(schedule.backoff >= NS_PER_S && schedule.backoff <= most);
        assert_int_equal(schedule.due, 1000 + schedule.backoff);
    }
    schedule_success(&schedule, 0, 0);
    assert_int_equal(schedule.backoff, 0);
    schedule_failure(&schedule, SCHEDULE_PASSING, 0, 0, UINT64_MAX);
    assert_true(schedule.backoff <= 2 * INTERVAL); /* it begins again */
}

static void the_jitter_of_the_backoff_is_full(void **state)
{
    uint64_t seed = 11;
    unsigned early = 0, late = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct schedule schedule;

        schedule_start(&schedule, INTERVAL, 0, 0);
        for (int k = 0; k < 20; k++)
            schedule_failure(&schedule, SCHEDULE_PASSING, 0, 0, random_next(&seed));
        early += schedule.backoff < SCHEDULE_BACKOFF_MOST / 4;
        late += schedule.backoff > SCHEDULE_BACKOFF_MOST * 3 / 4;
    }
    assert_in_range(early, 200, 300);
    assert_in_range(late, 200, 300);
}

static void retry_after_is_respected_up_to_an_hour(void **state)
{
    struct schedule schedule;

    (void)state;
    schedule_start(&schedule, INTERVAL, 0, 0);
    schedule_failure(&schedule, SCHEDULE_PASSING, 120 * NS_PER_S, 0, 5);
    assert_true(schedule.backoff >= 120 * NS_PER_S && schedule.backoff < 150 * NS_PER_S);
    schedule_failure(&schedule, SCHEDULE_PASSING, INT64_MAX, 0, 5);
    assert_true(schedule.backoff >= SCHEDULE_ASKED_MOST &&
                schedule.backoff < SCHEDULE_ASKED_MOST + INTERVAL);
}

static void refusals_and_full_disks_have_their_own_waits(void **state)
{
    struct schedule schedule;
    uint64_t seed = 1;

    (void)state;
    schedule_start(&schedule, INTERVAL, 0, 0);
    for (int i = 0; i < 50; i++) {
        schedule_failure(&schedule, SCHEDULE_RIGHTS, 0, 0, random_next(&seed));
        assert_true(schedule.backoff >= SCHEDULE_REFUSED * 9 / 10);
        assert_true(schedule.backoff <= SCHEDULE_REFUSED * 11 / 10 + 1);
        schedule_failure(&schedule, SCHEDULE_DISK, 0, 0, random_next(&seed));
        assert_true(schedule.backoff >= SCHEDULE_BLOCKED * 9 / 10);
        assert_true(schedule.backoff <= SCHEDULE_BLOCKED * 11 / 10 + 1);
    }
}

static void a_long_interval_is_its_own_limit(void **state)
{
    struct schedule schedule;
    uint64_t seed = 1;
    int64_t interval = 24 * 3600 * NS_PER_S;

    (void)state;
    schedule_start(&schedule, interval, 0, 0);
    for (int i = 0; i < 100; i++) {
        schedule_failure(&schedule, SCHEDULE_PASSING, 0, 0, random_next(&seed));
        assert_true(schedule.backoff <= interval);
    }
}

static void errors_have_the_right_trouble(void **state)
{
    static const struct {
        enum err_family family;
        const char *code;
        enum schedule_trouble trouble;
    } cases[] = {
        {ERR_AUTH, CODE_DENIED, SCHEDULE_RIGHTS},
        {ERR_AUTH, CODE_KEY, SCHEDULE_RIGHTS},
        {ERR_AUTH, CODE_SIGNATURE, SCHEDULE_RIGHTS},
        {ERR_AUTH, CODE_REJECTED, SCHEDULE_RIGHTS},
        {ERR_AUTH, "clock", SCHEDULE_PASSING},
        {ERR_AUTH, CODE_SOURCE, SCHEDULE_PASSING},
        {ERR_AUTH, CODE_EXPIRED, SCHEDULE_PASSING},
        {ERR_AUTH, CODE_NO_CREDENTIALS, SCHEDULE_PASSING},
        {ERR_NETWORK, CODE_RESOLVE, SCHEDULE_PASSING},
        {ERR_LOCAL, CODE_DISK_FULL, SCHEDULE_DISK},
        {ERR_DOCKER, CODE_DISK_FULL, SCHEDULE_DISK},
        {ERR_DOCKER, CODE_UNREACHABLE, SCHEDULE_PASSING},
        {ERR_NOT_FOUND, CODE_IMAGE, SCHEDULE_PASSING},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        err_set(&err, cases[i].family, cases[i].code, "x");
        assert_int_equal(schedule_trouble_of(&err), cases[i].trouble);
    }
}

/* Chi-square of 1,000 hosts in 20 classes: 19 degrees of freedom, 43.8 has a probability of
 * 0.001. The hosts are fixed, so the result is, too. */
static void a_thousand_hosts_use_the_whole_splay(void **state)
{
    const int64_t splay = 300 * NS_PER_S;
    unsigned moved = 0;

    (void)state;
    for (int change = 0; change < 5; change++) {
        unsigned classes[20] = {0};
        double chi = 0;
        char etag[40];

        snprintf(etag, sizeof etag, "\"%032d\"", change);
        for (int host = 0; host < 1000; host++) {
            char machine[40];
            int64_t wait, other;

            snprintf(machine, sizeof machine, "host-%d", host);
            wait = schedule_splay(machine, etag, splay);
            assert_true(wait >= 0 && wait < splay);
            assert_int_equal(wait, schedule_splay(machine, etag, splay)); /* after a restart */
            other = schedule_splay(machine, "\"other\"", splay);
            moved += llabs(wait - other) > splay / 20;
            classes[wait / (splay / 20)]++;
        }
        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
            chi += ((double)classes[i] - 50) * ((double)classes[i] - 50) / 50;
        assert_true(chi < 43.8);
        assert_true(chi > 5.4); /* as even as this would be suspicious, too */
    }
    assert_true(moved > 4000); /* of 5,000: another order for each change */
    assert_int_equal(schedule_splay("a", "b", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_years_of_polls_keep_the_interval),
        cmocka_unit_test(hosts_that_start_together_do_not_poll_together),
        cmocka_unit_test(the_backoff_doubles_to_a_quarter_of_an_hour),
        cmocka_unit_test(the_jitter_of_the_backoff_is_full),
        cmocka_unit_test(retry_after_is_respected_up_to_an_hour),
        cmocka_unit_test(refusals_and_full_disks_have_their_own_waits),
        cmocka_unit_test(a_long_interval_is_its_own_limit),
        cmocka_unit_test(errors_have_the_right_trouble),
        cmocka_unit_test(a_thousand_hosts_use_the_whole_splay),
    };

    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
