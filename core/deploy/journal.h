/*
 * journal - the intention of a run of a deployment, in one small file that is replaced as a whole.
 *
 * Containers and proxy decide: names, labels, policies and the state of a container suffice to
 * converge. The journal adds the facts that they cannot show: the candidate that failed, the signal
 * that was sent, the hold, the last failure.
 */
#ifndef S3DOCK_DEPLOY_JOURNAL_H
#define S3DOCK_DEPLOY_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/host.h"
#include "deploy/spec/deployment.h"

struct err;

enum journal_phase {
    JOURNAL_IDLE,
    JOURNAL_PREPARE,  /* candidates are created and tested */
    JOURNAL_EXCHANGE, /* stop-first units are stopped, and their candidates started */
    JOURNAL_SWITCH,   /* candidates are armed and get traffic */
    JOURNAL_BACK,     /* the candidates failed: they are taken back */
    JOURNAL_COMMIT,   /* the candidates serve: they get the names */
    JOURNAL_RETIRE,   /* the former containers are drained and stopped */
    JOURNAL_PHASES
};

struct journal_unit {
    char unit[64];
    char serving[DOCKER_ID_SIZE], candidate[DOCKER_ID_SIZE]; /* or "" */
};

/* A container that got its stop signal. A later start of it needs a new one. */
struct journal_stop {
    char id[DOCKER_ID_SIZE];
    char started_at[48];
    int64_t at; /* wall ns */
};

struct journal_failure {
    char etag[STORE_ETAG_MAX]; /* "": there is none */
    char ref[512]; /* the image: a tag can move while the pointer stays. "": not known */
    char spec[SHA256_HEX_SIZE];
    char code[32];
    char text[512];
};

struct journal {
    enum journal_phase phase;
    bool rebuilt; /* there was none, or it was damaged, since the last commit */
    /* Wall ns; 0: not yet. Later, if a former container was in rotation again after the commit. */
    int64_t committed_at;
    char etag[STORE_ETAG_MAX]; /* of the pointer that the last run read */
    char ref[512];
    char hold[STORE_ETAG_MAX]; /* the environment is held while the pointer has this ETag; or "" */
    char left[512];            /* reference of the image that the rollback left */
    char target[512];          /* of the image that an unfinished rollback returns to; or "" */
    struct journal_failure failure;
    unsigned unit_count;
    struct journal_unit units[DEPLOY_UNITS_MAX];
    unsigned stop_count;
    struct journal_stop stops[DEPLOY_UNITS_MAX];
};

#define JOURNAL_SIZE_MAX (64 * KIB)
#define JOURNAL_HOLD_ANY "*" /* the ETag is not known: every pointer is held */

enum journal_answer {
    JOURNAL_OK = 0,
    JOURNAL_ABSENT = 1,
    JOURNAL_DAMAGED = 2, /* *out is empty */
};
/* Reads the journal of the host, and leaves a damaged one where it is. */
int journal_peek(struct deploy_host *host, struct journal *out, struct err *err);
/* The same, but sets a damaged one aside. */
int journal_load(struct deploy_host *host, struct journal *out, struct err *err);
int journal_save(struct deploy_host *host, const struct journal *journal, struct err *err);
/* Parses a document. False: it is damaged. */
bool journal_parse(struct view text, struct journal *out);
void journal_write(const struct journal *journal, struct text *out);

/* Ends a rollback with a hold on the pointer that was read last, or ends both. */
void journal_set_hold(struct journal *journal, bool hold);
/* Returns true if a commit was announced, and not all that follows was done. */
bool journal_committed(const struct journal *journal);
/* The same for a rollback. */
bool journal_committed_rollback(const struct journal *journal);
/* Returns the entry of a unit, or NULL. */
const struct journal_unit *journal_unit(const struct journal *journal, const char *unit);
/* Removes the entries of units that the deployment does not have any more. So there is room for
 * those that it has. */
void journal_keep_units(struct journal *journal, const struct deployment *deployment);
/* Notes the containers of a unit. */
void journal_set_unit(struct journal *journal, const char *unit, const char *serving,
                      const char *candidate);
/* Returns the note of a stop, or NULL. */
const struct journal_stop *journal_stop(const struct journal *journal,
                                        const struct docker_container *container);
void journal_add_stop(struct journal *journal, const struct docker_container *container,
                      int64_t at);
void journal_drop_stop(struct journal *journal, const char *id);

#endif
