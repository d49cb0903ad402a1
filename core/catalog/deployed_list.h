/*
 * deployed_list - reads the documents of all hosts of an application.
 */
#ifndef S3DOCK_CATALOG_DEPLOYED_LIST_H
#define S3DOCK_CATALOG_DEPLOYED_LIST_H

#include "catalog/deployed.h"
#include "store/store.h"

struct err;

struct deployed_list {
    int64_t
        now; /* wall ns: of the store, if its responses have a date; set before the first call */
    bool unsure; /* the list may be incomplete */
};

/* Receives one document, with application, environment and host of its key. In the order of
 * arrival. A value other than 0 fails the whole call. */
typedef int deployed_list_fn(void *arg, const struct deployed *deployed, struct err *err);

/* Lists deployments/{app}/ once (`env` NULL: all environments) and reads every document. Each one
 * that cannot be read, or that names another place than its key, adds a line to `warnings`. No
 * documents are no failure. auth.denied: the key may not list or read them. */
int deployed_list_read(struct store *store, const char *app, const char *env,
                       struct deployed_list *list, deployed_list_fn *each, void *arg,
                       struct text *warnings, struct err *err);

/* Returns true if the host reports regularly, and its last three reports are missing. */
bool deployed_is_silent(const struct deployed *deployed, int64_t now);
/* Returns true if the document was written within `age` (ns) before `now`, or after it. */
bool deployed_is_recent(const struct deployed *deployed, int64_t now, int64_t age);

#endif
