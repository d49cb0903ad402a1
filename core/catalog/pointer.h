/*
 * pointer - the JSON document of a tag (tags/) or of an environment (pointers/): its target, who
 * set it, when.
 *
 * Members, their order and their spelling are the original's. A tag leads to an image; an
 * environment to an image or to a tag. `resolve` decides which targets are allowed.
 */
#ifndef S3DOCK_CATALOG_POINTER_H
#define S3DOCK_CATALOG_POINTER_H

#include "base/bytes.h"
#include "catalog/keys.h"
#include "catalog/statement.h"

struct err;

enum pointer_target { POINTER_IMAGE, POINTER_TAG };

struct pointer {
    enum pointer_target target;
    char target_path[KEY_MAX]; /* key of an archive or of a tag */
    char promoted_at[48];      /* RFC 3339, text not changed; "": missing */
    char promoted_by[256];
    char git_hash[48], git_time[24];
    char source_image[512];
    char source_tag[256]; /* the version that the environment was set from, or "" */
};

/* Reads a document. integrity.document: it is malformed, or its target path is not a sound key
 * (key_is_sound). */
int pointer_parse(struct view json, struct pointer *out, struct err *err);
/* Appends the document to `out`, byte for byte as the original writes it, without a newline at its
 * end. An empty promoted_at, source_image or source_tag is left out. */
void pointer_write(const struct pointer *pointer, struct text *out);
/* The same, with the members of a statement behind them: for a document that is signed. */
void pointer_write_stated(const struct pointer *pointer, const struct statement *statement,
                          struct text *out);

#endif
