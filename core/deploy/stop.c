/*
 * Signals and polls. The time of a container begins with the note in the journal. So a run that
 * continues a stop does not begin the time again.
 */
#include "deploy/stop.h"

#include <string.h>

#include "base/codes.h"
#include "deploy/unit.h"

#define STOP_DEFAULT (30 * NS_PER_S)
#define KILL_LIMIT   (10 * NS_PER_S) /* from SIGKILL to the end */
#define POLL_FIRST   (50 * NS_PER_MS)
#define POLL_MOST    (250 * NS_PER_MS)
#define POLL_ENDED   (10 * NS_PER_MS) /* one that ends again and again runs for moments */
#define STARTS_ASKED 3                /* starts by the daemon that get the stop signal */
#define STARTS_MAX   300              /* those that come after get SIGKILL */

enum stop_answer {
    STOP_OVER = 0,
    STOP_RUNS = 1,    /* in spite of the signal */
    STOP_STARTED = 2, /* it ended, and the daemon started it again: it has not got the signal */
};

static int64_t patience(const struct deploy_unit *unit, const struct deploy_container *container)
{
    if (unit->spec->stop >= 0)
        return unit->spec->stop;
    if (container->facts.stop_timeout >= 0)
        return container->facts.stop_timeout * NS_PER_S;
    return STOP_DEFAULT;
}

/* Waits until the container does not run. Returns an enum stop_answer, or ERR_FAIL. */
static int wait_stopped(const struct run *run, struct deploy_container *container, int64_t limit,
                        struct err *err)
{
    int64_t start = run_now(run), poll = POLL_FIRST;
    char started_at[sizeof container->facts.started_at];

    str_copy(started_at, sizeof started_at, container->facts.started_at);
    for (;;) {
        int64_t rest, pause;

        if (unit_refresh(run, container, err) < 0)
            return ERR_FAIL;
        if (container_stopped(container))
            return STOP_OVER;
        if (strcmp(started_at, container->facts.started_at) != 0)
            return STOP_STARTED;
        rest = limit - (run_now(run) - start);
        if (rest <= 0)
            return STOP_RUNS;
        pause = container_ended(container) ? POLL_ENDED : poll;
        if (run_sleep(run, pause < rest ? pause : rest, err))
            return ERR_FAIL;
        poll = poll * 2 < POLL_MOST ? poll * 2 : POLL_MOST;
    }
}

/* Returns true if the signal may have arrived: the response came too late, or the connection broke.
 * All other failures mean that the signal did not arrive. */
static bool may_have_arrived(const struct err *failure)
{
    return err_is(failure, ERR_DOCKER, CODE_TIMEOUT) || err_is(failure, ERR_DOCKER, CODE_STREAM);
}

static int send_signal(const struct run *run, const struct deploy_container *container,
                       struct err *err)
{
    const char *signal = container->facts.stop_signal[0] ? container->facts.stop_signal : "SIGTERM";

    if (run->host->table->kill(run->host, container->facts.id, signal, err) >= 0)
        return 0;
    if (err->family == ERR_CANCELLED)
        return ERR_FAIL;
    if (may_have_arrived(err))
        return 0;
    return run->host->table->kill(run->host, container->facts.id, signal, err) < 0 ? ERR_FAIL : 0;
}

/* Notes and sends the signal, unless that was done. Stores the rest of the container's time. */
static int terminate(struct run *run, const struct deploy_unit *unit,
                     const struct deploy_container *container, int64_t *rest, struct err *err)
{
    const struct journal_stop *earlier = journal_stop(&run->journal, &container->facts);
    int64_t wall = run->host->table->wall(run->host), limit = patience(unit, container);
    struct err failure;

    *rest = limit;
    if (earlier) {
        int64_t passed = wall - earlier->at;

        *rest = passed < 0 ? limit : passed > limit ? 0 : limit - passed;
        return 0;
    }
    journal_add_stop(&run->journal, &container->facts, wall);
    if (run_save_journal(run, &failure) &&
        run_continue(run, "the journal was not written", &failure, err))
        return ERR_FAIL;
    return send_signal(run, container, err);
}

static int kill_start(const struct run *run, struct deploy_container *container, bool *forced,
                      struct err *err)
{
    *forced = true;
    if (run->host->table->kill(run->host, container->facts.id, "SIGKILL", err) < 0)
        return ERR_FAIL;
    return wait_stopped(run, container, KILL_LIMIT, err);
}

/* Stops one start of the container. Returns an enum stop_answer, or ERR_FAIL. */
static int stop_start(struct run *run, const struct deploy_unit *unit,
                      struct deploy_container *container, bool *forced, struct err *err)
{
    int64_t rest;
    int answer;

    if (terminate(run, unit, container, &rest, err))
        return ERR_FAIL;
    answer = wait_stopped(run, container, rest, err);
    if (answer != STOP_RUNS)
        return answer;
    return kill_start(run, container, forced, err);
}

/* A program that ends at once runs for a few milliseconds. A note in the journal takes longer, so
 * that the signal would come too late each time. */
static int stop_next_start(struct run *run, const struct deploy_unit *unit,
                           struct deploy_container *container, unsigned starts, bool *forced,
                           struct err *err)
{
    if (container_ended(container))
        return wait_stopped(run, container, KILL_LIMIT, err);
    return starts < STARTS_ASKED ? stop_start(run, unit, container, forced, err)
                                 : kill_start(run, container, forced, err);
}

int stop_container(struct run *run, const struct deploy_unit *unit,
                   struct deploy_container *container, struct stopped *out, struct err *err)
{
    int64_t start = run_now(run);
    int answer = STOP_STARTED;

    *out = (struct stopped){0};
    if (container_stopped(container))
        return 0;
    for (unsigned i = 0; i < STARTS_MAX && answer == STOP_STARTED; i++)
        answer = stop_next_start(run, unit, container, i, &out->forced, err);
    if (answer < 0)
        return ERR_FAIL;
    out->seconds = (double)(run_now(run) - start) / 1e9;
    if (answer != STOP_OVER && !container_ended(container))
        return err_set(err, ERR_DEPLOY, "stop", "container %s does not end after SIGKILL",
                       container->facts.name);
    journal_drop_stop(&run->journal, container->facts.id);
    return 0;
}
