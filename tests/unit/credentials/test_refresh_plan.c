/*
 * The windows of a plan, the waits after failures, and what users do meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "credentials/refresh_plan.h"

#define NOW    (CLOCK_SOURCE)
#define SECOND NS_PER_S
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

static struct refresh_plan begin(int64_t lifetime)
{
    struct refresh_plan plan;

    refresh_plan_begin(&plan, NOW, NOW + lifetime, 0, false);
    return plan;
}

static void windows_depend_on_the_lifetime(void **state)
{
    static const struct {
        int64_t lifetime, advisory, mandatory;
    } cases[] = {
        {HOUR, 15 * MINUTE, MINUTE},
        {12 * HOUR, 144 * MINUTE, MINUTE},
        {15 * MINUTE, 450 * SECOND, MINUTE},
        {4 * SECOND, 2 * SECOND, 400 * NS_PER_MS},
        {5 * MINUTE, 150 * SECOND, 30 * SECOND},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct refresh_plan plan = begin(cases[i].lifetime);
        int64_t expiry = NOW + cases[i].lifetime;
        assert_int_equal(refresh_plan_due(&plan), expiry - cases[i].advisory);
        assert_int_equal(refresh_plan_use(&plan, expiry - cases[i].mandatory - 1), REFRESH_USE);
        assert_int_equal(refresh_plan_use(&plan, expiry - cases[i].mandatory), REFRESH_WAIT);
    }
}

static void jitter_shortens_the_advisory_window(void **state)
{
    struct refresh_plan plan;

    (void)state;
    for (uint64_t jitter = 1; jitter; jitter *= 3) {
        if (jitter > UINT64_MAX / 3)
            break;
        refresh_plan_begin(&plan, NOW, NOW + HOUR, jitter, false);
        assert_in_range(refresh_plan_due(&plan), NOW + 45 * MINUTE, NOW + 46 * MINUTE);
        refresh_plan_begin(&plan, NOW, NOW + 4 * SECOND, jitter, false);
        assert_in_range(refresh_plan_due(&plan), NOW + 2 * SECOND, NOW + 2500 * NS_PER_MS);
    }
}

static void a_set_without_expiry_is_never_due(void **state)
{
    struct refresh_plan plan;

    (void)state;
    refresh_plan_begin(&plan, NOW, 0, 0, false);
    assert_int_equal(refresh_plan_due(&plan), INT64_MAX);
    assert_int_equal(refresh_plan_use(&plan, NOW + 1000 * HOUR), REFRESH_USE);
}

static void a_failed_advisory_refresh_is_repeated_after_growing_waits(void **state)
{
    static const int64_t waits[] = {30, 60, 120, 240, 300, 300};
    struct refresh_plan plan = begin(12 * HOUR);
    int64_t now = refresh_plan_due(&plan);

    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        refresh_plan_failed(&plan, now, true);
        assert_int_equal(refresh_plan_due(&plan), now + waits[i] * SECOND);
        now = refresh_plan_due(&plan);
        assert_int_equal(refresh_plan_use(&plan, now), REFRESH_USE);
    }
}

static void a_late_advisory_failure_is_repeated_in_the_mandatory_window(void **state)
{
    struct refresh_plan plan = begin(HOUR);
    int64_t mandatory = NOW + 59 * MINUTE;

    (void)state;
    refresh_plan_failed(&plan, mandatory - 10 * SECOND, true);
    assert_int_equal(refresh_plan_due(&plan), mandatory);
    assert_int_equal(refresh_plan_use(&plan, mandatory), REFRESH_WAIT);
    refresh_plan_failed(&plan, mandatory + 1, true);
    assert_int_equal(refresh_plan_due(&plan), mandatory + 1 + SECOND);
    assert_int_equal(refresh_plan_use(&plan, mandatory + 2), REFRESH_USE);
    refresh_plan_failed(&plan, mandatory + 2 * SECOND, true);
    assert_int_equal(refresh_plan_due(&plan), mandatory + 4 * SECOND);
}

static void users_of_an_expired_set_wait_a_bounded_time(void **state)
{
    struct refresh_plan plan = begin(HOUR);
    int64_t expiry = NOW + HOUR;

    (void)state;
    assert_int_equal(refresh_plan_use(&plan, expiry), REFRESH_WAIT);
    refresh_plan_failed(&plan, expiry, true);
    assert_int_equal(refresh_plan_use(&plan, expiry + SECOND), REFRESH_WAIT);
    refresh_plan_failed(&plan, expiry + SECOND, true);
    assert_int_equal(refresh_plan_use(&plan, expiry + REFRESH_PATIENCE - 1), REFRESH_WAIT);
    assert_int_equal(refresh_plan_use(&plan, expiry + REFRESH_PATIENCE), REFRESH_FAIL);
    refresh_plan_failed(&plan, expiry + 2 * SECOND, false); /* no repetition would help */
    assert_int_equal(refresh_plan_use(&plan, expiry + 2 * SECOND), REFRESH_FAIL);
}

static void a_set_of_an_instance_outlasts_a_failing_source(void **state)
{
    struct refresh_plan plan;

    (void)state;
    refresh_plan_begin(&plan, NOW, NOW + HOUR, 0, true);
    assert_int_equal(refresh_plan_use(&plan, NOW + HOUR), REFRESH_WAIT);
    refresh_plan_failed(&plan, NOW + HOUR, false);
    assert_int_equal(refresh_plan_use(&plan, NOW + 9 * HOUR), REFRESH_USE);
    refresh_plan_reject(&plan);
    assert_int_equal(refresh_plan_use(&plan, NOW + HOUR), REFRESH_FAIL);
}

static void a_rejected_set_is_not_used_again(void **state)
{
    struct refresh_plan plan;

    (void)state;
    refresh_plan_begin(&plan, NOW, 0, 0, false);
    refresh_plan_reject(&plan);
    assert_true(refresh_plan_due(&plan) <= NOW);
    assert_int_equal(refresh_plan_use(&plan, NOW), REFRESH_WAIT);
    refresh_plan_failed(&plan, NOW, true);
    assert_int_equal(refresh_plan_use(&plan, NOW), REFRESH_WAIT);
    assert_int_equal(refresh_plan_due(&plan), NOW + SECOND);
    refresh_plan_failed(&plan, NOW + SECOND, false);
    assert_int_equal(refresh_plan_use(&plan, NOW + SECOND), REFRESH_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_depend_on_the_lifetime),
        cmocka_unit_test(jitter_shortens_the_advisory_window),
        cmocka_unit_test(a_set_without_expiry_is_never_due),
        cmocka_unit_test(a_failed_advisory_refresh_is_repeated_after_growing_waits),
        cmocka_unit_test(a_late_advisory_failure_is_repeated_in_the_mandatory_window),
        cmocka_unit_test(users_of_an_expired_set_wait_a_bounded_time),
        cmocka_unit_test(a_set_of_an_instance_outlasts_a_failing_source),
        cmocka_unit_test(a_rejected_set_is_not_used_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
