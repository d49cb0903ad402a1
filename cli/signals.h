/*
 * signals - SIGINT, SIGTERM and SIGHUP ask for an end; asked twice, or not done in time, the end is
 * at once.
 */
#ifndef S3DOCK_CLI_SIGNALS_H
#define S3DOCK_CLI_SIGNALS_H

#include "base/bytes.h"

struct cancel;

#ifndef SIGNALS_PATIENCE_MS
#define SIGNALS_PATIENCE_MS 1800 /* from the signal to the end, come what may */
#endif

/* For the whole life of the process; `cancel` must live as long. SIGHUP stays ignored when it was
 * (nohup). SIGPIPE is ignored: a write to a socket or a pipe that nobody reads fails instead. */
void signals_install(struct cancel *cancel);
/* What is written to `fd` when the end comes at once. Borrowed for the life of the process. */
void signals_last_words(int fd, struct view words);
/* Ends the process as the signal would have ended it, had it not been ignored; with the exit code
 * 128 + signal where that cannot be (the first process of a container). */
_Noreturn void signals_die_of(int signal);

#endif
