/* The number and size of buffers, and the length of ranges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "pull/buffer_plan.h"

static void buffers_stay_within_the_memory(void **state)
{
    static const struct {
        struct buffer_plan_options options;
        size_t in, out;
        unsigned ahead, count; /* requests of the prefetch; buffers */
    } cases[] = {
        {{80 * MIB, true, false, true}, 2 * MIB, 4 * MIB, 0, 13},
        {{800 * MIB, true, false, true}, 2 * MIB, 4 * MIB, 0, 16}, /* enough */
        {{80 * MIB, true, true, true}, MIB, MIB, 32, 34},
        {{80 * MIB, true, true, false}, MIB, MIB, 0, 40}, /* no place for prefetched chunks */
        {{80 * MIB, false, false, true}, 2 * MIB, 0, 0, 16},
        {{MIB, true, true, true}, MIB, MIB, 32, 3}, /* the minimum */
        {{80 * MIB, true, false, true, true}, MIB, MIB, 13, 26},
        {{80 * MIB, true, true, true, true}, MIB, MIB, 32, 34},
        {{24 * MIB, true, false, true, true}, MIB, MIB, 4, 8},
        {{MIB, true, false, true, true}, MIB, MIB, 1, 3},
        {{80 * MIB, true, false, false, true}, 2 * MIB, 4 * MIB, 0, 13},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buffer_plan plan;

        buffer_plan_make(&plan, &cases[i].options);
        assert_int_equal(plan.in, cases[i].in);
        assert_int_equal(plan.out, cases[i].out);
        assert_int_equal(plan.prefetch, cases[i].ahead);
        assert_true(plan.count == 3 || buffer_plan_bytes(&plan) <= cases[i].options.memory);
        assert_int_equal(plan.count, cases[i].count);
    }
}

static void ranges_are_short_on_a_slow_link(void **state)
{
    const struct buffer_plan_options options = {80 * MIB, true, false, true};
    struct buffer_plan plan;

    (void)state;
    buffer_plan_make(&plan, &options);
    assert_int_equal(buffer_plan_range(&plan, 0), BUFFER_PLAN_RANGE_LEAST);
    assert_int_equal(buffer_plan_range(&plan, 26e6), 1000000);
    assert_int_equal(buffer_plan_range(&plan, 1e9), plan.range);
    assert_true(plan.range < plan.in);
}

static void ranges_of_the_prefetch_are_short_on_a_slow_link(void **state)
{
    struct buffer_plan plan;

    (void)state;
    buffer_plan_make(&plan, &(struct buffer_plan_options){80 * MIB, true, false, true, true});
    assert_int_equal(buffer_plan_prefetch(&plan, 0), BUFFER_PLAN_RANGE_LEAST);
    assert_int_equal(buffer_plan_prefetch(&plan, 26e6), 1000000);
    assert_int_equal(buffer_plan_prefetch(&plan, 1e9), 7 * MIB / 4);
    assert_true(buffer_plan_range(&plan, 1e9) < plan.in); /* of a buffer */
    buffer_plan_make(&plan, &(struct buffer_plan_options){80 * MIB, true, true, true, false});
    assert_int_equal(buffer_plan_prefetch(&plan, 1e9), BUFFER_PLAN_RANGE_LEAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_stay_within_the_memory),
        cmocka_unit_test(ranges_are_short_on_a_slow_link),
        cmocka_unit_test(ranges_of_the_prefetch_are_short_on_a_slow_link),
    };

    return cmocka_run_group_tests_name("buffer_plan", tests, NULL, NULL);
}
