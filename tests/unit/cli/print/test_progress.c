#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "cli/print/human.h"
#include "cli/print/progress.h"

#define REF "myapp:20250721-2118-f7a5a27"

static const struct transfer_progress half = {
    .phase = PHASE_PUSH,
    .done = 612000000,
    .total = 1460000000,
    .rate = 104e6,
    .left = 8.2,
    .elapsed = 6,
};

static const char *bar(const struct transfer_progress *report, unsigned width)
{
    static char out[PROGRESS_LINE_MAX];

    progress_bar(REF, report, width, out);
    return out;
}

static const char *plain(const struct transfer_progress *report)
{
    static char out[PROGRESS_LINE_MAX];

    progress_plain(REF, report, out);
    return out;
}

static void a_wide_terminal_shows_all(void **state)
{
    (void)state;
    assert_string_equal(bar(&half, 120), "pushing " REF "  [============>                  ]  41%  "
                                         "612 MB of 1.46 GB  104 MB/s  8 s left");
}

static void the_usual_terminal_shows_the_bar(void **state)
{
    (void)state;
    assert_string_equal(bar(&half, 79), "pushing  [=======>          ]  41%  "
                                        "612 MB of 1.46 GB  104 MB/s  8 s left");
}

static void narrow_terminals_lose_the_bar_and_the_end(void **state)
{
    (void)state;
    assert_string_equal(bar(&half, 60), "pushing  41%  612 MB of 1.46 GB  104 MB/s  8 s left");
    assert_string_equal(bar(&half, 20), "pushing  41%  612 MB");
    assert_string_equal(bar(&half, 1), "p");
    assert_string_equal(bar(&half, 0), "");
}

static void the_bar_does_not_move(void **state)
{
    struct transfer_progress report = half;
    const char *end = strchr(bar(&half, 100), ']');
    size_t column = (size_t)(end - bar(&half, 100));

    (void)state;
    for (report.done = 0; report.done <= report.total; report.done += report.total / 50) {
        const char *line = bar(&report, 100);

        assert_int_equal(strchr(line, ']') - line, column);
    }
}

static void no_width_is_exceeded(void **state)
{
    struct transfer_progress report = half;

    (void)state;
    for (unsigned width = 0; width < 400; width++)
        for (unsigned phase = PHASE_PREPARE; phase <= PHASE_COMMIT; phase++) {
            report.phase = (enum transfer_phase)phase;
            report.note = "a1b2c3: Loading layer";
            assert_true(strlen(bar(&report, width)) <= width);
        }
}

static void a_silent_export_is_reported(void **state)
{
    struct transfer_progress report = {.phase = PHASE_EXPORT, .elapsed = 6.3, .left = -1};

    (void)state;
    assert_string_equal(bar(&report, 100), "Docker is preparing the export, 6 s");
    assert_string_equal(plain(&report), REF ": Docker is preparing the export, 6 s");
}

static void unknown_totals_make_no_claims(void **state)
{
    struct transfer_progress report = {.phase = PHASE_PULL, .done = 1500, .left = -1};

    (void)state;
    assert_string_equal(bar(&report, 100), "pulling " REF "  1.50 kB");
}

static void an_estimate_never_reaches_the_end(void **state)
{
    struct transfer_progress report = half;

    (void)state;
    report.total_is_estimate = true;
    assert_string_equal(plain(&report),
                        REF ": pushing, 41%, 612 MB of ~1.46 GB, 104 MB/s, 8 s left");
    report.done = report.total + 1;
    report.left = -1;
    assert_string_equal(plain(&report), REF ": pushing, 99%, 1.46 GB, 104 MB/s");
    report.total_is_estimate = false;
    assert_string_equal(plain(&report), REF ": pushing, 100%, 1.46 GB of 1.46 GB, 104 MB/s");
}

static void the_daemon_s_words_cannot_move_the_cursor(void **state)
{
    struct transfer_progress report = {.phase = PHASE_LOAD, .left = -1, .elapsed = 2};
    char long_note[2000];

    (void)state;
    report.note = "\033[2J\r\nlayer \xc3\xa4";
    assert_string_equal(bar(&report, 100), "Docker is loading the image, 2 s, ?[2J??layer ??");
    memset(long_note, 'x', sizeof long_note - 1);
    long_note[sizeof long_note - 1] = 0;
    report.note = long_note;
    assert_true(strlen(bar(&report, 79)) <= 79);
    assert_true(strlen(plain(&report)) < PROGRESS_LINE_MAX);
}

static void a_terminal_is_redrawn_ten_times_a_second(void **state)
{
    struct progress progress = {.mode = PROGRESS_TTY};
    unsigned drawn = 0;

    (void)state;
    for (int ms = 0; ms < 1000; ms++)
        drawn += progress_due(&progress, PHASE_PUSH, 1 + ms * NS_PER_MS);
    assert_in_range(drawn, 9, 11);
    /* a new phase is shown at once */
    assert_true(progress_due(&progress, PHASE_COMMIT, 1000 * NS_PER_MS));
}

static void a_log_gets_a_line_every_ten_seconds(void **state)
{
    struct progress progress = {.mode = PROGRESS_PLAIN, .next = 10 * NS_PER_S};
    unsigned drawn = 0;

    (void)state;
    for (int s = 0; s < 60; s++)
        drawn += progress_due(&progress, s < 5 ? PHASE_EXPORT : PHASE_PUSH, s * NS_PER_S);
    assert_int_equal(drawn, 5);
}

