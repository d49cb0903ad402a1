/*
 * Polls the driver. A driver that cannot count makes the drain last its whole limit.
 */
#include "deploy/drain.h"

#include <string.h>

#include "base/codes.h"
#include "deploy/unit.h"

#define POLL_FIRST (50 * NS_PER_MS)
#define POLL_MOST  (500 * NS_PER_MS)

static void cut(const struct run *run, const struct deploy_unit *unit,
                const struct traffic_target *target, int64_t left)
{
    struct err failure;

    if (left > 0)
        run_warn(run, "%s: %lld requests or connections did not end within the drain and are cut",
                 unit->spec->name, (long long)left);
    if (left != 0 && run->host->table->cut(run->host, unit->at, target, &failure) < 0)
        run_warn_of(run, "the proxy did not cut the remaining sessions", &failure);
}

int drain(const struct run *run, const struct deploy_unit *unit,
          const struct deploy_container *container, int64_t limit, struct drained *out,
          struct err *err)
{
    int64_t start = run_now(run), poll = POLL_FIRST;
    char address[UNIT_ADDRESS_SIZE];
    struct traffic_target target;

    *out = (struct drained){.left = -1};
    unit_target(unit, container, address, &target);
    while (unit->spec->port && container_runs(container)) {
        int64_t passed = run_now(run) - start, rest = limit - passed;
        struct err failure;

        if (run->host->table->busy(run->host, unit->at, &target, &out->left, &failure) != 0)
            out->left = -1;
        if (out->left == 0 || rest <= 0)
            break;
        if (run_sleep(run, poll < rest ? poll : rest, err))
            return ERR_FAIL;
        poll = poll * 2 < POLL_MOST ? poll * 2 : POLL_MOST;
    }
    if (!unit->spec->port)
        out->left = 0;
    out->seconds = (double)(run_now(run) - start) / 1e9;
    cut(run, unit, &target, out->left);
    return 0;
}
