/*
 * signals - SIGINT, SIGTERM and SIGHUP ask for an end; asked twice, or not done in time, the end is
 * at once.
 */
#ifndef S3DOCK_CLI_SIGNALS_H
#define S3DOCK_CLI_SIGNALS_H

struct cancel;

#define SIGNALS_PATIENCE_MS 1800 /* from the signal to the end, come what may */

/* For the whole life of the process; `cancel` must live as long. A signal that was ignored when we
 * started (nohup, a shell's background job) stays ignored. SIGPIPE is ignored. */
void signals_install(struct cancel *cancel);

#endif
