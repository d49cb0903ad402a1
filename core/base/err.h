/*
 * err - the error value of the whole program.
 *
 * A function that can fail takes `struct err *err` as its last parameter. If it fails, it fills the
 * err and returns a negative number. 0 is success; a positive enumerator is another documented
 * result of that function (TAR_END, STORE_ABSENT) and not a failure.
 *
 * Callers add context with err_wrap(); only `cli` prints an err. An err is a plain value: it can be
 * copied into a job and read by another thread.
 */
#ifndef S3DOCK_BASE_ERR_H
#define S3DOCK_BASE_ERR_H

#include <stdbool.h>

/* The kind of a failure. The number is the exit code of the program. */
enum err_family {
    ERR_NONE = 0,
    ERR_INTERNAL = 1,
    ERR_USAGE = 2,        /* arguments or configuration */
    ERR_NOT_FOUND = 3,    /* image, tag, environment, bucket */
    ERR_AUTH = 4,         /* credentials missing, expired, refused */
    ERR_NETWORK = 5,      /* temporary: a repetition may succeed */
    ERR_INTEGRITY = 6,    /* bytes differ from their checksum or format */
    ERR_TRUST = 7,        /* a signature is missing or wrong, or its signer may not sign */
    ERR_CONFLICT = 8,     /* another process was first, or the state forbids it */
    ERR_LOCAL = 9,        /* this machine: disk, memory, permissions */
    ERR_DOCKER = 10,      /* the daemon cannot be reached, or refused */
    ERR_DEPLOY = 11,      /* a deployment failed, and the containers that served before serve */
    ERR_UNSUPPORTED = 12, /* server or daemon lacks a feature */
    ERR_DOWN = 13,        /* a deployment failed, and nothing serves */
    ERR_CANCELLED = 130,
};

struct err {
    enum err_family family;
    char code[32];  /* detail, e.g. "image"; with the family it reads "not_found.image" */
    char text[768]; /* one line: what failed and why */
    char hint[384]; /* what to do next; may be empty */
    bool general;   /* the hint fits many causes: a hint for the code is better */
    /* The operand of the hint that the command line adds: an application, an image. May be
     * empty. */
    char about[256];
};

/* The return value of functions that fail, and of all functions below: `return err_set(...)`. */
#define ERR_FAIL (-1)

/* Fills *err, replaces its old content, and returns ERR_FAIL. Invisible characters of the text
 * become '?', so that a hostile name cannot control the terminal. Never allocates. */
int err_set(struct err *err, enum err_family family, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The same from an errno value: "text: No such file or directory". The family is ERR_LOCAL. The
 * code is "memory" for ENOMEM, "disk_full" (with a hint) for ENOSPC and EDQUOT, "permission" for
 * EACCES, EPERM and EROFS, else the given one. */
int err_errno(struct err *err, int errnum, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Sets local.memory: "out of memory for WHAT". */
int err_memory(struct err *err, const char *what);

/* Puts "context: " before the text. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets the hint and replaces an older one. */
int err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets a general hint, unless there is a hint already. The command line may replace it. */
int err_general_hint(struct err *err, const char *hint);

/* Sets err->about. */
int err_about(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Returns true if the error has this family and this code (codes.h). */
bool err_is(const struct err *err, enum err_family family, const char *code);

/* Returns "not_found", "usage", ... */
const char *err_family_name(enum err_family family);

#endif
