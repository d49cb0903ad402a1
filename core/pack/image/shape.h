/*
 * shape - the types that Go's encoding/json wants of a document's members, and whether a document
 * has them.
 *
 * Docker decodes into structures: one member of another type makes it refuse the image, unknown
 * members are passed over, null leaves a member empty, and names are found whatever their case. A
 * member that is there twice is merged by Go in its own way, and is refused here.
 */
#ifndef S3DOCK_PACK_IMAGE_SHAPE_H
#define S3DOCK_PACK_IMAGE_SHAPE_H

#include <stdbool.h>

#include "base/json.h"

struct err;

enum shape_kind {
    SHAPE_TEXT,
    SHAPE_FLAG,
    SHAPE_NUMBER, /* an integer of 64 bits */
    SHAPE_TIME,   /* RFC 3339 */
    SHAPE_TEXTS,
    SHAPE_WORDS,    /* a text, or several */
    SHAPE_TEXT_MAP, /* the values are texts */
    SHAPE_OBJECT,
    SHAPE_OBJECTS,
    SHAPE_OBJECT_MAP,
};

/* One member; a table of them ends with a name that is NULL. At most 64. */
struct shape {
    const char *name;
    enum shape_kind kind;
    const struct shape *inside; /* of the objects; NULL: they may hold anything */
};

/* Checks an object, or null. `exact`: a name in another case than the table's is refused, too.
 * `what` names the document. Fails with integrity.image. */
int shape_check(struct json_node object, const struct shape *shape, bool exact, const char *what,
                struct err *err);

#endif
