/*
 * pointer_change - sets the document of a version or of an environment to an image.
 *
 * The caller names the image and the key, then reads the current document, then writes the new one.
 * A value of one thread; the options and the result are borrowed.
 */
#ifndef S3DOCK_CATALOG_POINTER_CHANGE_H
#define S3DOCK_CATALOG_POINTER_CHANGE_H

#include <stdint.h>

#include "base/bytes.h"
#include "catalog/audit.h"
#include "catalog/change.h"
#include "catalog/keys.h"
#include "catalog/pointer.h"
#include "catalog/release_options.h"
#include "catalog/statement.h"

struct err;

struct pointer_change {
    const struct release_options *options;
    struct release_result *result;
    int64_t now;          /* wall ns: the time of the change */
    int64_t logged;       /* that of its event */
    const char *expected; /* ETag of the document that the request is based on; NULL: any */
    struct current_pointer was;
    struct text present; /* the bytes of that document */
    struct pointer wanted;
    struct statement stated;   /* by the wanted document, if it is signed */
    char archive_key[KEY_MAX]; /* of the image */
    struct audit_event event;
};

void pointer_change_init(struct pointer_change *change, const struct release_options *options,
                         struct release_result *result);
/* Frees the current document. Returns `answer`. */
int pointer_change_finish(struct pointer_change *change, int answer);

/* Fills the members of document and event that name the image. */
void pointer_change_image(struct pointer_change *change, const struct image_name *image,
                          enum audit_type type);
/* Reads what the new document states, if it is signed: images of `archive_key`. The images are
 * proven before, if they must be. */
int pointer_change_state(struct pointer_change *change, enum statement_kind kind, const char *name,
                         struct err *err);
/* Reads the current document, of the key of the result. Returns 1 if it has the requested value
 * already. */
int pointer_change_read(struct pointer_change *change, struct err *err);
/* Writes the document and the audit event, except for a dry run. Fails with conflict.changed if
 * another user sets another value at the same time. */
int pointer_change_write(struct pointer_change *change, struct err *err);

#endif
