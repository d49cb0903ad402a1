/*
 * signals - SIGINT, SIGTERM and SIGHUP request the end of the program. A second signal, or a
 * timeout, ends it immediately.
 */
#ifndef S3DOCK_CLI_SIGNALS_H
#define S3DOCK_CLI_SIGNALS_H

#include "base/bytes.h"

struct cancel;

#ifndef SIGNALS_PATIENCE_MS
#define SIGNALS_PATIENCE_MS 1800 /* maximum time from the signal to the end */
#endif

/* Installs the handlers for the life of the process; `cancel` must live as long. An ignored SIGHUP
 * stays ignored (nohup). SIGPIPE is ignored, so that a write to a closed pipe or socket fails.
 * SIGCHLD gets its default action, so that exit codes of programs arrive. */
void signals_install(struct cancel *cancel);
/* Sets the message for `fd` if the process ends immediately. Borrowed for the life of the process.
 */
void signals_last_words(int fd, struct view words);
/* Ends the process by the signal, although it is ignored. Where the signal does not end the process
 * (the first process of a container), exits with 128 + signal. */
_Noreturn void signals_die_of(int signal);

#endif
