/*
 * deploy_result - the result of a run of a deployment.
 */
#ifndef S3DOCK_DEPLOY_DEPLOY_RESULT_H
#define S3DOCK_DEPLOY_DEPLOY_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "deploy/gate/gate.h"
#include "deploy/spec/deployment.h"
#include "docker/container.h"
#include "store/store.h"

enum deploy_outcome {
    DEPLOY_FAILED, /* the old container serves */
    DEPLOY_DEPLOYED,
    DEPLOY_UNCHANGED,
    DEPLOY_ROLLED_BACK, /* the candidate served, failed, and was taken back; or --rollback */
    DEPLOY_HELD,
    DEPLOY_DOWN,    /* nothing serves */
    DEPLOY_PLANNED, /* dry run */
};
const char *deploy_outcome_name(enum deploy_outcome outcome); /* "deployed" */

struct deploy_unit_result {
    char unit[64], name[DOCKER_NAME_SIZE];
    char container[DOCKER_ID_SIZE]; /* that serves now, or "" */
    char previous[DOCKER_ID_SIZE];  /* that served before, or "" */
    unsigned generation;
    enum deploy_slot slot;
    struct gate_report gate;
    double gap_seconds; /* of stop-first; 0: none */
    double drain_seconds;
    int64_t drain_left; /* requests or connections that were cut; -1: not known */
    double stop_seconds;
    bool stop_forced; /* SIGKILL was needed */
};

#define DEPLOY_PHASES_MAX 24
struct deploy_phase_time {
    char phase[16];
    double seconds;
};

struct deploy_result {
    enum deploy_outcome outcome;
    char wanted_ref[512]; /* that was to be deployed, or "" */
    char image_ref[512];  /* that serves now, or "" */
    char image_id[DIGEST_TEXT_SIZE];
    char previous_ref[512]; /* that served before, or "" */
    char pointer_etag[STORE_ETAG_MAX];
    unsigned unit_count;
    struct deploy_unit_result units[DEPLOY_UNITS_MAX];
    unsigned phase_count;
    struct deploy_phase_time phases[DEPLOY_PHASES_MAX];
    unsigned pruned_containers, pruned_images;
    bool recorded;    /* the document of this host is in the bucket */
    bool hold;        /* a rollback holds the environment */
    bool repeated;    /* an earlier run had this result */
    bool remembered;  /* the image failed: automatic runs do not try it again */
    struct text plan; /* dry run: one step a line */
    struct text log;  /* the last lines of a candidate that failed */
};

void deploy_result_init(struct deploy_result *result);
void deploy_result_finish(struct deploy_result *result);

#endif
