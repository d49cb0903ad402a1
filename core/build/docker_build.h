/*
 * docker_build - the call of docker that a build comes down to.
 */
#ifndef S3DOCK_BUILD_DOCKER_BUILD_H
#define S3DOCK_BUILD_DOCKER_BUILD_H

#include <stdbool.h>

#include "base/bytes.h"

struct err;

#define BUILD_PATH_SIZE 4096
#define BUILD_MORE_MAX  256 /* arguments that are passed on to docker */
#define BUILD_WORDS_MAX (BUILD_MORE_MAX + 16)

struct build_wish {
    const char *program;    /* "docker" */
    const char *tag;        /* "myapp:20250721-2118-f7a5a27" */
    const char *path;       /* where the repository is */
    const char *context;    /* NULL: path */
    const char *dockerfile; /* seen from the context, else from here; "-": standard input */
    const char *platform;   /* NULL: the daemon's own, without buildx */
    const char *const *more;
    unsigned more_count; /* at most BUILD_MORE_MAX */
    bool quiet;
    const char *iidfile; /* where docker writes the id of the image; NULL: nowhere */
};

struct docker_build {
    char context[BUILD_PATH_SIZE];
    char dockerfile[BUILD_PATH_SIZE];
    const char *argv[BUILD_WORDS_MAX]; /* NULL at the end; points into the wish and the plan, which
                                        * must stay where it is */
};

/* Looks for the context and the Dockerfile: local.context, not_found.dockerfile. */
int docker_build_make(const struct build_wish *wish, struct docker_build *out, struct err *err);
/* The call as one could type it into a shell. */
void docker_build_line(const struct docker_build *plan, struct text *out);

#endif
