/*
 * deploy - brings the containers of a deployment to the image that its environment means.
 */
#ifndef S3DOCK_DEPLOY_DEPLOY_H
#define S3DOCK_DEPLOY_DEPLOY_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/deploy_result.h"
#include "deploy/spec/deployment.h"
#include "pull/seed/seed_choice.h"
#include "transfer/transfer.h"

struct cancel;
struct docker;
struct docker_endpoint;
struct err;
struct store;
struct text;

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
    struct store *store; /* NULL only for a rollback */
    const struct docker_endpoint *endpoint;
    struct transfer_options transfer; /* of the pull */
    enum reuse reuse;
    const struct cancel *cancel;
    struct deploy_observer observer;
    const char *state_folder; /* of the journals; NULL: the usual one */
    const char *lock_folder;  /* NULL: the usual one */
    int64_t lock_wait;        /* ns to wait for another deployment; 0: fail at once */
    bool blue_green;          /* refuse a unit with a port whose order is stop-first */
    bool force;               /* ends a hold, forgets a failure, deploys even if nothing changed */
    bool dry_run;
    bool offline; /* dry run: creates no container to judge */
    /* watch: respects a hold and remembered failures. A spec that differs from that of the
     * containers is no reason to deploy: files that somebody edits are deployed by hand. */
    bool automatic;
    int64_t heartbeat;   /* of the document of this host: seconds under watch; 0 */
    const char *version; /* of s3dock, for that document */
};

/* The three functions begin with deploy_result_init.
 *
 * Runs one deployment to its end: lock, converge, pull, create, judge, start, gate, switch, observe,
 * commit, drain, stop, prune, record. *result is filled as far as the run came, after a failure,
 * too; deploy_result_finish frees it. Failures before the commit leave what served before serving:
 * deploy.* (exit code 11). down.*: nothing serves (13). conflict.deploy: another run has the lock;
 * conflict.container: a foreign container has the name; conflict.hold: a rollback holds the
 * environment, and `force` is not set. conflict.failed: `automatic`, and this pointer failed with this spec
 * before. The failures of a pull keep their codes. */
int deploy_run(const struct deploy_options *options, struct deploy_result *result, struct err *err);
/* Continues or takes back what an interrupted run left, and does nothing else: reads the daemon, the
 * proxy and the journal, but not the bucket (options->store may be NULL). Cheap if there is nothing
 * to do: watch calls it before each poll. The result has the image that serves, "" for none; the
 * ETag of the pointer that it was deployed from, if the journal has it; hold. Outcome: unchanged,
 * deployed (a run was completed), rolled_back (it was taken back), down. */
int deploy_converge(const struct deploy_options *options, struct deploy_result *result,
                    struct err *err);
/* Switches to the newest retired container that served, or to a new one of its image. Sets a hold
 * on the current pointer. not_found.previous: there is none. */
int deploy_rollback(const struct deploy_options *options, struct deploy_result *result,
                    struct err *err);

#endif
