/*
 * verdict - decides after each round of tests: again, passed, or failed.
 *
 * The time is an argument, and nothing is sent.
 */
#ifndef S3DOCK_DEPLOY_GATE_VERDICT_H
#define S3DOCK_DEPLOY_GATE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define GATE_INTERVAL (500 * NS_PER_MS) /* the longest pause between two rounds */
#define GATE_ROW      2                 /* successes in a row that pass */
#define GATE_SILENCE  (10 * NS_PER_S)   /* the daemon may be silent for so long */

enum gate_test { GATE_HTTP, GATE_TCP, GATE_EXEC, GATE_DOCKER, GATE_RUNNING, GATE_TESTS };

enum gate_result {
    GATE_NO,
    GATE_YES,
    GATE_CERTAIN, /* counts as GATE_ROW successes: Docker reports "healthy" */
};

enum gate_life {
    GATE_RUNS,
    GATE_WAITS,   /* paused: no test can pass */
    GATE_UNKNOWN, /* the daemon did not respond */
    GATE_OVER,    /* it ended, or was restarted */
    GATE_SICK,    /* Docker reports "unhealthy" */
};

struct gate_plan {
    bool tests[GATE_TESTS]; /* that must pass */
    int64_t uptime;         /* ns, of GATE_RUNNING */
    int64_t within;         /* ns, for the whole gate */
    bool once;              /* see gate_once */
};

struct gate_round {
    enum gate_life life;
    enum gate_result results[GATE_TESTS]; /* of the tests of the plan; not of GATE_RUNNING */
};

struct gate_state {
    struct gate_plan plan;
    int64_t began;
    int64_t runs_since;   /* 0: it did not run in the last round */
    int64_t silent_since; /* 0: the daemon responded to the last request */
    unsigned row[GATE_TESTS];
    unsigned rounds, failed_rounds; /* failed: since the last round with a success */
};

enum gate_verdict {
    GATE_AGAIN,
    GATE_PASSED,
    GATE_ENDED,   /* the container will not get ready */
    GATE_LATE,    /* the time is over */
    GATE_NO_WORD, /* the daemon is silent */
};

void gate_begin(struct gate_state *state, const struct gate_plan *plan, int64_t now);
/* Takes the results of one round, which ended at `now`. */
enum gate_verdict gate_take(struct gate_state *state, const struct gate_round *round, int64_t now);
/* Returns the ns until the next round, after GATE_AGAIN. Pauses grow from 50 ms to GATE_INTERVAL
 * while nothing passes; a success is soon confirmed. */
int64_t gate_pause(const struct gate_state *state, int64_t now);
/* Returns the ns that are left for the tests of the next round, at least one second. */
int64_t gate_left(const struct gate_state *state, int64_t now);

#endif
