/*
 * A candidate takes the slot that O does not have. The slot is out of rotation before the container
 * exists: no health check of the proxy lets it in.
 */
#include "deploy/prepare.h"

#include <string.h>

#include "base/codes.h"
#include "deploy/converge.h"
#include "deploy/prune.h"
#include "deploy/survey.h"
#include "deploy/unit.h"

#define NAME_LIMIT (10 * NS_PER_S) /* in which the daemon completes the request of another run */
#define NAME_POLL  (100 * NS_PER_MS)

/* ---- create ---- */

/* It is as good as a new one and has its old files. */
struct deploy_container *prepare_find_retired(const struct run *run, const struct deploy_unit *unit)
{
    struct deploy_container *best = NULL;

    for (unsigned i = 0; i < unit->count && !run->fresh; i++) {
        struct deploy_container *c = unit->members[i];

        if (c != unit->serving && container_retired(c) && c->facts.state == CONTAINER_EXITED &&
            strcmp(c->facts.image_id, run->want.image_id) == 0 &&
            (run->rollback || strcmp(c->labels.spec, unit->recipe.hash) == 0) &&
            c->labels.slot == unit_free_slot(unit) && (!best || unit_prefers(unit, c, best)))
            best = c;
    }
    return best;
}

/* Returns the first generation of the image to which a rollback returns. The next one returns to
 * one before that one. 0: it is no rollback. */
static unsigned find_origin(const struct run *run, const struct deploy_unit *unit)
{
    unsigned origin = 0;

    for (unsigned i = 0; i < unit->count && run->rollback; i++) {
        const struct deploy_container *c = unit->members[i];

        if (c != unit->serving && container_retired(c) &&
            strcmp(c->facts.image_id, run->want.image_id) == 0 &&
            (!origin || container_origin(c) < origin))
            origin = container_origin(c);
    }
    return origin;
}

static void label_candidate(const struct run *run, const struct deploy_unit *unit,
                            struct deploy_labels *out)
{
    *out = (struct deploy_labels){
        .generation = unit->generation + 1,
        .origin = find_origin(run, unit),
        .slot = unit_free_slot(unit),
        .restart_retries = unit->recipe.restart_retries,
    };
    str_copy(out->deploy, sizeof out->deploy, unit->label);
    str_copy(out->image, sizeof out->image, run->want.ref);
    str_copy(out->image_id, sizeof out->image_id, run->want.image_id);
    str_copy(out->spec, sizeof out->spec, unit->recipe.hash);
    str_copy(out->restart, sizeof out->restart, unit->recipe.restart);
}

/* A daemon that cannot change a policy starts a container with policy "always" at each of its own
 * starts: a retired one, too. */
static int check_policy(const struct run *run, const struct deploy_unit *unit, struct err *err)
{
    if (run->host->sets_restart || strcmp(unit->recipe.restart, "always") != 0)
        return 0;
    err_set(
        err, ERR_UNSUPPORTED, CODE_UPDATE,
        "this version of Podman cannot change the restart policy of a container: \"always\" would "
        "start retired containers of %s again",
        unit->spec->name);
    return err_hint(err, "set the restart policy \"unless-stopped\" in %s", unit->spec->container);
}

/* Removes the container of that name, if it is an unused one of this unit. If there is none yet,
 * waits. Fails if the name is not ours. Sets *err only if the daemon failed, after a cancel, and if
 * the container of another run has the name: each user has a lock of their own. */
static int free_name(const struct run *run, const struct deploy_unit *unit, const char *name,
                     struct err *err)
{
    const struct deploy_host_table *table = run->host->table;
    struct deploy_container found;
    int answer = table->inspect(run->host, name, &found, err);

    if (answer == DOCKER_ABSENT)
        return run_sleep(run, NAME_POLL, err);
    if (answer < 0 || strcmp(found.labels.deploy, unit->label) != 0)
        return ERR_FAIL;
    if (!container_never_ran(&found))
        return err_set(err, ERR_CONFLICT, CODE_DEPLOY,
                       "another deployment runs, of another user: it has started the container %s",
                       name);
    return table->remove(run->host, found.facts.id, true, err) < 0 ? ERR_FAIL : 0;
}

/* The daemon may still create the container that an interrupted run has asked for. The name is
 * taken before the list of containers shows it. */
static int create_named(struct run *run, const struct deploy_unit *unit,
                        const struct deploy_creation *creation, char id[DOCKER_ID_SIZE],
                        struct err *err)
{
    int64_t deadline = run_now(run) + NAME_LIMIT;

