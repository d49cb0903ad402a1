/*
 * simulated_scene - a deployment on a simulated host: its configuration, the earlier runs, and the
 * next run.
 */
#ifndef S3DOCK_TESTS_KIT_SIMULATED_SCENE_H
#define S3DOCK_TESTS_KIT_SIMULATED_SCENE_H

#include "deploy/deployer.h"
#include "kit/simulated_host.h"

struct err;

enum scene_work {
    SCENE_FIRST,
    SCENE_DEPLOY,
    SCENE_ROLLBACK,
    SCENE_ROLLBACK_STALE, /* the former containers do not start a second time */
    SCENE_ROLLBACK_ENDS,  /* the former containers start, and end before they are ready */
    SCENE_AGAIN,          /* the same image, with --force */
    SCENE_WORKS
};

struct scene {
    struct deployment deployment;
    struct deploy_options options;
    enum sim_proxy proxy;
    enum scene_work work;
    enum sim_image image; /* of the new candidate */
    bool fixed_policies;  /* the daemon cannot change a restart policy */
    struct simulated_host start;
    const char *before, *after; /* the image that serves at rest before, and after the work */
    unsigned calls;             /* of an undisturbed run */
    bool succeeds;
};

/* Configures one or two units. `mixed`: the second one has the other order. */
void scene_set_units(struct scene *scene, enum deploy_order order, unsigned units, bool mixed);
/* Sets scene->start: two earlier deployments, but for the first one; then the new pointer. */
void scene_prepare(struct scene *scene);
/* Runs the work with other options. */
int scene_run_with(const struct scene *scene, struct simulated_host *sim,
                   const struct deploy_options *options, struct err *err);
int scene_run(const struct scene *scene, struct simulated_host *sim, struct err *err);

const char *scene_work_name(const struct scene *scene);
bool scene_rolls_back(const struct scene *scene);
bool scene_has_stop_first(const struct scene *scene);

#endif
