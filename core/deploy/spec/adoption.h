/*
 * adoption - the work of adopt: two inspects, and the spec that is written from their difference.
 */
#ifndef S3DOCK_DEPLOY_SPEC_ADOPTION_H
#define S3DOCK_DEPLOY_SPEC_ADOPTION_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/json_copy.h"
#include "base/json_write.h"

struct docker_container;

#define ADOPT_NAME_SIZE 256
#define ADOPT_ID_SIZE   12 /* digits of the short form of an id */

struct adoption {
    const struct docker_container *container, *bare;
    struct json_node config, host; /* of the container */
    struct json_node bare_config, bare_host;
    const char *runtime;  /* the default one, or "" */
    struct json_writer w; /* of the container file */
    struct text left;     /* comments: members that were left out */
    struct text *notes;
    bool fixed; /* a setting cannot be in two containers at the same time */
};

/* Returns true if the container has a value that the bare one does not have. Unlike for a judge, 0
 * and false differ from a value that is not set: StopTimeout, Init and others have another
 * default. */
bool adoption_differs(struct json_node value, struct json_node bare);
/* Write their part of the container file. */
void adoption_config(struct adoption *a);
void adoption_host(struct adoption *a);
void adoption_networks(struct adoption *a);

/* Writes the elements of a list that `without` does not have, if there are any. */
void adoption_list(struct adoption *a, const char *name, struct json_node list,
                   struct json_node without);
/* Appends a line to the notes. */
void adoption_note(struct adoption *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Adds a member that is left out to the comments and to the notes. */
void adoption_leave(struct adoption *a, const char *path, struct json_node value,
                    const char *reason);
/* Returns true if a volume has a name that the daemon made. */
bool adoption_anonymous(struct json_node mount, char name[ADOPT_NAME_SIZE]);
/* Returns true if an anonymous volume is mounted at the path. */
bool adoption_at_anonymous(const struct adoption *a, struct json_node path);

#endif
