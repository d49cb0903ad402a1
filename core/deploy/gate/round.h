/*
 * round - one round of a gate: inspects the container, then runs the tests of the plan.
 */
#ifndef S3DOCK_DEPLOY_GATE_ROUND_H
#define S3DOCK_DEPLOY_GATE_ROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "deploy/gate/gate_input.h"
#include "deploy/gate/healthcheck.h"
#include "deploy/gate/verdict.h"
#include "docker/container.h"

/* The data that all rounds of one gate share. Zeroed, but for `input`, before the first round. */
struct gate_rounds {
    const struct gate_input *input;
    bool known; /* an inspect succeeded: the members below are set */
    char name[DOCKER_NAME_SIZE];
    char started_at[48];
    int64_t restarts;
    struct healthcheck healthcheck;
    struct gate_plan plan;

    char answer[256];  /* of the last round: the first test that did not pass; "": all passed */
    char reason[400];  /* of GATE_OVER and GATE_SICK */
    struct err silent; /* of GATE_UNKNOWN */
};

/* Sends the requests of one round. A test takes at most `left` ns. The first inspect that succeeds
 * makes the plan. Fails with cancelled.* and for lack of memory only. */
int gate_send_round(struct gate_rounds *rounds, int64_t left, struct gate_round *round,
                    struct err *err);

#endif
