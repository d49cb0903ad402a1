/*
 * Deployments and rollbacks on a simulated host, interrupted at every call: killed before and after
 * it, failed before and after its deed. The run after a kill is killed, too. The rules hold at
 * every moment, and the next run repairs everything, whatever happened to journal, daemon, proxy
 * and host in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "deploy/deployer.h"
#include "kit/simulated_scene.h"

#define CALLS_MAX 400
/* Every n-th call is interrupted. With the argument "all": every call (suite `slow`). */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STRIDE 61
#else
#define STRIDE 11
#endif

static unsigned stride = STRIDE;
#define SECOND 37 /* the same for the second kill */

static const char *const EVENT_NAMES[SIM_EVENTS] = {"then",
                                                    "journal removed",
                                                    "journal emptied",
                                                    "journal damaged",
                                                    "daemon restarted",
                                                    "proxy restarted",
                                                    "host rebooted"};
static unsigned long cases, pairs;
static const char *fault_name = "";

/* ---- checks ---- */

static void fail_at(const struct scene *scene, unsigned call, enum sim_fault fault,
                    const char *when, const char *what, const struct err *err)
{
    static const char *const faults[] = {"kill before", "kill after", "error before",
                                         "error after"};

    fail_msg("%s%s, proxy %u, image %u, %s, %s, %u units: %s call %u of %u, %s, %s: %s%s%s",
             scene_work_name(scene), scene->fixed_policies ? ", fixed policies" : "", scene->proxy,
             scene->image,
             scene->deployment.units[0].order == ORDER_STOP_FIRST ? "stop-first" : "start-first",
             scene->deployment.units[1].order == ORDER_STOP_FIRST ? "stop-first" : "start-first",
             scene->deployment.unit_count, faults[fault], call, scene->calls, fault_name, when,
             what, err ? ": " : "", err ? err->text : "");
}

/* The rest state after a run without faults. Nothing can rest where nothing ever served. Without
 * the journal, a rollback may take a dying container of a stop-first unit for one that serves. */
static const char *rest_fault(const struct scene *scene, struct simulated_host *sim,
                              const char *ref)
{
    if (sim->breach[0])
        return sim->breach;
    if (!ref && ((scene->work == SCENE_FIRST && !scene->succeeds) ||
                 (scene_rolls_back(scene) && scene_has_stop_first(scene))))
        return NULL;
    return sim_rest_fault(sim, ref);
}

static bool is_same(const struct sim_container *a, const struct sim_container *b)
{
    const struct docker_container *now = &a->c.facts, *before = &b->c.facts;

    return a->there == b->there && a->terms == b->terms && now->state == before->state &&
           strcmp(now->name, before->name) == 0 &&
           strcmp(now->started_at, before->started_at) == 0 &&
           strcmp(now->restart_policy, before->restart_policy) == 0;
}

/* A dry run of a rollback changes no container. */
static void run_dry(const struct scene *scene)
{
    struct simulated_host sim = scene->start;
    struct deploy_options options = scene->options;
    struct err err = {0};

    options.dry_run = true;
    sim_begin(&sim, 0, SIM_KILL_BEFORE);
    if (scene_run_with(scene, &sim, &options, &err))
        fail_at(scene, 0, SIM_KILL_BEFORE, "dry run", "the result is wrong", &err);
    for (unsigned i = 0; i < SIM_CONTAINERS; i++)
        if (!is_same(&sim.containers[i], &scene->start.containers[i]))
            fail_at(scene, 0, SIM_KILL_BEFORE, "dry run", "a container has changed", NULL);
}

static void run_undisturbed(struct scene *scene)
{
    struct simulated_host sim = scene->start;
    struct err err = {0};
    const char *fault;

    if (scene_rolls_back(scene))
        run_dry(scene);
    sim_begin(&sim, 0, SIM_KILL_BEFORE);
    scene->succeeds = scene_run(scene, &sim, &err) == 0;
    scene->calls = sim.calls;
    if (scene->succeeds != (scene->image == SIM_GOOD))
        fail_at(scene, 0, SIM_KILL_BEFORE, "undisturbed", "the result is wrong", &err);
    fault = rest_fault(scene, &sim, scene->after);
    if (fault)
        fail_at(scene, 0, SIM_KILL_BEFORE, "undisturbed", fault, &err);
    cases++;
}

/* The journal states that no run was interrupted. */
static bool is_idle(const struct simulated_host *sim)
{
    struct journal journal;

    return sim->has_journal && journal_parse(view_of(sim->journal, sim->journal_size), &journal) &&
           journal.phase == JOURNAL_IDLE;
}