static void the_mode_none_draws_nothing(void **state)
{
    struct progress progress = {.mode = PROGRESS_NONE};

    (void)state;
    assert_false(progress_due(&progress, PHASE_PUSH, 100 * NS_PER_S));
    assert_int_equal(progress_choose(PROGRESS_OFF), PROGRESS_NONE);
    assert_int_equal(progress_choose(PROGRESS_BAR), PROGRESS_TTY);
    assert_int_equal(progress_choose(PROGRESS_LINES), PROGRESS_PLAIN);
}

static void quantities_have_three_digits(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } sizes[] = {{0, "0 bytes"},        {1, "1 byte"},           {999, "999 bytes"},
                 {1000, "1.00 kB"},     {9994, "9.99 kB"},       {9996, "10.0 kB"},
                 {99960, "100 kB"},     {999499, "999 kB"},      {999600, "1.00 MB"},
                 {612000000, "612 MB"}, {1460000000, "1.46 GB"}, {UINT64_MAX, "18.4 EB"}};
    static const struct {
        double seconds;
        const char *exact, *wait;
    } times[] = {{0, "0.0 s", "0 s"},
                 {-1, "0.0 s", "0 s"},
                 {14.24, "14.2 s", "14 s"},
                 {59.94, "59.9 s", "1 min 0 s"},
                 {125, "2 min 5 s", "2 min 5 s"},
                 {3720, "1 h 2 min", "1 h 2 min"},
                 {604800, "7 days", "7 days"},
                 {1e300, "4166 days", "4166 days"}};
    char out[HUMAN_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        assert_string_equal(human_bytes(sizes[i].bytes, out), sizes[i].text);
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        assert_string_equal(human_seconds(times[i].seconds, out), times[i].exact);
        assert_string_equal(human_wait(times[i].seconds, out), times[i].wait);
    }
    assert_string_equal(human_rate(43100000, out), "43.1 MB/s");
    assert_string_equal(human_rate(-1, out), "0.00 kB/s");
}

static void a_part_is_never_more_than_the_whole(void **state)
{
    char out[HUMAN_PART_SIZE];

    (void)state;
    assert_string_equal(human_part(12100000, 1460000000, out), "12.1 MB of 1.46 GB");
    assert_string_equal(human_part(419000, 409000, out), "419 kB, documents and index included");
}

static void times_are_shown_in_utc(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"2026-11-23T08:19:34.523641772+01:00", "2026-11-23T07:19:34Z"},
        {"2026-11-23T08:19:34.480966983Z", "2026-11-23T08:19:34Z"},
        {"2026-11-23T08:19:34Z", "2026-11-23T08:19:34Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
        {"", "-"},
        {"\033[2J", "-"},
    };
    char out[HUMAN_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(human_time(cases[i].text, out), cases[i].shown);
}

/* Returns what a function prints to standard error. */
static const char *printed_by(void (*act)(struct progress *progress), struct progress *progress)
{
    static char out[4096];
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    size_t size;

    assert_non_null(file);
    fflush(stderr);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    act(progress);
    fflush(stderr);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    rewind(file);
    size = fread(out, 1, sizeof out - 1, file);
    out[size] = '\0';
    fclose(file);
    return out;
}

static void begin_step(struct progress *progress)
{
    progress_step(progress, "waiting\x1b[2J until it is ready");
}

static void a_step_is_printed_when_it_begins_and_while_it_lasts(void **state)
{
    struct progress progress;
    const char *line;

    (void)state;
    progress_start(&progress, PROGRESS_PLAIN, "shop/production");
    line = printed_by(begin_step, &progress);
    assert_non_null(strstr(line, "shop/production: waiting"));
    assert_non_null(strstr(line, "until it is ready\n"));
    assert_null(strchr(line, '\x1b'));
    assert_string_equal(printed_by(progress_wake, &progress), ""); /* ten seconds have not passed */
    progress.next = 0;
    progress.since -= 65 * NS_PER_S;
    line = printed_by(progress_wake, &progress);
    assert_non_null(strstr(line, "until it is ready, "));
    assert_string_equal(printed_by(progress_wake, &progress), "");
    progress_finish(&progress);
}

static void nothing_is_printed_without_a_step_or_a_progress(void **state)
{
    struct progress progress;

    (void)state;
    progress_start(&progress, PROGRESS_PLAIN, "shop/production");
    assert_string_equal(printed_by(progress_wake, &progress), "");
    progress_finish(&progress);
    progress_start(&progress, PROGRESS_NONE, "shop/production");
    assert_string_equal(printed_by(begin_step, &progress), "");
    progress.next = 0;
    assert_string_equal(printed_by(progress_wake, &progress), "");
    progress_finish(&progress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wide_terminal_shows_all),
        cmocka_unit_test(the_usual_terminal_shows_the_bar),
        cmocka_unit_test(narrow_terminals_lose_the_bar_and_the_end),
        cmocka_unit_test(the_bar_does_not_move),
        cmocka_unit_test(no_width_is_exceeded),
        cmocka_unit_test(a_silent_export_is_reported),
        cmocka_unit_test(unknown_totals_make_no_claims),
        cmocka_unit_test(an_estimate_never_reaches_the_end),
        cmocka_unit_test(the_daemon_s_words_cannot_move_the_cursor),
        cmocka_unit_test(a_terminal_is_redrawn_ten_times_a_second),
        cmocka_unit_test(a_log_gets_a_line_every_ten_seconds),
        cmocka_unit_test(the_mode_none_draws_nothing),
        cmocka_unit_test(quantities_have_three_digits),
        cmocka_unit_test(a_part_is_never_more_than_the_whole),
        cmocka_unit_test(times_are_shown_in_utc),
        cmocka_unit_test(a_step_is_printed_when_it_begins_and_while_it_lasts),
        cmocka_unit_test(nothing_is_printed_without_a_step_or_a_progress),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
