/*
 * deploy - brings the containers of a deployment to the image that its environment means.
 */
#ifndef S3DOCK_DEPLOY_DEPLOY_H
#define S3DOCK_DEPLOY_DEPLOY_H

#include "deploy/deploy_options.h"
#include "deploy/deploy_result.h"

struct err;

/* The three functions begin with deploy_result_init.
 *
 * Runs one deployment to its end: lock, converge, pull, create, judge, start, gate, switch,
 * observe, commit, drain, stop, prune, record. *result is filled as far as the run came, after a
 * failure, too; deploy_result_finish frees it. After a failure before the commit, the old container
 * serves: deploy.* (exit code 11). down.*: nothing serves (13). conflict.deploy: another run has
 * the lock; conflict.container: a foreign container has the name; conflict.hold: a rollback holds
 * the environment, and `force` is not set. conflict.failed: `automatic`, and this pointer failed
 * with this spec before. The failures of a pull keep their codes. */
int deploy_run(const struct deploy_options *options, struct deploy_result *result, struct err *err);
/* Continues or takes back an interrupted run, and deploys nothing. Reads the daemon, the proxy
 * and the journal, but not the bucket (options->store may be NULL). Cheap if there is nothing to
 * do: watch calls it before each poll. The result has the image that serves, "" for none; the ETag
 * of the pointer that it was deployed from, if the journal has it; hold. Outcome: deployed (a run
 * was completed), rolled_back (it was taken back), down, unchanged: no run was interrupted. What
 * users and proxies changed is repaired nevertheless. */
int deploy_converge(const struct deploy_options *options, struct deploy_result *result,
                    struct err *err);
/* Switches to the newest retired container that served, or to a new one of its image. Sets a hold
 * on the current pointer. not_found.previous: there is none. */
int deploy_rollback(const struct deploy_options *options, struct deploy_result *result,
                    struct err *err);

#endif
