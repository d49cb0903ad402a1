/*
 * history - what the audit log tells of environments, newest first.
 */
#ifndef S3DOCK_CATALOG_HISTORY_H
#define S3DOCK_CATALOG_HISTORY_H

#include "catalog/audit.h"
#include "store/store.h"

struct err;

struct history_event {
    struct audit_event event; /* a promotion */
    int64_t when;             /* its timestamp, ns; 0 when it has none */
    const char *key;          /* borrowed */
};

/* 0: go on to an older one; anything else: enough. */
typedef int history_fn(void *arg, const struct history_event *event);

/* Reads month after month, backwards, only as many as are needed. `env` NULL: of all environments.
 * Events that cannot be read are lines in `warnings`. Absence of all events is no failure: nobody
 * is called. */
int history_read(struct store *store, const char *app, const char *env, history_fn *each, void *arg,
                 struct text *warnings, struct err *err);

#endif
