#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "flow/silence.h"

#define TICK (100 * NS_PER_MS)

/* The seconds at which a note is due if nothing moves from second 100 on. */
static unsigned words(struct silence *silence, int64_t until, int at[], unsigned room)
{
    unsigned count = 0;

    for (int64_t now = 100 * NS_PER_S; now < until; now += TICK)
        if (silence_due(silence, now) && count < room)
            at[count++] = (int)silence_seconds(silence, now);
    return count;
}

static void the_notes_become_rarer(void **state)
{
    struct silence silence = {0};
    int at[8];

    (void)state;
    assert_int_equal(words(&silence, 300 * NS_PER_S, at, 8), 5);
    assert_int_equal(at[0], 10);
    assert_int_equal(at[1], 30);
    assert_int_equal(at[2], 70);
    assert_int_equal(at[3], 130);
    assert_int_equal(at[4], 190);
}

static void movement_ends_the_silence(void **state)
{
    struct silence silence = {0};

    (void)state;
    for (int64_t now = NS_PER_S; now < 100 * NS_PER_S; now += TICK) {
        if (now % (9 * NS_PER_S) == 0)
            silence_moved(&silence, now);
        assert_false(silence_due(&silence, now));
    }
    assert_false(silence_due(&silence, 500 * NS_PER_S)); /* the caller did not wait meanwhile */
}

static void the_time_can_be_set(void **state)
{
    struct silence silence = {0};
    int at[4];

    (void)state;
    silence_set_after(2 * NS_PER_S);
    assert_int_equal(words(&silence, 103 * NS_PER_S, at, 4), 1);
    assert_int_equal(at[0], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_notes_become_rarer),
        cmocka_unit_test(movement_ends_the_silence),
        cmocka_unit_test(the_time_can_be_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
