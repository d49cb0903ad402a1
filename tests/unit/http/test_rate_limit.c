#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/rate_limit.h"

/* Moves as many bytes as permitted, in pieces, for this time. Returns their number. */
static uint64_t moved_in(struct rate_limit *pace, size_t piece, int64_t start, int64_t time)
{
    uint64_t moved = 0;

    for (int64_t now = start; now < start + time; now += 5 * NS_PER_MS)
        while (rate_limit_may(pace, piece, 1, now)) {
            rate_limit_moved(pace, piece);
            moved += piece;
        }
    return moved;
}

static void keeps_the_rate_whatever_the_pieces(void **state)
{
    static const size_t pieces[] = {1, 1000, 16384, 300000};
    struct rate_limit pace;

    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        rate_limit_init(&pace, 100000, NS_PER_S);
        uint64_t moved = moved_in(&pace, pieces[i], NS_PER_S, 20 * NS_PER_S);
        assert_in_range(moved, 1900000, 2330000);
    }
}

static void does_not_make_up_for_idle_time(void **state)
{
    struct rate_limit pace;

    (void)state;
    rate_limit_init(&pace, 100000, NS_PER_S);
    assert_true(rate_limit_may(&pace, 1000000, 1, 100 * NS_PER_S) <= 25001);
}

static void the_rate_is_shared_by_waiting_transfers(void **state)
{
    struct rate_limit pace;

    (void)state;
    rate_limit_init(&pace, 1000000, NS_PER_S);
    assert_in_range(rate_limit_may(&pace, 1000000, 10, 10 * NS_PER_S), 24000, 26000);
    assert_int_equal(rate_limit_may(&pace, 10, 10, 10 * NS_PER_S), 10);
}

static void is_no_limit_without_a_rate(void **state)
{
    struct rate_limit pace;

    (void)state;
    rate_limit_init(&pace, 0, 0);
    rate_limit_moved(&pace, SIZE_MAX / 2);
    assert_int_equal(rate_limit_may(&pace, 12345, 3, 0), 12345);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_rate_whatever_the_pieces),
        cmocka_unit_test(does_not_make_up_for_idle_time),
        cmocka_unit_test(the_rate_is_shared_by_waiting_transfers),
        cmocka_unit_test(is_no_limit_without_a_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
