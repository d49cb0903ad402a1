/*
 * work - the step that brings the wanted image of an entry to this host: pull, wait for the splay,
 * deploy or hook.
 */
#ifndef S3DOCK_WATCH_WORK_H
#define S3DOCK_WATCH_WORK_H

#include "watch/entry.h"

struct err;

/* Runs the next part that is due, and sets the time of the next one. Fails only if a change cannot
 * be reported. */
int work_run(const struct watch *watch, struct watch_entry *entry, struct err *err);

#endif
