/*
 * build_result - whether the image that bears the name after a build is the one of this build.
 *
 * A build that ends well may have put its result elsewhere (--output, --push, a builder without
 * --load), while an image of an earlier build of this commit has the name. docker writes the id of
 * what it built with --iidfile; where it writes none, the name must have moved. With containerd's
 * store docker may write another kind of id than the daemon has (the configuration's, not the
 * manifest's): an id that did not move is believed there unless the user's words send the result
 * elsewhere, because a build that is all cached ends in the same way.
 */
#ifndef S3DOCK_CLI_BUILD_RESULT_H
#define S3DOCK_CLI_BUILD_RESULT_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "cli/build_plan.h"

struct docker;
struct docker_image;
struct err;

struct build_result {
    char before[80];        /* id of the image that had the name; "" when none had */
    char iidfile[PATH_MAX]; /* ours, or the user's; "" when docker is not asked for one */
    bool ours;
    struct stat was; /* of the user's file, before */
};

/* Chooses the file for --iidfile: the user's, when `wish` has one, else one of the cache, which
 * wish->iidfile is set to. The caller finishes the result. */
int build_result_begin(struct build_result *result, struct build_wish *wish, struct err *err);
/* Before the build. */
int build_result_look(struct build_result *result, struct docker *docker, const char *tag,
                      struct err *err);
/* After it: 0 and the image, or docker.build. */
int build_result_check(const struct build_result *result, struct docker *docker,
                       const struct build_wish *wish, struct docker_image *image, struct err *err);
/* Takes the name back from the image of this build: the one that had it before has it again, or
 * none. */
int build_result_undo(const struct build_result *result, struct docker *docker, const char *tag,
                      const char *id, struct err *err);
void build_result_finish(struct build_result *result);

#endif
