/*
 * helper - runs the program of credential_process.
 */
#ifndef S3DOCK_CREDENTIALS_HELPER_H
#define S3DOCK_CREDENTIALS_HELPER_H

#include <stdbool.h>

#include "base/bytes.h"

struct cancel;
struct err;

struct helper {
    const char *line;    /* for `/bin/sh -c` */
    char *const *env;    /* its environment */
    bool on_terminal;    /* it may ask the user, and has no time limit */
    int64_t limit;       /* ns until it is killed, without a terminal */
    struct text *output; /* gets its standard output; a larger one is a failure */
    struct text *errors; /* gets the beginning of its standard error, without a terminal */
    const struct cancel *cancel;
};

/* Runs the program to its end and stores its exit code, or 128 + the signal that ended it. Any
 * thread, while other threads run.
 * On a terminal the program inherits standard input and standard error. Otherwise its standard
 * input is empty, and it leads a process group, which is killed on a cancel and at the time limit.
 * auth.process: it cannot be started, takes too long, or prints too much. cancelled.*. */
int helper_run(const struct helper *helper, int *code, struct err *err);

#endif
