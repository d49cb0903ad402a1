/*
 * own_platform - the platform of the image that is pushed.
 */
#ifndef S3DOCK_PUSH_OWN_PLATFORM_H
#define S3DOCK_PUSH_OWN_PLATFORM_H

#include "catalog/platform.h"
#include "docker/docker.h"
#include "push/options.h"

struct err;

/* Any platform if one of the first two parts is missing. */
struct platform own_platform_of(const char *os, const char *architecture, const char *variant);

/* Asks the daemon for the image, and chooses its platform: the wanted one, or that of `local`,
 * which is what the daemon reports. If it is another one of several, `local` describes that,
 * without layers, and *chosen is set; else *chosen has the os "". not_found.image;
 * not_found.platform: the daemon does not have the platform. */
int own_platform_inspect(const struct push_options *options, struct docker_image *local,
                         struct docker_platform *chosen, struct platform *out, struct err *err);
/* Fails with not_found.platform if the image of an archive has another platform than the wanted
 * one. */
int own_platform_check(const struct push_options *options, const struct platform *actual,
                       struct err *err);

#endif
