/*
 * build_result - checks that the image with the name is the result of this build.
 *
 * A successful build may have sent its result elsewhere (--output, --push, a builder without
 * --load). Then an image of an earlier build of this commit may have the name. docker writes the id
 * of the result with --iidfile. If it writes none, the id behind the name must have changed. With
 * containerd's store docker may write the configuration's id, while the daemon has the manifest's.
 * There an unchanged id is accepted, because a fully cached build ends like this, unless an
 * argument of the user sends the result elsewhere.
 */
#ifndef S3DOCK_BUILD_BUILD_RESULT_H
#define S3DOCK_BUILD_BUILD_RESULT_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/digest_text.h"
#include "build/docker_build.h"

struct docker;
struct docker_image;
struct err;

struct build_result {
    char before[DIGEST_TEXT_SIZE]; /* id of the image that had the name before; "": none */
    char iidfile[PATH_MAX];        /* of s3dock or of the user; "": docker writes no id */
    bool ours;
    struct stat was; /* of the user's file, before the build */
};

/* Chooses the file for --iidfile: the user's, if `request` has one, else one of the cache, and sets
 * request->iidfile to it. The caller finishes the result. */
int build_result_begin(struct build_result *result, struct build_request *request, struct err *err);
/* Notes the image that has the name. Call it before the build. */
int build_result_look(struct build_result *result, struct docker *docker, const char *tag,
                      struct err *err);
/* Finds the image after the build. docker.build: it is not the result of the build. */
int build_result_check(const struct build_result *result, struct docker *docker,
                       const struct build_request *request, struct docker_image *image,
                       struct err *err);
/* Gives the name back to the image that had it before the build, or removes it. */
int build_result_undo(const struct build_result *result, struct docker *docker, const char *tag,
                      const char *id, struct err *err);
void build_result_finish(struct build_result *result);

#endif
