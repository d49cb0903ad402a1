/*
 * deployments - reads the documents of all hosts of an application.
 */
#ifndef S3DOCK_CATALOG_DEPLOYMENTS_H
#define S3DOCK_CATALOG_DEPLOYMENTS_H

#include "catalog/deployed.h"
#include "store/store.h"

struct err;

struct deployments {
    int64_t
        now; /* wall ns: of the store, if its responses have a date; set before the first call */
    bool unsure; /* the list may be incomplete */
};

/* Receives one document, with application, environment and host of its key. In the order of
 * arrival. A value other than 0 fails the whole call. */
typedef int deployments_fn(void *arg, const struct deployed *deployed, struct err *err);

/* Lists deployments/{app}/ once (`env` NULL: all environments) and reads every document. Each one
 * that cannot be read, or that names another place than its key, adds a line to `warnings`. No
 * documents are no failure. auth.denied: the key may not list or read them. */
int deployments_read(struct store *store, const char *app, const char *env,
                     struct deployments *deployments, deployments_fn *each, void *arg,
                     struct text *warnings, struct err *err);

/* Returns true if the host promised documents and missed three of them. */
bool deployed_is_silent(const struct deployed *deployed, int64_t now);
/* Returns true if the document was written within `age` (ns) before `now`, or after it. */
bool deployed_is_recent(const struct deployed *deployed, int64_t now, int64_t age);

#endif
