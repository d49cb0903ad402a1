/*
 * watch - follows environments: polls their pointers, pulls ahead, and deploys, one at a time.
 *
 * The loop has no clock, no bucket and no daemon of its own: struct watch_host has them. The
 * program has a real one (cli/commands/watch.c); tests have one in virtual time.
 *
 * Each entry has four kinds of steps, each with its own time: `converge` continues or takes back an
 * interrupted run; `poll` reads the pointer in the bucket; `work` pulls and deploys the image of
 * the last poll; `heartbeat` writes the document of this host. The loop runs the step that is due
 * first, then sleeps until the next. A failure of one step delays that step of that entry only.
 */
#ifndef S3DOCK_WATCH_WATCH_H
#define S3DOCK_WATCH_WATCH_H

#include "watch/entry.h"

/* Runs until the host reports a stop: returns 0. Negative: an event cannot be reported. All other
 * failures are warnings, and are tried again. */
int watch_run(const struct watch_options *options, const struct watch_host *host,
              struct watch_entry *entries, unsigned count, struct err *err);

#endif
