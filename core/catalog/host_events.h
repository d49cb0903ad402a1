/*
 * host_events - the events that hosts report of an environment: deployments, rollbacks, failures.
 */
#ifndef S3DOCK_CATALOG_HOST_EVENTS_H
#define S3DOCK_CATALOG_HOST_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "catalog/strings.h"
#include "store/store.h"

struct err;

/* Texts belong to the list. */
struct host_event {
    int64_t when;   /* ns; 0: the event has no time */
    const char *at; /* RFC 3339, or "" */
    const char *host, *result, *image_ref, *error_code;
};

struct host_events {
    struct strings strings;
    struct host_event *items; /* newest first */
    size_t count, room;
};

/* Reads the last events of every host: at most DEPLOYED_EVENTS_MAX each. Documents that cannot be
 * read add lines to `warnings`. A key that may not read the documents of hosts gets an empty list.
 * Call host_events_finish after a failure, too. */
int host_events_read(struct store *store, const char *app, const char *env, struct host_events *out,
                     struct text *warnings, struct err *err);
void host_events_finish(struct host_events *events);

#endif
