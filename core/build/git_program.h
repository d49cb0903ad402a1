/*
 * git_program - runs the git program and turns its failures into errors.
 */
#ifndef S3DOCK_BUILD_GIT_PROGRAM_H
#define S3DOCK_BUILD_GIT_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

struct cancel;
struct err;
struct git_head;

#define GIT_SETTINGS_MAX 256

struct git_program {
    char folder[PATH_MAX]; /* its working directory; "": the current one (GIT_DIR is set) */
    bool submodule;        /* variables that name a repository are removed */
    char dir[PATH_MAX];    /* GIT_DIR as an absolute path, or "" */
    char tree[PATH_MAX];   /* the working tree of `dir` */
    const char *index;     /* another index file, or NULL */
    const struct cancel *cancel;
    /* Settings that override those of the repository: "key=" has an empty value. Owned. */
    struct {
        char *key, *value;
    } settings[GIT_SETTINGS_MAX];
    unsigned setting_count;
    unsigned minor; /* of its version, 2.minor */
};

enum git_program_answer { GIT_PROGRAM_OK = 0, GIT_PROGRAM_ABSENT = 1 };

/* Begins in `path`. GIT_PROGRAM_ABSENT, with the reason in `why`: PATH has no suitable git. The
 * caller ends it after every result. */
int git_program_begin(struct git_program *git, const char *path, const struct cancel *cancel,
                      char *why, size_t size, struct err *err);
/* Makes the settings that every call has. git_program_begin calls it. */
int git_program_guard(struct git_program *git, struct err *err);
void git_program_end(struct git_program *git);

/* Adds a setting for all later calls. unset_all removes these, but not those of
 * git_program_guard. */
int git_program_set(struct git_program *git, const char *key, const char *value, struct err *err);
void git_program_unset_all(struct git_program *git);

/* Runs `git WORDS...` (a list that ends with NULL) and passes its output to `take`. *code gets the
 * exit code, `errors` the standard error. */
struct git_call {
    const char *const *words;
    void (*take)(void *arg, struct view bytes); /* NULL: dropped */
    void *arg;
    struct view input;
    int code;
    struct text errors; /* finished by the caller */
};
int git_program_run(const struct git_program *git, struct git_call *call, struct err *err);
/* The same, but an exit code other than 0 is a failure. */
int git_program_must(const struct git_program *git, const char *const *words,
                     void (*take)(void *arg, struct view bytes), void *arg, struct view input,
                     struct err *err);
/* A `take` that appends to a struct text. */
void git_program_text(void *arg, struct view bytes);
/* The same for one line of output, without its end. */
int git_program_line(const struct git_program *git, const char *const *words, char *out,
                     size_t size, struct err *err);

/* Reads the root of the working tree, HEAD and its time. Moves `git` to the root. */
int git_program_head(struct git_program *git, struct git_head *out, struct err *err);

#endif
