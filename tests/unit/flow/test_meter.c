/* The meter with a given time: steady flow, a change of rate, a stall, and unknown values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "flow/meter.h"

#define START (1000 * NS_PER_S)

static void near(double actual, double expected)
{
    if (actual < expected * 0.999 || actual > expected * 1.001)
        fail_msg("%f is not %f", actual, expected);
}

/* Feeds `bytes` every 100 ms for `seconds`. Returns the time afterwards. */
static int64_t flow(struct meter *meter, uint64_t bytes, int seconds, int64_t now)
{
    for (int i = 0; i < seconds * 10; i++) {
        now += 100 * NS_PER_MS;
        meter_add(meter, bytes, now);
    }
    return now;
}

static void no_bytes_have_no_rate(void **state)
{
    struct meter meter;

    (void)state;
    meter_start(&meter, 1000, START);
    near(meter_rate(&meter, START), 0);
    assert_true(meter_left(&meter, START) == -1);
    assert_true(meter_left(&meter, START + NS_PER_S) == -1);
}

static void the_first_moment_counts_too(void **state)
{
    struct meter meter;

    (void)state;
    meter_start(&meter, 1000, START);
    meter_add(&meter, 100, START + 100 * NS_PER_MS);
    near(meter_rate(&meter, START + 100 * NS_PER_MS), 1000);
    near(meter_left(&meter, START + 100 * NS_PER_MS), 0.9);
}

static void a_steady_flow_has_one_rate(void **state)
{
    struct meter meter;
    int64_t now;

    (void)state;
    for (int seconds = 1; seconds < 100; seconds += 7) {
        meter_start(&meter, 1000000, START);
        now = flow(&meter, 500, seconds, START);
        near(meter_rate(&meter, now), 5000);
        near(meter_left(&meter, now), (1000000.0 - 5000.0 * seconds) / 5000);
    }
}

static void the_rate_follows_a_change_and_the_average_remembers(void **state)
{
    struct meter meter;
    int64_t now;

    (void)state;
    meter_start(&meter, 0, START);
    now = flow(&meter, 100, 60, START);
    now = flow(&meter, 1000, 60, now);
    near(meter_rate(&meter, now), 10000);
}

static void a_stall_brings_the_rate_down(void **state)
{
    struct meter meter;
    double rate;
    int64_t now;

    (void)state;
    meter_start(&meter, 0, START);
    now = flow(&meter, 1000, 20, START);
    rate = meter_rate(&meter, now);
    for (int i = 0; i < 30; i++) {
        now += NS_PER_S;
        assert_true(meter_rate(&meter, now) <= rate);
        rate = meter_rate(&meter, now);
    }
    assert_true(rate < 1000);
}

static void the_end_and_the_unknown(void **state)
{
    struct meter meter;

    (void)state;
    meter_start(&meter, 1000, START);
    meter_add(&meter, 1000, START + NS_PER_S);
    assert_true(meter_left(&meter, START + NS_PER_S) == 0);
    meter_add(&meter, 1, START + NS_PER_S); /* more than announced */
    assert_true(meter_left(&meter, START + NS_PER_S) == -1);
    meter_start(&meter, 0, START);
    meter_add(&meter, 1000, START + NS_PER_S);
    assert_true(meter_left(&meter, START + NS_PER_S) == -1);
}

static void a_clock_that_stands_still_divides_nothing_by_zero(void **state)
{
    struct meter meter;

    (void)state;
    meter_start(&meter, 1000, START);
    meter_add(&meter, 500, START);
    assert_true(meter_rate(&meter, START) == 0);
    assert_true(meter_left(&meter, START) == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bytes_have_no_rate),
        cmocka_unit_test(the_first_moment_counts_too),
        cmocka_unit_test(a_steady_flow_has_one_rate),
        cmocka_unit_test(the_rate_follows_a_change_and_the_average_remembers),
        cmocka_unit_test(a_stall_brings_the_rate_down),
        cmocka_unit_test(the_end_and_the_unknown),
        cmocka_unit_test(a_clock_that_stands_still_divides_nothing_by_zero),
    };

    return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
