/*
 * err - the one error value.
 *
 * A function that can fail takes `struct err *err` as its last parameter, writes it only when it
 * fails, and returns a negative number then. 0 is done; a positive enumerator is a documented
 * answer of that function (TAR_END, STORE_ABSENT) and not a failure.
 *
 * Text is added on the way up with err_wrap(); it is printed in `cli` and nowhere else. An err is a
 * plain value: copy it into a job, hand the job to another thread, read it there.
 */
#ifndef S3DOCK_BASE_ERR_H
#define S3DOCK_BASE_ERR_H

#include <stdbool.h>

/* What kind of thing went wrong. The number is the exit code of the program. */
enum err_family {
    ERR_NONE = 0,
    ERR_INTERNAL = 1,
    ERR_USAGE = 2,     /* arguments or configuration */
    ERR_NOT_FOUND = 3, /* image, tag, environment, bucket */
    ERR_AUTH = 4,      /* credentials missing, expired, refused */
    ERR_NETWORK = 5,   /* temporary: doing it again may help */
    ERR_INTEGRITY = 6, /* bytes are not what they should be */
    ERR_SIGNATURE = 7,
    ERR_CONFLICT = 8, /* somebody else was first, or the state forbids it */
    ERR_LOCAL = 9,    /* this machine: disk, memory, permissions */
    ERR_DOCKER = 10,  /* the daemon is away, or said no */
    ERR_DEPLOY = 11,
    ERR_UNSUPPORTED = 12, /* server or daemon lacks something that is needed */
    ERR_CANCELLED = 130,
};

struct err {
    enum err_family family;
    char code[32];  /* detail, e.g. "image"; with the family it reads "not_found.image" */
    char text[768]; /* one line: what failed and why */
    char hint[384]; /* what to do next; may be empty */
    /* The operand of the hint that the command line adds: an application, an image. May be empty. */
    char about[256];
};

/* The return value of everything that fails, so that `return err_set(...)` reads well. */
#define ERR_FAIL (-1)

/* Fills *err (dropping what it held) and returns ERR_FAIL. Control characters in the text become
 * '?', so that a hostile name cannot paint the terminal. Never allocates. */
int err_set(struct err *err, enum err_family family, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The same from an errno value: "text: No such file or directory". The family is ERR_LOCAL. ENOSPC
 * becomes code "disk_full" with a hint, EACCES/EPERM "permission", other values the given code. */
int err_errno(struct err *err, int errnum, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* "out of memory" for the thing named. */
int err_memory(struct err *err, const char *what);

/* Puts "context: " before the text. Returns ERR_FAIL. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets the hint (replacing an older one). Returns ERR_FAIL. */
int err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Sets err->about. Returns ERR_FAIL. */
int err_about(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Returns whether the error has this family and this code (codes.h). */
bool err_is(const struct err *err, enum err_family family, const char *code);

/* "not_found", "usage", ... */
const char *err_family_name(enum err_family family);

#endif
