/*
 * references - the images of an application that are in use: its tags and environments lead to
 * them, or a rollback of an environment would, or hosts run them.
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

/* Reads all of them. conflict.referenced: a tag, an environment, an audit event, or the earlier
 * target of an environment with events cannot be read, or leads to nothing of the application, or a
 * list may be incomplete. An environment without events, or whose promotion replaced nothing, has
 * no image to roll back to. */
int references_read(struct store *store, const char *app, struct references *out, struct err *err);
/* The same, with the images that hosts run, and those that a rollback on them would run. A document
 * that was not written for REFERENCES_DAYS counts no more. One that cannot be read is
 * conflict.referenced, too, and so is a key that may not list or read them.
 *
 * A caller that reads references several times while it deletes reads the hosts first, and
 * references_read later: a host changes only to an image that a pointer leads to, or back. */
#define REFERENCES_DAYS 30
int references_read_all(struct store *store, const char *app, struct references *out,
                        struct err *err);
bool references_have(const struct references *references, const char *ref);
void references_finish(struct references *references);

#endif
