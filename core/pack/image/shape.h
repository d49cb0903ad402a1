/*
 * shape - checks that the members of a document have the types that Go's encoding/json requires.
 *
 * Docker decodes documents into structures. A member of another type makes it refuse the image. It
 * ignores unknown members, treats null as empty, and finds names in any case. Go merges a repeated
 * member, which is refused here.
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