    for (;;) {
        struct err failure = {0};

        if (run->host->table->create(run->host, unit->at, creation, id, err) == 0)
            return 0;
        if (err_is(err, ERR_NOT_FOUND, CODE_IMAGE))
            return err_hint(err, run->rollback ? "a rollback pulls no image: promote that image, "
                                                 "and deploy"
                                               : "the image was removed after the pull: the next "
                                                 "run pulls it again");
        if (!err_is(err, ERR_CONFLICT, CODE_CONTAINER) || run_now(run) > deadline)
            return ERR_FAIL;
        if (free_name(run, unit, creation->name, &failure) == 0)
            continue;
        if (failure.family == ERR_CANCELLED || err_is(&failure, ERR_CONFLICT, CODE_DEPLOY))
            *err = failure;
        return ERR_FAIL;
    }
}

static int create_container(struct run *run, struct deploy_unit *unit, struct err *err)
{
    char name[DOCKER_NAME_SIZE], id[DOCKER_ID_SIZE];
    struct deploy_labels labels;
    const struct deploy_creation creation = {
        .name = name,
        .labels = &labels,
        .armed = !run->host->sets_restart,
    };

    label_candidate(run, unit, &labels);
    unit_candidate_name(unit, labels.generation, name);
    return check_policy(run, unit, err) || prune_failed(run, unit, err) ||
                   create_named(run, unit, &creation, id, err) ||
                   survey_add(run, unit, id, &unit->candidate, err)
               ? ERR_FAIL
               : 0;
}

int prepare_create(struct run *run, struct deploy_unit *unit, struct err *err)
{
    const char *serving = unit->serving ? unit->serving->facts.id : "";

    if (unit->candidate && strcmp(unit->candidate->facts.image_id, run->want.image_id) != 0 &&
        converge_take_back(run, unit, err))
        return ERR_FAIL;
    if (!unit->candidate) {
        if (run->host->table->hold(run->host, unit->at, unit_free_slot(unit), err) < 0)
            return ERR_FAIL;
        unit->candidate = prepare_find_retired(run, unit);
        unit->reused = unit->candidate;
        if (!unit->candidate && create_container(run, unit, err))
            return ERR_FAIL;
    } else {
        unit->reused = true;
    }
    journal_set_unit(&run->journal, unit->spec->unit, serving, unit->candidate->facts.id);
    unit->report->generation = unit->candidate->labels.generation;
    unit->report->slot = unit->candidate->labels.slot;
    return 0;
}

/* ---- judge ---- */

static void warn_lines(const struct run *run, const struct deploy_unit *unit, char *lines)
{
    char *rest = NULL;

    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        run_warn(run, "%s: %s", unit->spec->name, line);
}

int prepare_judge(struct run *run, struct deploy_unit *unit, struct err *err)
{
    _cleanup_text_ struct text warnings = {0};
    int failed;

    if (unit->reused)
        return 0;
    text_init(&warnings, 16 * KIB);
    failed = run->host->table->judge(run->host, unit->at, unit->candidate->facts.id,
                                     unit->serving ? unit->serving->facts.id : "", &warnings, err);
    if (!text_check(&warnings, "the warnings", &(struct err){0}))
        warn_lines(run, unit, warnings.data);
    return failed;
}

/* ---- start and gate ---- */

int prepare_start(struct run *run, struct deploy_unit *unit, struct err *err)
{
    struct err cause;

    if (unit_start(run, unit->candidate, err) == 0)
        return 0;
    if (!err_is(err, ERR_DOCKER, CODE_START) && !err_is(err, ERR_NOT_FOUND, CODE_CONTAINER))
        return ERR_FAIL; /* not found: it was removed meanwhile */
    cause = *err;
    err_set(err, ERR_DEPLOY, CODE_START, "%s", cause.text);
    return cause.hint[0] ? err_hint(err, "%s", cause.hint) : ERR_FAIL;
}

int prepare_gate(struct run *run, struct deploy_unit *unit, struct err *err)
{
    if (unit_gate(run, unit, unit->candidate, err) || unit_refresh(run, unit->candidate, err) < 0)
        return ERR_FAIL;
    if (!container_runs(unit->candidate))
        return err_set(err, ERR_DEPLOY, CODE_EXITED, "the candidate %s ended after it was ready",
                       unit->candidate->facts.name);
    return 0;
}
