/*
 * simulated_parts - the functions of the simulated host by subject. Internal to simulated_host.
 */
#ifndef S3DOCK_TESTS_KIT_SIMULATED_PARTS_H
#define S3DOCK_TESTS_KIT_SIMULATED_PARTS_H

#include "kit/simulated_host.h"

struct err;

/* ---- calls: simulated_call.c ---- */
struct simulated_host *sim_of(struct deploy_host *host);
/* Counts the call of the function `name` ("sim_..."). Fails if the call must not have its
 * effect. */
int sim_begin_call(struct simulated_host *sim, const char *name, struct err *err);
#define sim_before(sim, err) sim_begin_call(sim, __func__, err)
/* Checks the rules after the effect. Returns `answer`, or fails if the call must fail. */
int sim_after(struct simulated_host *sim, int answer, struct err *err);
/* Sets the error of a killed process. Returns ERR_FAIL. */
int sim_fail_dead(struct err *err);

/* ---- containers: simulated_daemon.c ---- */
/* Returns the container with this id or name, or NULL. */
struct sim_container *sim_find(struct simulated_host *sim, const char *which);
void sim_run_container(struct simulated_host *sim, struct sim_container *container);
/* It was stopped, or the machine ended it. */
void sim_end_container(struct sim_container *container);
/* It ends by itself. */
void sim_exit_container(struct simulated_host *sim, struct sim_container *container);
/* Writes the image id of a reference. */
void sim_image_id(const char *ref, char out[DIGEST_TEXT_SIZE]);
int sim_list(struct deploy_host *host, char (*ids)[DOCKER_ID_SIZE], unsigned most, unsigned *count,
             struct err *err);
int sim_list_states(struct deploy_host *host, struct deploy_container *out, unsigned most,
                    unsigned *count, struct err *err);
int sim_inspect(struct deploy_host *host, const char *which, struct deploy_container *out,
                struct err *err);
int sim_create(struct deploy_host *host, unsigned unit, const struct deploy_creation *creation,
               char id[DOCKER_ID_SIZE], struct err *err);
int sim_judge(struct deploy_host *host, unsigned unit, const char *candidate, const char *serving,
              struct text *warnings, struct err *err);
int sim_start(struct deploy_host *host, const char *id, struct err *err);
int sim_kill(struct deploy_host *host, const char *id, const char *signal, struct err *err);
int sim_set_restart(struct deploy_host *host, const char *id, const char *policy, int64_t retries,
                    struct err *err);
int sim_rename(struct deploy_host *host, const char *id, const char *name, struct err *err);
int sim_remove(struct deploy_host *host, const char *id, bool never_ran, struct err *err);
int sim_log(struct deploy_host *host, const struct deploy_container *container, struct text *out,
            struct err *err);

/* ---- traffic, gates, hooks: simulated_proxy.c ---- */
int sim_hold(struct deploy_host *host, unsigned unit, enum deploy_slot slot, struct err *err);
int sim_enter(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
              struct err *err);
int sim_leave(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
              const struct traffic_target *stays, struct err *err);
int sim_busy(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
             int64_t *count, struct err *err);
int sim_cut(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
            struct err *err);
int sim_where(struct deploy_host *host, unsigned unit, unsigned *slots, struct err *err);
int sim_gate(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
             bool served, struct gate_report *report, struct err *err);
int sim_gate_once(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                  struct gate_report *report, struct err *err);
int sim_verify(struct deploy_host *host, const char *url, const char *container, struct err *err);
int sim_hook(struct deploy_host *host, const struct deploy_hook *hook, struct err *err);

#endif
