/*
 * docker_arguments - the meaning of the user's arguments for docker.
 *
 * The arguments are those of a request: --platform of s3dock, and the words after "--". Only flags
 * that decide about the place and the form of the result are known.
 */
#ifndef S3DOCK_BUILD_DOCKER_ARGUMENTS_H
#define S3DOCK_BUILD_DOCKER_ARGUMENTS_H

#include <stdbool.h>

struct build_request;

/* Returns the value of the last such flag among the user's words. NULL: the flag is missing. */
const char *docker_arguments_value(const struct build_request *request, const char *flag);
/* Returns true if the build makes an image for several platforms. */
bool docker_arguments_several(const struct build_request *request);
/* Returns true if the result goes to other places only: the daemon does not get it. */
bool docker_arguments_elsewhere(const struct build_request *request);
/* Returns true if docker fails with --iidfile, or writes another id than that of the image. */
bool docker_arguments_refuse_iidfile(const struct build_request *request);

#endif
