/*
 * history - reads the promotions of environments from the audit log, newest first.
 */
#ifndef S3DOCK_CATALOG_HISTORY_H
#define S3DOCK_CATALOG_HISTORY_H

#include "catalog/audit.h"
#include "store/store.h"

struct err;

struct history_event {
    struct audit_event event; /* a promotion */
    int64_t when;             /* its timestamp, ns; 0: it has none */
    const char *key;          /* borrowed */
};

/* Receives an event. Returns 0 to continue with the next older one, another value to stop. */
typedef int history_fn(void *arg, const struct history_event *event);

/* Reads month by month, from the newest one, and only as many as the callback needs. `env` NULL:
 * all environments. Each event that cannot be read, or is no promotion of the application, adds a
 * line to `warnings`. A log without events is not a failure. */
int history_read(struct store *store, const char *app, const char *env, history_fn *each, void *arg,
                 struct text *warnings, struct err *err);

#endif
