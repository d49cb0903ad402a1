#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/nearest.h"

static const char *guess(const char *word)
{
    static const char *const candidates[] = {"bucket", "region", "endpoint", "push", "pull"};
    struct nearest nearest;

    nearest_init(&nearest, word);
    for (size_t i = 0; i < ARRAY_SIZE(candidates); i++)
        nearest_try(&nearest, candidates[i]);
    return nearest_found(&nearest);
}

static void slips_are_guessed_and_nonsense_is_not(void **state)
{
    (void)state;
    assert_string_equal(guess("bukcet"), "bucket");
    assert_string_equal(guess("BUCKETS"), "bucket");
    assert_string_equal(guess("enpoint"), "endpoint");
    assert_string_equal(guess("psh"), "push");
    assert_null(guess("zebra"));
    assert_null(guess(""));
    assert_null(guess("a-very-long-word-that-is-longer-than-any-flag-could-ever-be"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_are_guessed_and_nonsense_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
