/*
 * program - runs another program to its end, beside other threads, with limits.
 *
 * flow/run is for programs that share the terminal with s3dock; it needs a process with one thread.
 */
#ifndef S3DOCK_FLOW_PROGRAM_H
#define S3DOCK_FLOW_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct cancel;

/* Changes for run_environment (flow/run): the program must not notify systemd for s3dock. */
#define PROGRAM_NO_NOTIFY "NOTIFY_SOCKET", "WATCHDOG_*"

struct program {
    const char *what;        /* names the program in errors; NULL: argv[0] */
    const char *const *argv; /* NULL at the end; argv[0] is searched as run_find does (flow/run) */
    const char *line;        /* for `/bin/sh -c`, instead of argv; needs `what` */
    char *const *env;        /* NULL: the environment of s3dock */
    const char *folder;      /* its working directory; NULL: the current one */
    bool on_terminal;        /* it may prompt the user, and has no time limit */
    int64_t limit;           /* ns until it is killed, without a terminal; 0: none */
    const char *late_hint;   /* hint of the error if it takes too long; NULL: none */
    struct text *output;    /* gets its standard output: more than fits is a failure. NULL: standard
                              * output goes to the same place as standard error */
    struct text *errors;    /* gets as much of its standard error as fits, without a terminal.
                              * NULL: it is the standard error of s3dock */
    bool keep_end;          /* `errors` keeps the last bytes, else the first */
    enum err_family family; /* of failures of the program; ERR_NONE: local.program */
    const char *code;
    const struct cancel *cancel;
    void (*wake)(void *arg); /* called at least each CANCEL_TICK while it runs; may be NULL */
    void *arg;
};

/* Runs the program to its end and stores its exit code, or 128 + the signal that ended it. Any
 * thread, while other threads run.
 * On a terminal the program inherits standard input and standard error. Otherwise its standard
 * input is empty, and it leads a process group, which is killed on a cancel and at the time limit.
 * A program that it leaves behind is not waited for. It continues if s3dock is killed.
 * The family and code of `program`: it cannot be started, takes too long, or prints too much.
 * local.program: pipes. cancelled.*. */
int program_run(const struct program *program, int *code, struct err *err);

#endif
