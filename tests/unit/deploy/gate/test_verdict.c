/* The decision of a gate, on a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deploy/gate/verdict.h"

#define SECOND NS_PER_S
#define START  (1000 * SECOND)

static struct gate_state state;
static int64_t now;

static void begin(struct gate_plan plan)
{
    now = START;
    gate_begin(&state, &plan, now);
}

static enum gate_verdict take(enum gate_life life, enum gate_result http, enum gate_result docker)
{
    const struct gate_round round = {.life = life,
                                     .results = {[GATE_HTTP] = http, [GATE_DOCKER] = docker}};

    return gate_take(&state, &round, now);
}

/* Sends rounds with the same results, at the times that gate_pause states, until the verdict. */
static enum gate_verdict run(enum gate_life life, enum gate_result http, enum gate_result docker)
{
    for (int i = 0; i < 100000; i++) {
        enum gate_verdict verdict = take(life, http, docker);

        if (verdict != GATE_AGAIN)
            return verdict;
        now += gate_pause(&state, now);
    }
    fail_msg("no verdict");
    return GATE_AGAIN;
}

static const struct gate_plan HTTP = {.tests = {[GATE_HTTP] = true}, .within = 60 * SECOND};
static const struct gate_plan DOCKER = {.tests = {[GATE_DOCKER] = true}, .within = 60 * SECOND};
static const struct gate_plan BLIND = {
    .tests = {[GATE_RUNNING] = true}, .uptime = 10 * SECOND, .within = 60 * SECOND};

static void two_successes_in_a_row_pass(void **s)
{
    (void)s;
    begin(HTTP);
    assert_int_equal(take(GATE_RUNS, GATE_YES, GATE_NO), GATE_AGAIN);
    assert_int_equal(take(GATE_RUNS, GATE_NO, GATE_NO), GATE_AGAIN);
    assert_int_equal(take(GATE_RUNS, GATE_YES, GATE_NO), GATE_AGAIN);
    assert_int_equal(take(GATE_RUNS, GATE_YES, GATE_NO), GATE_PASSED);
}

static void a_ready_container_passes_within_a_quarter_second(void **s)
{
    (void)s;
    begin(HTTP);
    assert_int_equal(run(GATE_RUNS, GATE_YES, GATE_NO), GATE_PASSED);
    assert_true(now - START <= SECOND / 4);
    assert_int_equal(state.rounds, 2);
}

static void pauses_grow_to_the_interval(void **s)
{
    static const int64_t PAUSES[] = {50, 100, 200, 400, 500, 500};

    (void)s;
    begin(HTTP);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(take(GATE_RUNS, GATE_NO, GATE_NO), GATE_AGAIN);
        assert_int_equal(gate_pause(&state, now), PAUSES[i] * NS_PER_MS);
    }
}

static void the_time_is_limited_and_used_to_its_end(void **s)
{
    (void)s;
    begin(HTTP);
    assert_int_equal(run(GATE_RUNS, GATE_NO, GATE_NO), GATE_LATE);
    assert_int_equal(now - START, 60 * SECOND);
    assert_int_equal(gate_left(&state, now), SECOND);
}

static void all_tests_must_have_passed_at_the_same_time(void **s)
{
    struct gate_plan both = HTTP;

    (void)s;
    both.tests[GATE_DOCKER] = true;
    begin(both);
    for (int i = 0; i < 5; i++)
        assert_int_equal(take(GATE_RUNS, GATE_YES, GATE_NO), GATE_AGAIN);
    assert_int_equal(take(GATE_RUNS, GATE_NO, GATE_YES), GATE_AGAIN);
    assert_int_equal(take(GATE_RUNS, GATE_YES, GATE_YES), GATE_AGAIN); /* http begins again */
    assert_int_equal(take(GATE_RUNS, GATE_YES, GATE_YES), GATE_PASSED);
}

static void the_verdict_of_the_daemon_counts_at_once(void **s)
{
    (void)s;
    begin(DOCKER);
    assert_int_equal(take(GATE_RUNS, GATE_NO, GATE_CERTAIN), GATE_PASSED);
    begin(DOCKER);
    assert_int_equal(take(GATE_RUNS, GATE_NO, GATE_YES), GATE_AGAIN);
    assert_int_equal(take(GATE_RUNS, GATE_NO, GATE_YES), GATE_PASSED);
}

static void an_end_fails_at_once(void **s)
{
    (void)s;
    begin(HTTP);
    assert_int_equal(take(GATE_OVER, GATE_YES, GATE_YES), GATE_ENDED);
    begin(DOCKER);
    assert_int_equal(take(GATE_SICK, GATE_NO, GATE_NO), GATE_ENDED);
}

