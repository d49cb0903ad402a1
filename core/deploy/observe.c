/*
 * One round a second: an inspect and one round of the gate for each candidate, and the URL. A
 * single round that does not pass is a hiccup; three in a row, or the last one, are a failure. A
 * container that ended or restarted fails at once.
 */
#include "deploy/observe.h"

#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "deploy/unit.h"

#define OBSERVE_INTERVAL NS_PER_S
#define OBSERVE_ROW      3 /* rounds in a row that fail */

/* The candidate as it was when it got the traffic. */
struct baseline {
    char started_at[48];
    int64_t restarts;
    unsigned bad; /* rounds in a row that did not pass */
};

static int examine(const struct run *run, struct deploy_unit *unit, struct baseline *base,
                   struct err *err)
{
    struct docker_container *facts = &unit->candidate->facts;
    const char *name = facts->name;

    if (unit_refresh(run, unit->candidate, err) < 0)
        return ERR_FAIL;
    if (!container_runs(unit->candidate))
        return err_set(err, ERR_DEPLOY, CODE_OBSERVE,
                       "%s ended with exit code %lld while it was observed", name,
                       (long long)facts->exit_code);
    if (strcmp(base->started_at, facts->started_at) != 0 || base->restarts != facts->restart_count)
        return err_set(err, ERR_DEPLOY, CODE_OBSERVE, "%s restarted while it was observed", name);
    if (facts->health == HEALTH_UNHEALTHY)
        return err_set(err, ERR_DEPLOY, CODE_OBSERVE, "%s became unhealthy while it was observed",
                       name);
    return 0;
}

/* Sends one round of the gate. Fails after the last allowed one that does not pass. */
static int probe(const struct run *run, struct deploy_unit *unit, struct baseline *base, bool last,
                 struct err *err)
{
    char address[UNIT_ADDRESS_SIZE];
    struct traffic_target target;
    struct gate_report report;

    unit_target(unit, unit->candidate, address, &target);
    if (run->host->table->gate_once(run->host, unit->at, &target, &report, err) == 0) {
        base->bad = 0;
        return 0;
    }
    if (err->family == ERR_CANCELLED)
        return ERR_FAIL;
    if (++base->bad < OBSERVE_ROW && !last)
        return 0;
    return err_set(err, ERR_DEPLOY, CODE_OBSERVE,
                   "%s does not pass its gate any more while it is observed: %s",
                   unit->candidate->facts.name, report.answer);
}

static int verify(const struct run *run, struct deploy_unit *unit, unsigned *bad, bool last,
                  struct err *err)
{
    const char *url = run->options->deployment->verify;
    struct err cause;

    if (!url[0] || !unit->spec->port)
        return 0;
    if (run->host->table->verify(run->host, url, unit->candidate->facts.id, &cause) == 0) {
        *bad = 0;
        return 0;
    }
    if (cause.family == ERR_CANCELLED) {
        *err = cause;
        return ERR_FAIL;
    }
    if (++*bad < OBSERVE_ROW && !last)
        return 0;
    return err_set(err, ERR_DEPLOY, CODE_OBSERVE, "%s does not pass: %s", url, cause.text);
}

static int observe_round(struct run *run, struct baseline *bases, unsigned *bad, bool last,
                         struct deploy_unit **failed_unit, struct err *err)
{
    bool verified = false;

    for (unsigned i = 0; i < run->unit_count; i++) {
        struct deploy_unit *unit = &run->units[i];

        *failed_unit = unit;
        if (unit->unchanged)
            continue;
        if (examine(run, unit, &bases[i], err) || probe(run, unit, &bases[i], last, err))
            return ERR_FAIL;
        if (!verified && unit->spec->port) {
            verified = true;
            if (verify(run, unit, bad, last, err))
                return ERR_FAIL;
        }
    }
    *failed_unit = NULL;
    return 0;
}

int observe(struct run *run, struct deploy_unit **failed_unit, struct err *err)
{
    int64_t until = run_now(run) + run->options->deployment->observe;
    struct baseline bases[DEPLOY_UNITS_MAX] = {0};
    unsigned bad = 0;

    *failed_unit = NULL;
    for (unsigned i = 0; i < run->unit_count; i++)
        if (!run->units[i].unchanged) {
            const struct docker_container *facts = &run->units[i].candidate->facts;

            str_copy(bases[i].started_at, sizeof bases[i].started_at, facts->started_at);
            bases[i].restarts = facts->restart_count;
        }
    for (;;) {
        int64_t rest = until - run_now(run);

        if (observe_round(run, bases, &bad, rest <= 0, failed_unit, err))
            return ERR_FAIL;
        if (rest <= 0)
            return 0;
        if (run_sleep(run, rest < OBSERVE_INTERVAL ? rest : OBSERVE_INTERVAL, err))
            return ERR_FAIL;
    }
}
