/*
 * run - somebody else's program, run to its end.
 *
 * No shell is involved. The program shares our terminal, standard input and process group; what it
 * prints, on standard output too, goes to our standard error, because standard output is for
 * results. It does not outlive us: when `cancel` asks for an end the program gets the same signal,
 * RUN_PATIENCE_MS later SIGKILL, and if we are killed, SIGTERM.
 */
#ifndef S3DOCK_CLI_RUN_H
#define S3DOCK_CLI_RUN_H

#include <stdbool.h>

#include "flow/cancel.h"

struct err;

#define RUN_PATIENCE_MS 1000 /* less than SIGNALS_PATIENCE_MS */

struct run {
    const char *const *argv; /* NULL at the end; argv[0] is looked for in PATH unless it has a / */
    char *const *env;        /* NULL: ours */
    const struct cancel *cancel;
};

/* Waits for the end. 0 and *code: the exit code, or 128 + the signal that ended it. Failures:
 * local.program (cannot be started), cancelled. Call it while no other thread is at work. */
int run_program(const struct run *run, int *code, struct err *err);

/* A copy of our environment with some variables set ("NAME=VALUE") or left out ("NAME"); `changes`
 * ends with NULL. The array is the caller's (free), its strings are not. NULL: out of memory. */
char **run_environment(const char *const *changes);

#endif
