#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "http/stall.h"

#define WINDOW (30 * NS_PER_S)

/* The link moves `rate` bytes per second for this number of seconds. */
static void pass(struct stall_link *link, uint64_t *moved, int64_t *now, uint64_t rate, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        *now += NS_PER_S;
        *moved += rate;
        stall_measure(link, *moved, WINDOW, *now);
    }
}

static void the_floor_follows_the_link(void **state)
{
    struct stall_link link = {0};
    uint64_t moved = 0;
    int64_t now = NS_PER_S;

    (void)state;
    stall_measure(&link, moved, WINDOW, now);
    assert_int_equal(stall_floor(&link), 0);
    pass(&link, &moved, &now, 256 * 100, 1);
    assert_int_equal(stall_floor(&link), 100);
    pass(&link, &moved, &now, 100 * MIB, 1);
    assert_int_equal(stall_floor(&link), STALL_FLOOR_MAX);
    pass(&link, &moved, &now, MIB, 149);
    assert_int_equal(stall_floor(&link), STALL_FLOOR_MAX);
    pass(&link, &moved, &now, 512, 3600); /* the link has become slow */
    assert_true(stall_floor(&link) < 16);
}

static void a_body_below_the_floor_is_stalled(void **state)
{
    struct stall_watch watch = {0};

    (void)state;
    assert_false(stall_is(&watch, 0, 1000, WINDOW, 1));
    assert_false(stall_is(&watch, 0, 1000, WINDOW, WINDOW));
    assert_false(stall_is(&watch, 30000, 1000, WINDOW, WINDOW + 1));
    assert_false(stall_is(&watch, 30001, 1000, WINDOW, WINDOW + 2));
    assert_true(stall_is(&watch, 59999, 1000, WINDOW, 2 * WINDOW + 1));
    watch = (struct stall_watch){0};
    assert_false(stall_is(&watch, 60000, 1000, WINDOW, 5 * WINDOW));
    assert_false(stall_is(&watch, 60000, 0, WINDOW, 7 * WINDOW)); /* no minimum rate */
}

static void every_exchange_has_an_end(void **state)
{
    (void)state;
    assert_int_equal(stall_longest(0, 0, WINDOW), 300 * NS_PER_S);
    assert_int_equal(stall_longest(8 * MIB, 0, WINDOW), (300 + 8192) * NS_PER_S);
    assert_true(stall_longest(8 * MIB, 1024, WINDOW) > 8 * 8192 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_floor_follows_the_link),
        cmocka_unit_test(a_body_below_the_floor_is_stalled),
        cmocka_unit_test(every_exchange_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
