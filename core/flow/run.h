/*
 * run - runs another program to its end.
 *
 * No shell is used. A name without a slash is searched in the absolute folders of PATH. An empty
 * entry and "." are skipped: they mean the current folder, which may contain a program of another
 * user.
 *
 * The program is in the process group of s3dock. Without `output` it shares the terminal and the
 * standard input, and prints to the standard error of s3dock, because standard output is for
 * results. The program does not outlive s3dock: on a cancel it gets the same signal, and SIGKILL
 * after RUN_PATIENCE_MS. If s3dock is killed, the program gets SIGTERM.
 */
#ifndef S3DOCK_FLOW_RUN_H
#define S3DOCK_FLOW_RUN_H

#include <stdbool.h>

#include "base/bytes.h"
#include "flow/cancel.h"

struct err;

#define RUN_PATIENCE_MS 1000 /* less than SIGNALS_PATIENCE_MS */

/* Receives the output of the program. */
struct run_output {
    void (*take)(void *arg, struct view bytes); /* called for each block of standard output */
    void *arg;
    struct text *errors; /* gets the beginning of standard error, as much as fits */
};

struct run_options {
    const char *const *argv;         /* NULL at the end */
    char *const *env;                /* NULL: the environment of s3dock */
    const char *folder;              /* its working directory; NULL: the current one */
    const struct run_output *output; /* NULL: print to standard error */
    struct view input;               /* its standard input; only with `output` */
    int64_t limit;                   /* ns until it is killed; 0: no limit */
    const struct cancel *cancel;
};

/* Runs the program and waits for its end. Stores the exit code, or 128 + the number of the signal
 * that ended it, in *code. Failures: local.program (cannot be started, took too long), cancelled.
 * No other thread may run at the same time, because a signal handler changes. */
int run_program(const struct run_options *run, int *code, struct err *err);

/* Stores the path of a program, found by the rule above. Returns false if there is none. */
bool run_find(const char *program, char *out, size_t size);

/* Returns a copy of the environment with changes: "NAME=VALUE" sets a variable, "NAME" removes one,
 * "NAME*" removes all with that prefix. `changes` ends with NULL. The caller frees the array, but
 * not its strings. NULL: out of memory. */
char **run_environment(const char *const *changes);

#endif
