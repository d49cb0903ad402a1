#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/clock.h"

static void clocks_run(void **state)
{
    int64_t before = clock_monotonic();

    (void)state;
    assert_true(clock_monotonic() >= before);
    assert_true(clock_wall() > INT64_C(1700000000) * NS_PER_S);
}

/* Compares every 41st hour of eight centuries with the C library. */
static void calendar_agrees_with_the_library(void **state)
{
    (void)state;
    for (int64_t s = INT64_C(-9000000000); s < INT64_C(9000000000); s += 147613) {
        struct civil civil = clock_civil(s * NS_PER_S + 5);
        time_t seconds = (time_t)s;
        int64_t back;
        struct tm tm;

        gmtime_r(&seconds, &tm);
        assert_int_equal(civil.year, tm.tm_year + 1900);
        assert_int_equal(civil.month, tm.tm_mon + 1);
        assert_int_equal(civil.day, tm.tm_mday);
        assert_int_equal(civil.hour, tm.tm_hour);
        assert_int_equal(civil.minute, tm.tm_min);
        assert_int_equal(civil.second, tm.tm_sec);
        assert_int_equal(civil.weekday, tm.tm_wday);
        assert_int_equal(civil.nanosecond, 5);
        assert_true(clock_seconds(&civil, &back));
        assert_int_equal(back, s);
    }
}

static void rfc3339_is_written(void **state)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {INT64_C(1795421974480966983), "2026-11-23T08:19:34.480966983Z"},
        {INT64_C(1795421974480960000), "2026-11-23T08:19:34.48096Z"},
        {INT64_C(1795421974000000001), "2026-11-23T08:19:34.000000001Z"},
        {INT64_C(1795421974500000000), "2026-11-23T08:19:34.5Z"},
        {-1, "1969-12-31T23:59:59.999999999Z"},
        {INT64_MAX, "2262-04-11T23:47:16.854775807Z"},
        {INT64_MIN, "1677-09-21T00:12:43.145224192Z"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[CLOCK_RFC3339_SIZE];
        int64_t back;

        clock_rfc3339(cases[i].ns, text);
        assert_string_equal(text, cases[i].text);
        assert_true(clock_parse_rfc3339(text, &back));
        if (cases[i].ns != INT64_MIN)
            assert_int_equal(back, cases[i].ns);
    }
}

static void rfc3339_is_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"2026-11-23T08:19:34.480966983+01:00", INT64_C(1795418374480966983)},
        {"2026-11-23T08:19:34-05:30", INT64_C(1795441774000000000)},
        {"1970-01-01T00:00:00.1Z", 100000000},
        {"1970-01-01T00:00:00+00:01", INT64_C(-60000000000)},
        {"2000-02-29T00:00:00Z", INT64_C(951782400000000000)},
        {"0001-01-01T00:00:00Z", INT64_MIN},
        {"9999-12-31T23:59:59Z", INT64_MAX},
    };
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-23",
        "2026-11-23T08:19:34",
        "2026-11-23 08:19:34Z",
        "2026-11-23t08:19:34Z",
        "2026-11-23T08:19:34z",
        "2026-11-23T08:19Z",
        "2026-11-23T8:19:34Z",
        "2026-11-23T08:19:34.Z",
        "2026-11-23T08:19:34,5Z",
        "2026-11-23T08:19:34.1234567890Z",
        "2026-11-23T08:19:34.5",
        "2026-11-23T08:19:34+01",
        "2026-11-23T08:19:34+0100",
        "2026-11-23T08:19:34+24:00",
        "2026-11-23T08:19:34+01:60",
        "2026-11-23T08:19:34Z ",
        " 2026-11-23T08:19:34Z",
        "2026-13-23T08:19:34Z",
        "2026-00-23T08:19:34Z",
        "2026-02-29T08:19:34Z",
        "1900-02-29T08:19:34Z",
        "2026-11-31T08:19:34Z",
        "2026-11-00T08:19:34Z",
        "2026-11-23T24:19:34Z",
        "2026-11-23T08:60:34Z",
        "2026-11-23T08:19:60Z",
        "-026-11-23T08:19:34Z",
        "+2026-11-23T08:19:34Z",
        "12026-11-23T08:19:34Z",
    };
    int64_t ns;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_true(clock_parse_rfc3339(cases[i].text, &ns));
        assert_int_equal(ns, cases[i].ns);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (clock_parse_rfc3339(bad[i], &ns))
            fail_msg("accepted: %s", bad[i]);
}

static void other_spellings(void **state)
{
    const int64_t ns = INT64_C(1795421974480966983);
    char amz[CLOCK_AMZ_SIZE], stamp[CLOCK_STAMP_SIZE], month[CLOCK_MONTH_SIZE];

    (void)state;
    clock_amz(ns, amz);
    assert_string_equal(amz, "20261123T081934Z");
    clock_stamp(ns, stamp);
    assert_string_equal(stamp, "20261123-0819");
    clock_month(ns, month);
    assert_string_equal(month, "202611");
}

static void http_dates(void **state)
{
    static const char *const bad[] = {
        "",
        "Mon",
        "Mon, ",
        "Mon, 23 Nov 2026 08:19:34",
        "Mon, 23 Nov 2026 08:19:34 UTC",
        "Mon, 23 Nov 2026 08:19:34 GMT ",
        "Mon, 3 Nov 2026 08:19:34 GMT",
        "Mon, 31 Nov 2026 08:19:34 GMT",
        "Mon, 23 nov 2026 08:19:34 GMT",
        "Monday, 23-Nov-26 08:19:34 GMT",
        "Mon Nov 23 08:19:34 2026",
        "Mon, 23 Nov 26 08:19:34 GMT",
    };
    int64_t ns;

    (void)state;
    assert_true(clock_parse_http("Mon, 23 Nov 2026 08:19:34 GMT", &ns));
    assert_int_equal(ns, INT64_C(1795421974) * NS_PER_S);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (clock_parse_http(bad[i], &ns))
            fail_msg("accepted: %s", bad[i]);
}

static void stamps(void **state)
{
    static const char *const bad[] = {"",
                                      "20250721",
                                      "20250721-",
                                      "20250721-211",
                                      "20250721-21180",
                                      "20251321-2118",
                                      "20250732-2118",
                                      "20250229-0000",
                                      "20250721-2418",
                                      "20250721-2160",
                                      "20250721_2118",
                                      "2025-721-2118",
                                      " 0250721-2118"};
    int64_t seconds;

    (void)state;
    assert_true(clock_parse_stamp("20250721-2118", &seconds));
    assert_int_equal(seconds, INT64_C(1753132680));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (clock_parse_stamp(bad[i], &seconds))
            fail_msg("accepted: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_run),
        cmocka_unit_test(calendar_agrees_with_the_library),
        cmocka_unit_test(rfc3339_is_written),
        cmocka_unit_test(rfc3339_is_read),
        cmocka_unit_test(other_spellings),
        cmocka_unit_test(http_dates),
        cmocka_unit_test(stamps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
