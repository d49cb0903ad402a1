/* The reports of a running pull. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "pull/progress.h"

struct reports {
    unsigned count;
    struct transfer_progress last;
    char note[PULL_NOTE_MAX];
};

static void collect(void *arg, const struct transfer_progress *progress)
{
    struct reports *reports = arg;

    reports->count++;
    reports->last = *progress;
    snprintf(reports->note, sizeof reports->note, "%s", progress->note ? progress->note : "");
}

static void a_phase_reports_at_once(void **state)
{
    struct reports reports = {0};
    const struct transfer_options options = {.progress = collect, .progress_arg = &reports};
    struct pull_progress progress;

    (void)state;
    pull_progress_init(&progress, &options);
    pull_progress_begin(&progress, PHASE_PULL, 1000);
    assert_int_equal(reports.count, 1);
    assert_int_equal(reports.last.phase, PHASE_PULL);
    pull_progress_add(&progress, 400);
    pull_progress_wait(&progress, PHASE_LOAD);
    assert_int_equal(reports.count, 2);
    assert_int_equal(reports.last.phase, PHASE_LOAD);
    assert_int_equal(reports.last.done, 400);
    assert_int_equal(reports.last.total, 1000);
    assert_null(reports.last.note);
    pull_progress_finish(&progress);
}

static void a_report_has_the_last_line_of_the_daemon(void **state)
{
    struct reports reports = {0};
    const struct transfer_options options = {.progress = collect, .progress_arg = &reports};
    struct pull_progress progress;
    char longest[2 * PULL_NOTE_MAX];

    (void)state;
    pull_progress_init(&progress, &options);
    pull_progress_note(&progress, "Loading layer aa: 1.0 of 2.0 MB");
    pull_progress_note(&progress, "Loading layer aa: 2.0 of 2.0 MB");
    pull_progress_report(&progress);
    assert_string_equal(reports.note, "Loading layer aa: 2.0 of 2.0 MB");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    pull_progress_note(&progress, longest);
    pull_progress_report(&progress);
    assert_int_equal(strlen(reports.note), PULL_NOTE_MAX - 1);
    pull_progress_finish(&progress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_phase_reports_at_once),
        cmocka_unit_test(a_report_has_the_last_line_of_the_daemon),
    };

    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
