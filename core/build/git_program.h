/*
 * git_program - one call of the git program, and what its failures mean.
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
    char folder[PATH_MAX]; /* where it starts; "": where we are (GIT_DIR is set) */
    bool submodule;        /* variables that name a repository do not count */
    char dir[PATH_MAX];    /* of GIT_DIR, made absolute; or "" */
    char tree[PATH_MAX];   /* of `dir`: the working tree */
    const char *index;     /* another index file, or NULL */
    const struct cancel *cancel;
    /* Settings that outweigh those of the repository: "key=" has an empty value. Owned. */
    struct {
        char *key, *value;
    } settings[GIT_SETTINGS_MAX];
    unsigned setting_count;
    unsigned minor; /* of its version, 2.minor */
};

enum git_program_answer { GIT_PROGRAM_OK = 0, GIT_PROGRAM_ABSENT = 1 };

/* Begins in `path`. GIT_PROGRAM_ABSENT and the reason in `why` when no git that suffices is in
 * PATH. The caller ends it, whatever the answer is. */
int git_program_begin(struct git_program *git, const char *path, const struct cancel *cancel,
                      char *why, size_t size, struct err *err);
/* The settings that every call has. git_program_begin makes them. */
int git_program_guard(struct git_program *git, struct err *err);
void git_program_end(struct git_program *git);

/* A setting for the calls that follow; unset_all keeps those of git_program_guard. */
int git_program_set(struct git_program *git, const char *key, const char *value, struct err *err);
void git_program_unset_all(struct git_program *git);

/* Runs `git WORDS...` (a list that ends with NULL); its output goes to `take`. *code is the exit
 * code; what it said on standard error is in `errors`. */
struct git_call {
    const char *const *words;
    void (*take)(void *arg, struct view bytes); /* NULL: dropped */
    void *arg;
    struct view input;
    int code;
    struct text errors; /* finished by the caller */
};
int git_program_run(const struct git_program *git, struct git_call *call, struct err *err);
/* The same; an exit code other than 0 is a failure. */
int git_program_must(const struct git_program *git, const char *const *words,
                     void (*take)(void *arg, struct view bytes), void *arg, struct view input,
                     struct err *err);
/* A `take` that adds to a struct text. */
void git_program_text(void *arg, struct view bytes);
/* The same, for one line of output (without its end). */
int git_program_line(const struct git_program *git, const char *const *words, char *out,
                     size_t size, struct err *err);

/* The root of the working tree, HEAD and its time; moves `git` to the root. */
int git_program_head(struct git_program *git, struct git_head *out, struct err *err);

#endif