static void without_a_test_the_uptime_counts(void **s)
{
    (void)s;
    begin(BLIND);
    assert_int_equal(run(GATE_RUNS, GATE_NO, GATE_NO), GATE_PASSED);
    assert_true(now - START >= 10 * SECOND);
    assert_true(now - START < 11 * SECOND);
}

static void a_pause_begins_the_uptime_again(void **s)
{
    (void)s;
    begin(BLIND);
    assert_int_equal(take(GATE_RUNS, GATE_NO, GATE_NO), GATE_AGAIN);
    now += 9 * SECOND;
    assert_int_equal(take(GATE_WAITS, GATE_NO, GATE_NO), GATE_AGAIN);
    now += 2 * SECOND;
    assert_int_equal(take(GATE_RUNS, GATE_NO, GATE_NO), GATE_AGAIN);
    now += 10 * SECOND;
    assert_int_equal(take(GATE_RUNS, GATE_NO, GATE_NO), GATE_PASSED);
}

static void an_uptime_longer_than_the_limit_can_pass(void **s)
{
    struct gate_plan plan = BLIND;

    (void)s;
    plan.within = SECOND;
    begin(plan);
    assert_int_equal(run(GATE_RUNS, GATE_NO, GATE_NO), GATE_PASSED);
}

static void a_paused_container_passes_no_test(void **s)
{
    (void)s;
    begin(HTTP);
    assert_int_equal(take(GATE_RUNS, GATE_YES, GATE_NO), GATE_AGAIN);
    assert_int_equal(run(GATE_WAITS, GATE_YES, GATE_NO), GATE_LATE);
}

static void a_daemon_may_be_silent_for_some_seconds(void **s)
{
    (void)s;
    begin(HTTP);
    assert_int_equal(take(GATE_RUNS, GATE_YES, GATE_NO), GATE_AGAIN);
    assert_int_equal(take(GATE_UNKNOWN, GATE_YES, GATE_NO), GATE_AGAIN);
    now += GATE_SILENCE - 1;
    assert_int_equal(take(GATE_UNKNOWN, GATE_NO, GATE_NO), GATE_AGAIN);
    assert_int_equal(take(GATE_RUNS, GATE_YES, GATE_NO), GATE_AGAIN);
    assert_int_equal(take(GATE_UNKNOWN, GATE_NO, GATE_NO), GATE_AGAIN);
    now += GATE_SILENCE;
    assert_int_equal(take(GATE_UNKNOWN, GATE_NO, GATE_NO), GATE_NO_WORD);
}

static void once_means_one_success_or_two_failures(void **s)
{
    struct gate_plan plan = HTTP, blind = BLIND;

    (void)s;
    plan.once = blind.once = true;
    begin(plan);
    assert_int_equal(take(GATE_RUNS, GATE_YES, GATE_NO), GATE_PASSED);
    begin(plan);
    assert_int_equal(take(GATE_RUNS, GATE_NO, GATE_NO), GATE_AGAIN);
    assert_int_equal(take(GATE_RUNS, GATE_YES, GATE_NO), GATE_PASSED);
    begin(plan);
    assert_int_equal(run(GATE_RUNS, GATE_NO, GATE_NO), GATE_LATE);
    assert_int_equal(state.rounds, 2);
    assert_true(now - START < SECOND);
    begin(blind);
    assert_int_equal(take(GATE_RUNS, GATE_NO, GATE_NO), GATE_PASSED);
    begin(blind);
    assert_int_equal(run(GATE_UNKNOWN, GATE_NO, GATE_NO), GATE_NO_WORD);
    assert_true(now - START < SECOND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_successes_in_a_row_pass),
        cmocka_unit_test(a_ready_container_passes_within_a_quarter_second),
        cmocka_unit_test(pauses_grow_to_the_interval),
        cmocka_unit_test(the_time_is_limited_and_used_to_its_end),
        cmocka_unit_test(all_tests_must_have_passed_at_the_same_time),
        cmocka_unit_test(the_verdict_of_the_daemon_counts_at_once),
        cmocka_unit_test(an_end_fails_at_once),
        cmocka_unit_test(without_a_test_the_uptime_counts),
        cmocka_unit_test(a_pause_begins_the_uptime_again),
        cmocka_unit_test(an_uptime_longer_than_the_limit_can_pass),
        cmocka_unit_test(a_paused_container_passes_no_test),
        cmocka_unit_test(a_daemon_may_be_silent_for_some_seconds),
        cmocka_unit_test(once_means_one_success_or_two_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
