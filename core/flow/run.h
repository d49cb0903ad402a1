/*
 * run - another program, run to its end.
 *
 * No shell is involved. A name without a slash is looked for in the absolute folders of PATH: an
 * empty entry or "." means the current folder, which may hold a program of somebody else.
 *
 * The program is in our process group. Unless its output is taken, it shares our terminal and
 * standard input, and what it prints, on standard output too, goes to our standard error, because
 * standard output is for results. It does not outlive us: when `cancel` asks for an end the program
 * gets the same signal, RUN_PATIENCE_MS later SIGKILL, and if we are killed, SIGTERM.
 */
#ifndef S3DOCK_FLOW_RUN_H
#define S3DOCK_FLOW_RUN_H

#include <stdbool.h>

#include "base/bytes.h"
#include "flow/cancel.h"

struct err;

#define RUN_PATIENCE_MS 1000 /* less than SIGNALS_PATIENCE_MS */

/* Output that is taken instead of printed. */
struct run_output {
    void (*take)(void *arg, struct view bytes); /* standard output, as it comes */
    void *arg;
    struct text *errors; /* standard error, as much as fits */
};

struct run {
    const char *const *argv;         /* NULL at the end */
    char *const *env;                /* NULL: ours */
    const char *folder;              /* where it starts; NULL: where we are */
    const struct run_output *output; /* NULL: to our standard error */
    struct view input;               /* its standard input, when `output` is set */
    int64_t limit;                   /* ns until it is killed; 0: none */
    const struct cancel *cancel;
};

/* Waits for the end. 0 and *code: the exit code, or 128 + the signal that ended it. Failures:
 * local.program (cannot be started, took too long), cancelled. Call it while no other thread is at
 * work. */
int run_program(const struct run *run, int *code, struct err *err);

/* Where a program is, by the rule above. False: nowhere. */
bool run_find(const char *program, char *out, size_t size);

/* A copy of our environment with some variables set ("NAME=VALUE") or left out ("NAME", or "NAME*"
 * for all that begin so); `changes` ends with NULL. The array is the caller's (free), its strings
 * are not. NULL: out of memory. */
char **run_environment(const char *const *changes);

#endif
