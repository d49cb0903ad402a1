/*
 * deploy_options - the request of a run of a deployment, and the observer of its progress.
 */
#ifndef S3DOCK_DEPLOY_DEPLOY_OPTIONS_H
#define S3DOCK_DEPLOY_DEPLOY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/spec/deployment.h"
#include "pull/seed/seed_choice.h"
#include "transfer/transfer.h"

struct cancel;
struct docker_endpoint;
struct guard;
struct store;

/* Notices of a run, for the progress on the terminal and for the watchdog of systemd. All members
 * may be NULL. Called on the thread of the caller. */
struct deploy_observer {
    void *arg;
    void (*phase)(void *arg, const char *phase, const char *unit); /* a phase begins */
    void (*note)(void *arg, const char *text);
    void (*warn)(void *arg, const char *text);
    void (*wake)(void *arg); /* at least every second inside of a wait that has a limit */
};

struct deploy_options {
    const struct deployment *deployment;
    struct store *store;       /* NULL only for a rollback */
    const struct guard *guard; /* the demanded signatures; NULL: none */
    const struct docker_endpoint *endpoint;
    struct transfer_options transfer; /* of the pull */
    enum reuse reuse;
    const struct cancel *cancel;
    struct deploy_observer observer;
    const char *state_folder; /* of the journals; NULL: the usual one */
    const char *lock_folder;  /* NULL: the usual one */
    int64_t lock_wait;        /* ns to wait for another deployment; 0: fail at once */
    bool blue_green;          /* refuse a unit with a port whose order is stop-first */
    bool force; /* ends a hold, ignores an earlier failure, deploys even if nothing changed */
    bool dry_run;
    bool offline; /* dry run: creates no container to judge */
    /* watch: respects a hold and remembered failures. A spec that differs from that of the
     * containers is not deployed: a user deploys edited files by hand. */
    bool automatic;
    int64_t heartbeat;   /* of the document of this host: seconds under watch; 0 */
    const char *version; /* of s3dock, for that document */
};

#endif
