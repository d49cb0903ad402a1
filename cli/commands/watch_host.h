/*
 * watch_host - the bucket, the daemon, the clock and the service manager of `s3dock watch`.
 *
 * A store is opened when it is first used, and once for each profile. The daemon is opened for each
 * use: it may be restarted at any time.
 */
#ifndef S3DOCK_CLI_COMMANDS_WATCH_HOST_H
#define S3DOCK_CLI_COMMANDS_WATCH_HOST_H

#include <stdbool.h>

#include "cli/commands/watch_report.h"
#include "watch/watch.h"

struct cli;
struct err;
struct live_watch;

/* Prepares the host of these entries, which must live as long. With `deploy`, each of them must be
 * in the configuration. Sends no request. Fails with usage.*, not_found.deployment. */
struct live_watch *live_watch_create(struct cli *cli, struct watch_entry *entries, unsigned count,
                                     bool deploy, struct err *err);
void live_watch_destroy(struct live_watch *live); /* takes NULL */
/* Fills the table for watch_run, and reports to the service manager that the service is ready. */
void live_watch_begin(struct live_watch *live, struct watch_host *host);
/* Reports that the service ends. Fails with usage.* if the settings of a bucket are not valid. */
int live_watch_end(struct live_watch *live, struct err *err);
/* Returns the text that identifies this machine in a fleet. */
const char *live_watch_machine(const struct live_watch *live);

#endif