/* The first run had completed the rollback, and nothing shows that it was interrupted. */
static bool is_repeated_rollback(const struct scene *scene, bool was_idle, const struct err *err)
{
    return scene_rolls_back(scene) && was_idle && err_is(err, ERR_NOT_FOUND, CODE_PREVIOUS);
}

/* A removal that failed is left to the next deployment. So is what was interrupted, if the journal
 * is lost: only it knows that a run had committed. A rollback may leave one more. */
static bool is_pruned(const struct scene *scene, enum sim_fault kind, const char *when)
{
    return !scene_rolls_back(scene) && (kind == SIM_KILL_BEFORE || kind == SIM_KILL_AFTER) &&
           !strstr(when, "journal");
}

/* A rollback that was interrupted and completed is requested once more: it stays at the same
 * image. */
static void roll_back_again(const struct scene *scene, struct simulated_host *sim, unsigned call,
                            enum sim_fault kind, const char *when)
{
    struct err err = {0};
    const char *fault;

    sim_begin(sim, 0, SIM_KILL_BEFORE);
    (void)scene_run(scene, sim, &err);
    fault = rest_fault(scene, sim, scene->after);
    if (fault)
        fail_at(scene, call, kind, when, fault, &err);
}

/* The same command again, without a fault. It must end as an undisturbed one. */
static void run_again(const struct scene *scene, struct simulated_host *sim, unsigned call,
                      enum sim_fault kind, const char *when, bool image_known)
{
    struct err err = {0};
    const char *fault;
    bool succeeded, was_idle = is_idle(sim);

    sim_begin(sim, 0, SIM_KILL_BEFORE);
    succeeded = scene_run(scene, sim, &err) == 0;
    if (succeeded != scene->succeeds && image_known && !is_repeated_rollback(scene, was_idle, &err))
        fail_at(scene, call, kind, when, "the next run ends otherwise", &err);
    fault = rest_fault(scene, sim, image_known ? scene->after : NULL);
    if (!fault && succeeded && is_pruned(scene, kind, when) && sim_keeps_too_many(sim))
        fault = "more retired containers than `keep`";
    if (fault)
        fail_at(scene, call, kind, when, fault, &err);
    cases++;
    if (scene_rolls_back(scene) && image_known && succeeded)
        roll_back_again(scene, sim, call, kind, when);
}

/* The faults of the final state after the clean-up alone. A first candidate may be taken back.
 * Nothing shows that a rollback has stopped a stop-first unit, if the journal is lost: the next
 * deployment starts it. The candidate of a stop-first unit that passes its gate is kept without
 * being observed. */
static const char *converged_fault(const struct scene *scene, struct simulated_host *sim,
                                   bool journal_lost)
{
    if (scene->work == SCENE_FIRST ||
        (journal_lost && scene_rolls_back(scene) && scene_has_stop_first(scene)) ||
        (scene->image == SIM_FADES && scene_has_stop_first(scene)))
        return sim->breach[0] ? sim->breach : NULL;
    return sim_rest_fault(sim, NULL);
}

/* Only the clean-up, without the bucket, and again for a container that still was about to end. */
static void only_converge(const struct scene *scene, struct simulated_host *sim, unsigned call,
                          enum sim_fault kind, const char *when, bool journal_lost)
{
    const char *fault = "";

    for (unsigned round = 0; round < 3 && fault; round++) {
        struct deploy_result result;
        struct err err = {0};

        sim_begin(sim, 0, SIM_KILL_BEFORE);
        deploy_result_init(&result);
        if (deployer_converge(&sim->host, &scene->options, &result, &err))
            fail_at(scene, call, kind, when, "converge fails", &err);
        deploy_result_finish(&result);
        fault = converged_fault(scene, sim, journal_lost);
    }
    if (fault)
        fail_at(scene, call, kind, when, fault, NULL);
    cases++;
}

/* A repeated rollback returns to the newer image. So its image is known only while the journal
 * states that a rollback was interrupted. */
static bool image_is_known(const struct scene *scene, enum sim_event event)
{
    return !scene_rolls_back(scene) ||
           (event != SIM_JOURNAL_REMOVED && event != SIM_JOURNAL_EMPTIED &&
            event != SIM_JOURNAL_DAMAGED);
}

