/*
 * run - the state of one run of a deployment: its units, and the containers of each.
 *
 * O is the container that serves, C the candidate that shall serve. Both point into the list of the
 * last survey.
 */
#ifndef S3DOCK_DEPLOY_RUN_H
#define S3DOCK_DEPLOY_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/deploy_options.h"
#include "deploy/deploy_result.h"
#include "deploy/host.h"
#include "deploy/journal.h"

struct err;

#define UNIT_CONTAINERS_MAX 128 /* more than `keep` may be */

struct deploy_unit {
    unsigned at; /* its number */
    const struct unit_spec *spec;
    char label[LABELS_DEPLOY_MAX];
    struct deploy_recipe recipe;
    struct deploy_unit_result *report;

    /* The last survey. */
    unsigned count;
    struct deploy_container *members[UNIT_CONTAINERS_MAX];
    unsigned generation; /* the highest */
    bool slots_known;
    unsigned slots; /* in rotation, as bits */

    struct deploy_container *serving;   /* O; NULL: none */
    struct deploy_container *candidate; /* C; NULL: none */
    struct deploy_container *former;    /* O before the commit; NULL: none */
    bool unchanged;                     /* O is what the pointer means: no step changes it */
    bool reused;                        /* C existed before this run */
    bool served;                        /* there was an O at the start of the run */
    bool committed;                     /* C has the name */
    int64_t gap_from;                   /* O was stopped then; 0: it was not */
};

struct run {
    const struct deploy_options *options;
    struct deploy_host *host;
    struct deploy_result *result;
    struct journal journal;
    bool journal_lost; /* there was none at the start of the run, or it was damaged */
    struct deploy_want want;
    bool rollback;
    bool fresh;          /* no retired container is started again */
    bool told_strangers; /* the warnings of the survey were printed */
    unsigned container_count;
    unsigned container_max; /* of all units */
    struct deploy_container *containers;
    unsigned unit_count;
    struct deploy_unit units[DEPLOY_UNITS_MAX];
};

/* Fills the run. run_finish frees it, after a failure, too. */
int run_init(struct run *run, struct deploy_host *host, const struct deploy_options *options,
             struct deploy_result *result, struct err *err);
void run_finish(struct run *run);

/* Call the observer. */
void run_phase(const struct run *run, const char *phase, const char *unit);
void run_note(const struct run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void run_warn(const struct run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Warns with a failure that does not end the run. */
void run_warn_of(const struct run *run, const char *what, const struct err *failure);
/* The same for a failure that may be a cancel. Fails with a cancel. */
int run_continue(const struct run *run, const char *what, const struct err *failure,
                 struct err *err);

int64_t run_now(const struct run *run);
/* Sleeps and keeps the watchdog awake. Fails only with a cancel. */
int run_sleep(const struct run *run, int64_t ns, struct err *err);
int run_save_journal(struct run *run, struct err *err);

#endif
