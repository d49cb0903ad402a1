/*
 * docker_build - makes the command line of docker for a build.
 */
#ifndef S3DOCK_BUILD_DOCKER_BUILD_H
#define S3DOCK_BUILD_DOCKER_BUILD_H

#include <stdbool.h>

#include "base/bytes.h"

struct err;

#define BUILD_PATH_SIZE      4096
#define BUILD_MORE_MAX       256 /* arguments that are passed to docker */
#define BUILD_WORDS_MAX      (BUILD_MORE_MAX + 16)
#define BUILD_PLATFORMS_SIZE 1024

struct build_request {
    const char *program; /* "docker" */
    const char *tag;     /* "myapp:20250721-2118-f7a5a27" */
    const char *path;    /* of the repository */
    const char *context; /* NULL: path */
    /* relative to the context, else to the current folder; "-": standard input */
    const char *dockerfile;
    /* as docker_build_platforms writes them; NULL: the platform of the daemon, without buildx */
    const char *platform;
    const char *const *more;
    unsigned more_count; /* at most BUILD_MORE_MAX */
    bool quiet;
    const char *iidfile; /* file in which docker writes the id of the image; NULL: none */
};

struct docker_build {
    char context[BUILD_PATH_SIZE];
    char dockerfile[BUILD_PATH_SIZE];
    /* ends with NULL; points into the request and the plan, which must not move */
    const char *argv[BUILD_WORDS_MAX];
};

/* Copies a list of platforms as buildx reads it: without blanks and empty items. usage.value: no
 * item, or too long. */
int docker_build_platforms(const char *text, char out[BUILD_PLATFORMS_SIZE], struct err *err);
/* Finds the context and the Dockerfile, and makes argv. local.context, not_found.dockerfile. */
int docker_build_make(const struct build_request *request, struct docker_build *out,
                      struct err *err);
/* Appends the command as a line for a shell. */
void docker_build_line(const struct docker_build *plan, struct text *out);

#endif
