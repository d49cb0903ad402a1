/* The works of a scene, and the deployments before them. */
#include "kit/simulated_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/err.h"

static char *hook_argv[] = {(char *)"hook", NULL};

const char *scene_work_name(const struct scene *scene)
{
    static const char *const names[SCENE_WORKS] = {"first",          "deploy",          "rollback",
                                                   "stale rollback", "ending rollback", "again"};

    return names[scene->work];
}

static void set_unit(struct unit_spec *unit, const char *name, enum deploy_order order)
{
    *unit = (struct unit_spec){
        .order = order, .port = 8080, .keep = 1, .stop = 5 * NS_PER_S, .drain = 5 * NS_PER_S};
    str_copy(unit->unit, sizeof unit->unit, name);
    snprintf(unit->name, sizeof unit->name, "shop-production-%s", name);
}

void scene_set_units(struct scene *scene, enum deploy_order order, unsigned units, bool mixed)
{
    struct deployment *deployment = &scene->deployment;

    *deployment = (struct deployment){
        .unit_count = units, .observe = 2 * NS_PER_S, .before_switch = hook_argv};
    str_copy(deployment->app, sizeof deployment->app, "shop");
    str_copy(deployment->env, sizeof deployment->env, "production");
    set_unit(&deployment->units[0], "web", order);
    set_unit(&deployment->units[1], "worker",
             mixed ? order == ORDER_STOP_FIRST ? ORDER_START_FIRST : ORDER_STOP_FIRST : order);
}

bool scene_rolls_back(const struct scene *scene)
{
    return scene->work == SCENE_ROLLBACK || scene->work == SCENE_ROLLBACK_STALE ||
           scene->work == SCENE_ROLLBACK_ENDS;
}

bool scene_has_stop_first(const struct scene *scene)
{
    for (unsigned i = 0; i < scene->deployment.unit_count; i++)
        if (scene->deployment.units[i].order == ORDER_STOP_FIRST)
            return true;
    return false;
}

static int run_work(struct simulated_host *sim, const struct deploy_options *options, bool back,
                    struct err *err)
{
    struct deploy_result result;
    int failed;

    deploy_result_init(&result);
    failed = back ? deployer_rollback(&sim->host, options, &result, err)
                  : deployer_run(&sim->host, options, &result, err);
    deploy_result_finish(&result);
    return failed;
}

int scene_run_with(const struct scene *scene, struct simulated_host *sim,
                   const struct deploy_options *options, struct err *err)
{
    return run_work(sim, options, scene_rolls_back(scene), err);
}

int scene_run(const struct scene *scene, struct simulated_host *sim, struct err *err)
{
    return scene_run_with(scene, sim, &scene->options, err);
}

static void must_run(struct scene *scene, struct simulated_host *sim)
{
    struct err err;
    const char *fault;

    sim_begin(sim, 0, SIM_KILL_BEFORE);
    if (run_work(sim, &scene->options, false, &err))
        fail_msg("a deployment of the set-up fails: %s", err.text);
    fault = sim_rest_fault(sim, sim->pointer_ref);
    if (fault)
        fail_msg("after a deployment of the set-up: %s", fault);
}

/* No old container starts a second time, or each of them ends soon after its start. */
static void make_stale(struct simulated_host *sim, bool starts)
{
    for (unsigned i = 0; i < sim->count; i++) {
        bool old = sim->containers[i].c.facts.state != CONTAINER_RUNNING;

        if (!starts)
            sim->containers[i].stale = old;
        else if (old)
            sim->containers[i].image = SIM_EXITS;
    }
}

void scene_prepare(struct scene *scene)
{
    static char refs[2][64];
    struct simulated_host *sim = &scene->start;

    scene->options = (struct deploy_options){
        .deployment = &scene->deployment,
        .force = scene->work == SCENE_AGAIN,
    };
    sim_init(sim, &scene->deployment, scene->proxy);
    sim->host.sets_restart = !scene->fixed_policies;
    sim_add_foreign(sim, "somebody");
    sim_add_foreign(sim, "shop-production-web.g7x");
    for (unsigned i = 1; i <= 2 && scene->work != SCENE_FIRST; i++) {
        sim_point(sim, i, SIM_GOOD);
        must_run(scene, sim);
        str_copy(refs[i - 1], sizeof refs[0], sim->pointer_ref);
    }
    scene->before = scene->work == SCENE_FIRST ? NULL : refs[1];
    if (scene->work == SCENE_ROLLBACK_STALE || scene->work == SCENE_ROLLBACK_ENDS)
        make_stale(sim, scene->work == SCENE_ROLLBACK_ENDS);
    if (scene->work == SCENE_FIRST || scene->work == SCENE_DEPLOY)
        sim_point(sim, 3, scene->image);
    scene->after = scene_rolls_back(scene)    ? refs[0]
                   : scene->image == SIM_GOOD ? sim->pointer_ref
                                              : scene->before;
    if (scene->work == SCENE_AGAIN)
        sim_happen(sim, SIM_PROXY_RESTART, 0);
}
