/*
 * pointer - the JSON document of a version tag (tags/) and of an environment (pointers/): where it
 * leads, who set it, when.
 *
 * Members, order and spelling are the original's. A tag leads to an image; an environment to an
 * image or to a tag. Where it may lead (another app's image? a tag to a tag?) is not decided here.
 */
#ifndef S3DOCK_CATALOG_POINTER_H
#define S3DOCK_CATALOG_POINTER_H

#include "base/bytes.h"
#include "catalog/keys.h"

struct err;

enum pointer_target { POINTER_IMAGE, POINTER_TAG };

struct pointer {
    enum pointer_target target;
    char target_path[KEY_MAX]; /* of an archive, or of a tag */
    char promoted_at[48];      /* RFC 3339, kept as it was written; "" when missing */
    char promoted_by[256];
    char git_hash[48], git_time[24];
    char source_image[512];
    char source_tag[256]; /* the version an environment was set from, or "" */
};

/* 0, or integrity.document. A target path that is no sound key (key_is_sound) is refused. */
int pointer_parse(struct view json, struct pointer *out, struct err *err);
/* Adds the document to `out`, without a newline at its end: the original's bytes. An empty
 * promoted_at, source_image or source_tag is left out. */
void pointer_write(const struct pointer *pointer, struct text *out);

#endif
