/*
 * A test passes after GATE_ROW successes in a row. The gate passes when all tests have passed in
 * the same round: a test that fails again must begin its row again.
 */
#include "deploy/gate/verdict.h"

#define FIRST_PAUSE   (50 * NS_PER_MS)
#define CONFIRM_PAUSE (200 * NS_PER_MS)
#define LEAST_LEFT    NS_PER_S

void gate_begin(struct gate_state *state, const struct gate_plan *plan, int64_t now)
{
    *state = (struct gate_state){.plan = *plan, .began = now};
    if (state->plan.uptime > 0 && state->plan.within < state->plan.uptime + NS_PER_S)
        state->plan.within = state->plan.uptime + NS_PER_S;
}

/* Notes since when the container runs and the daemon is silent. */
static void note_life(struct gate_state *state, enum gate_life life, int64_t now)
{
    if (life != GATE_UNKNOWN)
        state->silent_since = 0;
    else if (!state->silent_since)
        state->silent_since = now;
    if (life == GATE_WAITS)
        state->runs_since = 0;
    else if (life == GATE_RUNS && !state->runs_since)
        state->runs_since = now;
}

static bool has_uptime(const struct gate_state *state, int64_t now)
{
    return state->plan.once || (state->runs_since && now - state->runs_since >= state->plan.uptime);
}

static void note_result(unsigned *row, enum gate_result result)
{
    if (result == GATE_NO)
        *row = 0;
    else if (result == GATE_CERTAIN)
        *row = GATE_ROW;
    else if (*row < GATE_ROW)
        ++*row;
}

/* Returns true if all tests have passed. */
static bool note_results(struct gate_state *state, const struct gate_round *round, int64_t now)
{
    unsigned needed = state->plan.once ? 1 : GATE_ROW;
    bool all = round->life == GATE_RUNS, good = all;

    for (int i = 0; i < GATE_RUNNING; i++) {
        if (!state->plan.tests[i])
            continue;
        note_result(&state->row[i], round->life == GATE_RUNS ? round->results[i] : GATE_NO);
        all = all && state->row[i] >= needed;
        good = good && state->row[i] > 0;
    }
    if (state->plan.tests[GATE_RUNNING])
        all = all && has_uptime(state, now);
    state->rounds++;
    state->failed_rounds = good ? 0 : state->failed_rounds + 1;
    return all;
}

enum gate_verdict gate_take(struct gate_state *state, const struct gate_round *round, int64_t now)
{
    bool passed;

    if (round->life == GATE_OVER || round->life == GATE_SICK)
        return GATE_ENDED;
    note_life(state, round->life, now);
    passed = note_results(state, round, now);
    if (passed)
        return GATE_PASSED;
    if (state->silent_since && now - state->silent_since >= GATE_SILENCE)
        return GATE_NO_WORD;
    if (state->plan.once ? state->failed_rounds >= GATE_ROW
                         : now - state->began >= state->plan.within)
        return state->silent_since ? GATE_NO_WORD : GATE_LATE;
    return GATE_AGAIN;
}

int64_t gate_pause(const struct gate_state *state, int64_t now)
{
    int64_t pause = FIRST_PAUSE, end = state->began + state->plan.within - now;

    for (unsigned i = 1; i < state->failed_rounds && pause < GATE_INTERVAL; i++)
        pause *= 2;
    if (state->failed_rounds == 0)
        pause = CONFIRM_PAUSE;
    if (pause > GATE_INTERVAL)
        pause = GATE_INTERVAL;
    return state->plan.once || pause < end ? pause : end > 0 ? end : 0;
}

int64_t gate_left(const struct gate_state *state, int64_t now)
{
    int64_t left = state->began + state->plan.within - now;

    return left > LEAST_LEFT ? left : LEAST_LEFT;
}
