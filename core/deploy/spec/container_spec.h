/*
 * container_spec - the body of a create: from the file of a unit, its env files, and values of one
 * candidate.
 */
#ifndef S3DOCK_DEPLOY_SPEC_CONTAINER_SPEC_H
#define S3DOCK_DEPLOY_SPEC_CONTAINER_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/json.h"
#include "deploy/spec/unit.h"

struct err;

#define SPEC_ENV_MAX 4096 /* variables */

struct container_spec {
    const struct unit_spec *unit; /* borrowed */
    struct json *json;            /* the file */
    struct text env;              /* merged: "NAME=VALUE", or "NAME" to remove a variable of the
                                     image; each ends with a NUL; secret */
    struct text warnings;         /* about the files, one a line */
    char hash[SHA256_HEX_SIZE];   /* of all that makes a container: file, variables, port, slots */
    char restart[32];             /* policy of the container that serves; default unless-stopped */
    int64_t restart_retries;      /* of on-failure */
};

/* Reads the files. A variable of the container file has precedence over the env files, a later env
 * file over an earlier one. usage.deploy: a file is missing, too large, or malformed.
 * usage.owner: another user can write it. The caller calls container_spec_finish, after a failure,
 * too. */
int container_spec_load(const struct unit_spec *unit, struct container_spec *out, struct err *err);
/* The same from the content of the container file. `variables` are those of the env files:
 * "NAME=VALUE" and a NUL each. */
int container_spec_parse(const struct unit_spec *unit, struct view json5, struct view variables,
                         struct container_spec *out, struct err *err);
void container_spec_finish(struct container_spec *spec);

/* The values of one candidate. */
struct container_creation {
    const char *image; /* id or reference */
    enum deploy_slot slot;
    const char *const *labels; /* "NAME=VALUE", with a NULL at the end */
    bool armed; /* restart policy of the spec, not "no": the daemon cannot change it later */
    const char *api_version; /* of the daemon: before 1.44 only one network fits into the body.
                                NULL: not known, which counts as before */
};
/* Appends the body: restart policy "no", the slot's port on 127.0.0.1 or alias, the labels. `out`
 * contains secrets: text_init_secret. */
int container_spec_body(const struct container_spec *spec,
                        const struct container_creation *creation, struct text *out,
                        struct err *err);
/* Calls `each` for every network that the body does not contain and that must be connected before
 * the start. `endpoint` is its EndpointConfig. */
int container_spec_networks(const struct container_spec *spec,
                            const struct container_creation *creation,
                            int (*each)(void *arg, const char *network, struct view endpoint,
                                        struct err *err),
                            void *arg, struct err *err);

#endif
