/*
 * references - the images of an application that somebody needs: those that its tags and
 * environments lead to, and those that a rollback of an environment would lead to.
 */
#ifndef S3DOCK_CATALOG_REFERENCES_H
#define S3DOCK_CATALOG_REFERENCES_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog/strings.h"
#include "store/store.h"

struct err;

struct references {
    struct strings strings;
    const char **refs; /* "app:time-hash", sorted */
    size_t count, room;
};

/* Reads all of them. Fails with conflict.referenced when anything cannot be read or told: a tag, an
 * environment, an audit event, what an environment with events was before, or whether a list was
 * complete. Only an environment without any event has no image to roll back to. */
int references_read(struct store *store, const char *app, struct references *out, struct err *err);
bool references_have(const struct references *references, const char *ref);
void references_finish(struct references *references);

#endif
