/*
 * The result of a run: an empty one, and the words of its outcomes.
 */
#include "deploy/deploy_result.h"

#include <string.h>

#define LOG_SIZE_MAX  (16 * KIB)
#define PLAN_SIZE_MAX (64 * KIB)

const char *deploy_outcome_name(enum deploy_outcome outcome)
{
    static const char *const names[] = {
        [DEPLOY_FAILED] = "failed",       [DEPLOY_DEPLOYED] = "deployed",
        [DEPLOY_UNCHANGED] = "unchanged", [DEPLOY_ROLLED_BACK] = "rolled_back",
        [DEPLOY_HELD] = "held",           [DEPLOY_DOWN] = "down",
        [DEPLOY_PLANNED] = "planned",
    };

    return names[outcome];
}

void deploy_result_init(struct deploy_result *result)
{
    memset(result, 0, sizeof *result);
    text_init(&result->plan, PLAN_SIZE_MAX);
    text_init(&result->log, LOG_SIZE_MAX);
}

void deploy_result_finish(struct deploy_result *result)
{
    text_finish(&result->plan);
    text_finish(&result->log);
}
