/*
 * system - the operations of the operating system and the network that the readers of AWS settings
 * and the sources of credentials use. The program has one real system (credentials/real_system.h);
 * a test has a scripted one.
 *
 * All functions may block. None is called on the http thread of a store. `arg` is passed to each.
 */
#ifndef S3DOCK_AWS_SYSTEM_H
#define S3DOCK_AWS_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct err;

/* A small HTTP request. Strings are borrowed for the time of the call. */
struct web_request {
    const char *method;         /* "GET", "POST", "PUT" */
    const char *url;            /* absolute, escaped */
    const char *const *headers; /* "name: value", lower-case names */
    unsigned header_count;
    struct view body;
    bool direct;          /* a metadata or loopback address: no proxy is used */
    int64_t connect_time; /* ns until connected; 0: the system's default */
    int64_t total_time;   /* ns for all; 0: the system's default */
};

enum web_result {
    WEB_ANSWERED,    /* *answer has a response, of any status */
    WEB_UNREACHABLE, /* refused, no route, no such host, or no connection in time */
    WEB_BROKEN,      /* connected, but no whole response: timeout, reset, TLS, too large */
};

#define WEB_ANSWER_MAX (64 * KIB) /* bytes of a body; more is WEB_BROKEN */

/* The caller calls text_init(&body, WEB_ANSWER_MAX) before and text_finish after. */
struct web_answer {
    int status;
    struct text body;
    int64_t date; /* of the header Date, wall clock ns; 0: none */
    int64_t ttl;  /* of x-aws-ec2-metadata-token-ttl-seconds, in seconds; 0: none */
};

enum system_answer { SYSTEM_OK = 0, SYSTEM_ABSENT = 1 };

struct aws_system {
    void *arg;
    /* Reads a variable. NULL: not set. */
    const char *(*get_env)(void *arg, const char *name);
    /* Appends a whole file to `out`, at most `most` bytes. SYSTEM_ABSENT: no such file. Fails with
     * local.* if the file cannot be read, is no regular file, or is larger. */
    int (*read_file)(void *arg, const char *path, size_t most, struct text *out, struct err *err);
    /* Fails with usage.owner if a user other than this one and root can write the file (owner.h).
     * SYSTEM_ABSENT: no such file. NULL: files have no owners. */
    int (*check_owner)(void *arg, const char *path, struct err *err);
    /* Replaces a file atomically; only its owner may read it. Fails with local.*. */
    int (*write_file)(void *arg, const char *path, struct view content, struct err *err);
    /* Returns the wall clock, ns. */
    int64_t (*now)(void *arg);
    /* Waits. Fails with cancelled.*. */
    int (*wait)(void *arg, int64_t ns, struct err *err);
    /* Sends one request; follows no redirect, repeats nothing. For results other than WEB_ANSWERED,
     * err->text has the reason. A cancel is WEB_BROKEN, and err has the family ERR_CANCELLED. */
    enum web_result (*send)(void *arg, const struct web_request *request, struct web_answer *answer,
                            struct err *err);
    /* Runs `/bin/sh -c line` and appends its standard output to `out` (which bounds it) and the
     * beginning of its standard error to `errors`. Stores the exit code, or 128 + signal. Fails
     * with auth.process (cannot be started, took too long), cancelled.*. */
    int (*run)(void *arg, const char *line, struct text *out, struct text *errors, int *code,
               struct err *err);
    /* Asks the user on the terminal, without echo. SYSTEM_ABSENT: there is no terminal. */
    int (*ask)(void *arg, const char *prompt, char *out, size_t size, struct err *err);
};

#endif
