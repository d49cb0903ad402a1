/*
 * A loop of rounds and pauses. The first round is sent at once; the pauses grow quickly, because
 * most containers are ready soon, and a rollback must serve again within seconds.
 */
#include "deploy/gate/gate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "deploy/gate/gate_input.h"
#include "deploy/gate/round.h"
#include "deploy/gate/verdict.h"
#include "flow/cancel.h"

/* ---- report ---- */

static void fill_kind(struct gate_report *report, const struct gate_plan *plan)
{
    static const char *const NAMES[GATE_TESTS] = {"http", "tcp", "exec", "docker", "uptime"};
    size_t used = 0;

    report->kind[0] = '\0';
    for (int i = 0; i < GATE_TESTS; i++)
        if (plan->tests[i] && used < sizeof report->kind)
            used += (size_t)snprintf(report->kind + used, sizeof report->kind - used, "%s%s",
                                     used ? "+" : "", NAMES[i]);
}

static void fill_report(struct gate_report *report, const struct gate_rounds *rounds,
                        const struct gate_state *state, int64_t now)
{
    report->tries = state->rounds;
    report->seconds = (double)(now - state->began) / (double)NS_PER_S;
    if (rounds->known) {
        fill_kind(report, &rounds->plan);
        report->blind = strcmp(report->kind, "uptime") == 0 && rounds->input->spec->uptime <= 0;
        str_copy(report->started_at, sizeof report->started_at, rounds->started_at);
    }
    if (rounds->answer[0])
        str_copy(report->answer, sizeof report->answer, rounds->answer);
    if (rounds->reason[0])
        snprintf(report->answer, sizeof report->answer, "it %.250s", rounds->reason);
}

/* ---- failures ---- */

static int show_log(const struct gate_rounds *rounds, struct err *err)
{
    return err_hint(err, "its output: docker logs %s", rounds->name);
}

static int not_ready(const struct gate_rounds *rounds, const struct gate_report *report, bool once,
                     struct err *err)
{
    if (once) {
        err_set(err, ERR_DEPLOY, CODE_UNHEALTHY, "container %s is not healthy any more: %s",
                rounds->name, report->answer);
        return show_log(rounds, err);
    }
    err_set(err, ERR_DEPLOY, CODE_UNHEALTHY, "container %s is not healthy after %.0f s: %s",
            rounds->name, report->seconds, report->answer[0] ? report->answer : "no test passed");
    return err_hint(err, "its output: docker logs %s; more time: `within` of `health`",
                    rounds->name);
}

static int fail(const struct gate_rounds *rounds, const struct gate_report *report,
                enum gate_verdict verdict, enum gate_life life, struct err *err)
{
    if (verdict == GATE_LATE)
        return not_ready(rounds, report, rounds->plan.once, err);
    if (verdict == GATE_NO_WORD) {
        *err = rounds->silent;
        return err_wrap(err, "cannot test container %s",
                        rounds->known ? rounds->name : rounds->input->container);
    }
    if (life == GATE_SICK)
        err_set(err, ERR_DEPLOY, CODE_UNHEALTHY, "container %s %s", rounds->name, rounds->reason);
    else
        err_set(err, ERR_DEPLOY, CODE_EXITED, "container %s %s", rounds->name, rounds->reason);
    return show_log(rounds, err);
}

/* ---- loop ---- */

static void wake(const struct gate_input *input)
{
    if (input->wake)
        input->wake(input->arg);
}

static int wait_time(const struct gate_input *input, int64_t time, struct err *err)
{
    int64_t end = clock_monotonic() + time;

    for (;;) {
        int64_t left = end - clock_monotonic();
        struct timespec piece = {.tv_nsec = left < CANCEL_TICK ? left : CANCEL_TICK};

        wake(input);
        if (cancel_check(input->cancel, err) < 0)
            return ERR_FAIL;
        if (left <= 0)
            return 0;
        nanosleep(&piece, NULL);
    }
}

/* The plan is known after the first inspect. */
static void set_plan(struct gate_state *state, struct gate_rounds *rounds, bool once)
{
    unsigned tries = state->rounds, failed = state->failed_rounds;
    int64_t silent = state->silent_since;

    rounds->plan.once = once;
    gate_begin(state, &rounds->plan, state->began);
    state->rounds = tries;
    state->failed_rounds = failed;
    state->silent_since = silent;
}

static int run_gate(const struct gate_input *input, bool once, struct gate_report *report,
                    struct err *err)
{
    const struct gate_plan no_plan = {.within = GATE_SILENCE, .once = once};
    struct gate_rounds rounds = {.input = input};
    enum gate_verdict verdict = GATE_AGAIN;
    struct gate_state state;
    struct gate_round round;
    int failed = 0;

    *report = (struct gate_report){0};
    gate_begin(&state, &no_plan, clock_monotonic());
    while (failed == 0 && verdict == GATE_AGAIN) {
        bool known = rounds.known;

        failed = gate_send_round(&rounds, gate_left(&state, clock_monotonic()), &round, err);
        if (failed == 0) {
            if (!known && rounds.known)
                set_plan(&state, &rounds, once);
            verdict = gate_take(&state, &round, clock_monotonic());
        }
        fill_report(report, &rounds, &state, clock_monotonic());
        if (failed == 0 && verdict == GATE_AGAIN)
            failed = wait_time(input, gate_pause(&state, clock_monotonic()), err);
    }
    if (failed)
        return ERR_FAIL;
    return verdict == GATE_PASSED ? 0 : fail(&rounds, report, verdict, round.life, err);
}

int gate_wait(const struct gate_input *input, struct gate_report *report, struct err *err)
{
    return run_gate(input, false, report, err);
}

int gate_once(const struct gate_input *input, struct gate_report *report, struct err *err)
{
    return run_gate(input, true, report, err);
}
