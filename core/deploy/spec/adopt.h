/*
 * adopt - writes the spec of a container that was started by other means: the difference between it
 * and a bare container of the same image.
 */
#ifndef S3DOCK_DEPLOY_SPEC_ADOPT_H
#define S3DOCK_DEPLOY_SPEC_ADOPT_H

#include "base/bytes.h"

struct docker_container;
struct err;

struct adopted {
    struct text container; /* JSON5: the file `container` of the unit, with comments */
    struct text entry;     /* JSON5: the value of deploy.APP.ENV, with comments: "{" to "}" */
    struct text notes;     /* what was left out or changed, and why; one a line */
};

/* Both containers are inspected; `bare` was created from the image of `container` with nothing but
 * the image. `runtime` is the daemon's default runtime, or "". `file`: the key `container` of the
 * entry, a path relative to the folder of the configuration file. usage.container: s3dock created
 * the container. Sends no request. */
int adopt_write(const struct docker_container *container, const struct docker_container *bare,
                const char *runtime, const char *app, const char *env, const char *file,
                struct adopted *out, struct err *err);
/* Writes both files for a new application without a proxy. */
int adopt_init(const char *app, const char *env, const char *file, struct adopted *out,
               struct err *err);
void adopted_finish(struct adopted *adopted);

#endif
