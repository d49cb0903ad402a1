/*
 * watch_hook - runs the command of --hook for an image that was pulled.
 */
#ifndef S3DOCK_CLI_COMMANDS_WATCH_HOOK_H
#define S3DOCK_CLI_COMMANDS_WATCH_HOOK_H

#include "base/clock.h"

struct cancel;
struct err;
struct watch_entry;

#define WATCH_HOOK_LIMIT (30 * 60 * NS_PER_S) /* until the command is killed */

struct watch_hook {
    const char *line; /* for /bin/sh -c */
    const struct cancel *cancel;
    void (*wake)(void *arg); /* called while the command runs */
    void *arg;
};

/* Runs the command with S3DOCK_APP, S3DOCK_ENV, S3DOCK_IMAGE, S3DOCK_IMAGE_ID (`id`) and
 * S3DOCK_PREVIOUS. Its standard output goes to standard error. local.hook: it cannot be started,
 * takes too long, or ends with another exit code than 0. */
int watch_hook_run(const struct watch_hook *hook, const struct watch_entry *entry,
                   const char *image, const char *id, struct err *err);

#endif