/* Events that are played only with a good candidate: six bad ones would take most of the time. */
static bool is_rare(unsigned event)
{
    return event != SIM_NOTHING && event != SIM_JOURNAL_REMOVED && event != SIM_REBOOT;
}

/* Podman is no daemon: its restart changes nothing. After a reboot, it starts nothing itself. */
static bool can_happen(const struct scene *scene, unsigned event)
{
    return !scene->fixed_policies || (event != SIM_DAEMON_RESTART && event != SIM_REBOOT);
}

static void continue_after_kill(const struct scene *scene, const struct simulated_host *killed,
                                unsigned call, enum sim_fault kind)
{
    for (unsigned event = 0; event < SIM_EVENTS; event++) {
        unsigned details = event == SIM_JOURNAL_DAMAGED ? 2 : 1;

        if ((scene->image != SIM_GOOD && is_rare(event)) || !can_happen(scene, event))
            continue;
        for (unsigned detail = 0; detail < details; detail++) {
            struct simulated_host sim = *killed, other;

            sim_happen(&sim, (enum sim_event)event, call * 37 + detail * 101);
            other = sim;
            run_again(scene, &sim, call, kind, EVENT_NAMES[event],
                      image_is_known(scene, (enum sim_event)event));
            only_converge(scene, &other, call, kind, EVENT_NAMES[event],
                          event >= SIM_JOURNAL_REMOVED && event <= SIM_JOURNAL_DAMAGED);
        }
    }
}

/* A run with a fault that it sees. */
static void check_error(const struct scene *scene, struct simulated_host *sim, bool failed,
                        unsigned call, enum sim_fault kind, const struct err *err)
{
    if (sim->breach[0])
        fail_at(scene, call, kind, "during the run", sim->breach, err);
    if (failed && err->family == ERR_DOWN &&
        scene->deployment.units[0].order == ORDER_START_FIRST &&
        scene->deployment.units[1].order == ORDER_START_FIRST)
        fail_at(scene, call, kind, "during the run", "nothing serves", err);
}

static void interrupt(const struct scene *scene, unsigned call, enum sim_fault kind)
{
    struct simulated_host sim = scene->start;
    struct err err = {0};
    bool failed;

    sim_begin(&sim, call, kind);
    failed = scene_run(scene, &sim, &err);
    fault_name = sim.fault_name ? sim.fault_name : "";
    check_error(scene, &sim, failed, call, kind, &err);
    cases++;
    if (kind == SIM_KILL_BEFORE || kind == SIM_KILL_AFTER)
        continue_after_kill(scene, &sim, call, kind);
    else if (failed || !scene_rolls_back(scene))
        run_again(scene, &sim, call, kind, "then", true);
    else
        only_converge(scene, &sim, call, kind, "then", false);
}

/* ---- two kills ---- */

/* Kills the next run. Then time passes: nothing is left of the time of a drain or a stop. False:
 * that run has no such call. */
static bool interrupt_next(const struct scene *scene, const struct simulated_host *killed,
                           unsigned call, unsigned next, const char *event)
{
    struct simulated_host sim = *killed;
    struct err err = {0};
    char when[96];

    sim_begin(&sim, next, SIM_KILL_BEFORE);
    (void)scene_run(scene, &sim, &err);
    sim.now += 10 * NS_PER_S;
    snprintf(when, sizeof when, "%s, killed at call %u of the next run", event, next);
    if (!sim.dead)
        return false;
    run_again(scene, &sim, call, SIM_KILL_BEFORE, when, true);
    pairs++;
    return true;
}

/* Every pair of kills takes too long with six bad images. */
static bool plays_all_pairs(const struct scene *scene)
{
    return stride == 1 && scene->image == SIM_GOOD;
}

static void interrupt_twice(const struct scene *scene, unsigned call)
{
    struct simulated_host killed = scene->start;
    struct err err = {0};

    sim_begin(&killed, call, SIM_KILL_BEFORE);
    (void)scene_run(scene, &killed, &err);
    fault_name = killed.fault_name ? killed.fault_name : "";
    for (unsigned event = 0; event < SIM_EVENTS; event++) {
        struct simulated_host sim = killed;
        unsigned next = plays_all_pairs(scene) ? 1 : 1 + (call + event) % SECOND;

        if ((event != SIM_NOTHING && event != SIM_PROXY_RESTART && event != SIM_REBOOT) ||
            !can_happen(scene, event) || (stride > 1 && event != call / stride % SIM_EVENTS))
            continue;
        sim_happen(&sim, (enum sim_event)event, call * 37);
        while (interrupt_next(scene, &sim, call, next, EVENT_NAMES[event]))
            next += plays_all_pairs(scene) ? 1 : SECOND;
    }
}

