#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "credentials/expiration.h"

static void the_forms_of_python_programs_are_read(void **state)
{
    static const struct {
        const char *text, *strict;
    } cases[] = {
        {"2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z"},
        {"2026-03-01T10:00:00.123456789-11:30", "2026-03-01T10:00:00.123456789-11:30"},
        {"2026-03-01 10:00:00+00:00", "2026-03-01T10:00:00Z"},
        {"2026-03-01 10:00:00.123456+00:00", "2026-03-01T10:00:00.123456Z"},
        {"2026-03-01t10:00:00z", "2026-03-01T10:00:00Z"},
        {"2026-03-01T10:00:00UTC", "2026-03-01T10:00:00Z"},
        {"2026-03-01T10:00:00+0230", "2026-03-01T07:30:00Z"},
        {"2026-03-01T10:00:00.5-0100", "2026-03-01T11:00:00.5Z"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t time, wanted;

        assert_true(clock_parse_rfc3339(cases[i].strict, &wanted));
        assert_true(expiration_read(cases[i].text, &time));
        assert_int_equal(time, wanted);
    }
}

static void another_text_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "soon",
        "2026-03-01",
        "2026-03-01 ",
        "2026-03-01T10:00:00",
        "2026-03-01T10:00:00+01",
        "2026-03-01T10:00:00+2400",
        "2026-03-01T10:00:00+010",
        "2026-03-01T10:00:00 UTC",
        "2026-03-01_10:00:00Z",
        "2026-03-01T10:00:00.12345678901234567890+0100",
        "2026-03-01T10:00:00Z2026-03-01T10:00:00Z2026-03-01T10:00:00Z",
    };
    int64_t time = 1;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++, time = 1) {
        assert_false(expiration_read(texts[i], &time));
        assert_int_equal(time, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_forms_of_python_programs_are_read),
        cmocka_unit_test(another_text_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
