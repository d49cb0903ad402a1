/*
 * real_parts - the state of the real host, and its functions by subject. Internal to real_host.
 */
#ifndef S3DOCK_DEPLOY_REAL_PARTS_H
#define S3DOCK_DEPLOY_REAL_PARTS_H

#include "deploy/deploy_options.h"
#include "deploy/deploy_result.h"
#include "deploy/host.h"
#include "deploy/spec/container_spec.h"
#include "deploy/state_files.h"
#include "trust/guard.h"

struct err;

#define REAL_ADDRESS_SIZE 96

struct real_unit {
    const struct unit_spec *spec;
    struct container_spec recipe;
    bool recipe_loaded;
    char addresses[SLOT_COUNT][REAL_ADDRESS_SIZE];
    struct traffic_context context;
    struct traffic *traffic; /* NULL: not opened yet */
};

struct real_host {
    struct deploy_host host; /* first */
    const struct deploy_options *options;
    struct docker *docker; /* NULL: not opened yet */
    struct state_files files;
    struct guarded meant; /* by the pointer, at the last resolve */
    struct real_unit units[DEPLOY_UNITS_MAX];
};

struct real_host *real_of(struct deploy_host *host);
/* Returns the daemon, or NULL and an error. */
struct docker *real_docker(struct deploy_host *host, struct err *err);
struct real_unit *real_unit(struct deploy_host *host, unsigned unit);
void real_warn(const struct real_host *real, const char *text);

/* ---- containers: real_containers.c ---- */
int real_recipe(struct deploy_host *host, unsigned unit, struct deploy_recipe *out,
                struct err *err);
int real_list(struct deploy_host *host, char (*ids)[DOCKER_ID_SIZE], unsigned most, unsigned *count,
              struct err *err);
int real_list_states(struct deploy_host *host, struct deploy_container *out, unsigned most,
                     unsigned *count, struct err *err);
int real_inspect(struct deploy_host *host, const char *which, struct deploy_container *out,
                 struct err *err);
int real_create(struct deploy_host *host, unsigned unit, const struct deploy_creation *creation,
                char id[DOCKER_ID_SIZE], struct err *err);
int real_judge(struct deploy_host *host, unsigned unit, const char *candidate, const char *serving,
               struct text *warnings, struct err *err);
int real_start(struct deploy_host *host, const char *id, struct err *err);
int real_kill(struct deploy_host *host, const char *id, const char *signal, struct err *err);
int real_set_restart(struct deploy_host *host, const char *id, const char *policy, int64_t retries,
                     struct err *err);
int real_rename(struct deploy_host *host, const char *id, const char *name, struct err *err);
int real_remove(struct deploy_host *host, const char *id, bool never_ran, struct err *err);
int real_log(struct deploy_host *host, const struct deploy_container *container, struct text *out,
             struct err *err);

/* ---- traffic, gates, programs: real_readiness.c ---- */
int real_hold(struct deploy_host *host, unsigned unit, enum deploy_slot slot, struct err *err);
int real_enter(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
               struct err *err);
int real_leave(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
               const struct traffic_target *stays, struct err *err);
int real_busy(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
              int64_t *count, struct err *err);
int real_cut(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
             struct err *err);
int real_where(struct deploy_host *host, unsigned unit, unsigned *slots, struct err *err);
int real_gate(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
              bool served, struct gate_report *report, struct err *err);
int real_gate_once(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                   struct gate_report *report, struct err *err);
int real_verify(struct deploy_host *host, const char *url, const char *container, struct err *err);
int real_hook(struct deploy_host *host, const struct deploy_hook *hook, struct err *err);

#endif
