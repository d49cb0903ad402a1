/*
 * fleet - the hosts of an application, compared with the pointers of its environments.
 */
#ifndef S3DOCK_CATALOG_FLEET_H
#define S3DOCK_CATALOG_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/name.h"
#include "catalog/strings.h"
#include "store/store.h"

struct err;

enum fleet_mark {
    FLEET_DOWN,   /* nothing serves */
    FLEET_FAILED, /* the last deployment failed; the old container serves */
    FLEET_SILENT, /* the host watches, and missed three documents */
    FLEET_BEHIND, /* it does not run the image of the environment */
    FLEET_HELD,   /* a rollback on the host holds the environment */
    FLEET_MARKS
};
const char *fleet_mark_name(enum fleet_mark mark); /* "down" */

/* Texts belong to the fleet; "" for what the document lacks. */
struct fleet_host {
    const char *environment, *host, *image_ref, *image_id, *result, *error_code, *since, *seen,
        *previous, *version;
    int64_t heartbeat; /* seconds; 0: it does not watch */
    bool marks[FLEET_MARKS];
};

struct fleet_environment {
    char env[NAME_ENV_MAX];
    char image[512];                /* "": the pointer is missing or cannot be read */
    char version[NAME_VERSION_MAX]; /* that the pointer leads to, or "" */
    size_t first, count;            /* its hosts */
};

struct fleet {
    struct strings strings;
    struct fleet_host *hosts; /* A to Z in each environment */
    size_t host_count, host_room;
    struct fleet_environment *environments; /* A to Z */
    size_t environment_count;
    size_t marked[FLEET_MARKS]; /* number of hosts with the mark */
    int64_t now;                /* wall ns, of the store if it sends a date */
};

/* Reads the pointers and the documents of the hosts. `env` NULL: of all environments. Objects that
 * cannot be read add lines to `warnings`. not_found.environment: `env` has neither a pointer nor a
 * host. Call fleet_finish after a failure, too. About 1 KB a host. */
int fleet_read(struct store *store, const char *app, const char *env, struct fleet *out,
               struct text *warnings, struct err *err);
void fleet_finish(struct fleet *fleet);

#endif