/* ---- the enumeration ---- */

static void play(struct scene *scene)
{
    scene_prepare(scene);
    run_undisturbed(scene);
    assert_in_range(scene->calls, 1, CALLS_MAX);
    for (unsigned kind = 0; kind < SIM_FAULTS; kind++)
        for (unsigned call = 1 + (kind + scene->calls) % stride; call <= scene->calls;
             call += stride)
            interrupt(scene, call, (enum sim_fault)kind);
    for (unsigned call = 1 + scene->calls % stride;
         (scene->image == SIM_GOOD || stride == 1) && call <= scene->calls; call += stride)
        interrupt_twice(scene, call);
}

static void play_all(enum scene_work work, enum sim_image image, bool fixed_policies)
{
    for (unsigned proxy = SIM_TWO_SERVERS; proxy <= SIM_NO_PROXY; proxy++)
        for (unsigned order = ORDER_START_FIRST; order <= ORDER_STOP_FIRST; order++)
            for (unsigned units = 1; units <= 2; units++)
                for (unsigned mixed = 0; mixed < units; mixed++) {
                    struct scene *scene = calloc(1, sizeof *scene);

                    assert_non_null(scene);
                    scene->proxy = (enum sim_proxy)proxy;
                    scene->work = work;
                    scene->image = image;
                    scene->fixed_policies = fixed_policies;
                    scene_set_units(scene, (enum deploy_order)order, units, mixed);
                    play(scene);
                    free(scene);
                }
}

static void a_first_deployment_converges(void **state)
{
    (void)state;
    play_all(SCENE_FIRST, SIM_GOOD, false);
}

static void a_deployment_converges(void **state)
{
    (void)state;
    play_all(SCENE_DEPLOY, SIM_GOOD, false);
}

static void a_bad_candidate_is_taken_back(void **state)
{
    (void)state;
    for (unsigned image = SIM_GOOD + 1; image < SIM_IMAGES; image++)
        play_all(SCENE_DEPLOY, (enum sim_image)image, false);
}

static void a_bad_first_candidate_leaves_nothing_behind(void **state)
{
    (void)state;
    for (unsigned image = SIM_GOOD + 1; image < SIM_IMAGES; image++)
        play_all(SCENE_FIRST, (enum sim_image)image, false);
}

static void a_rollback_converges(void **state)
{
    (void)state;
    play_all(SCENE_ROLLBACK, SIM_GOOD, false);
}

static void a_rollback_to_a_container_that_does_not_start_makes_a_new_one(void **state)
{
    (void)state;
    play_all(SCENE_ROLLBACK_STALE, SIM_GOOD, false);
    play_all(SCENE_ROLLBACK_ENDS, SIM_GOOD, false);
}

static void a_forced_deployment_of_the_same_image_converges(void **state)
{
    (void)state;
    play_all(SCENE_AGAIN, SIM_GOOD, false);
}

/* A candidate that ends is started again by a daemon that cannot change its policy. */
static void a_daemon_that_starts_containers_again_changes_nothing(void **state)
{
    (void)state;
    play_all(SCENE_DEPLOY, SIM_GOOD, true);
    play_all(SCENE_DEPLOY, SIM_EXITS, true);
    play_all(SCENE_FIRST, SIM_EXITS, true);
    play_all(SCENE_ROLLBACK, SIM_GOOD, true);
    play_all(SCENE_ROLLBACK_STALE, SIM_GOOD, true);
    play_all(SCENE_ROLLBACK_ENDS, SIM_GOOD, true);
}

static int report_cases(void **state)
{
    (void)state;
    printf("# %lu cases, %lu of them with two kills\n", cases, pairs);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_deployment_converges),
        cmocka_unit_test(a_deployment_converges),
        cmocka_unit_test(a_bad_candidate_is_taken_back),
        cmocka_unit_test(a_bad_first_candidate_leaves_nothing_behind),
        cmocka_unit_test(a_rollback_converges),
        cmocka_unit_test(a_rollback_to_a_container_that_does_not_start_makes_a_new_one),
        cmocka_unit_test(a_forced_deployment_of_the_same_image_converges),
        cmocka_unit_test(a_daemon_that_starts_containers_again_changes_nothing),
    };

    if (argc > 1 && strcmp(argv[1], "all") == 0)
        stride = 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, report_cases);
}
