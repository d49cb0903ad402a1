/*
 * document - the JSON documents of a save stream: reading one, and the errors that they share.
 *
 * For the files of `image` only.
 */
#ifndef S3DOCK_PACK_IMAGE_DOCUMENT_H
#define S3DOCK_PACK_IMAGE_DOCUMENT_H

#include "base/json.h"
#include "pack/image/contents.h"
#include "pack/image/shape.h"

struct err;

#define DOCUMENT_BLOBS "blobs/sha256/"

extern const struct shape DOCUMENT_MANIFEST_ITEM[]; /* of manifest.json */
extern const struct shape DOCUMENT_INDEX[];         /* index.json, and an index among the blobs */
extern const struct shape DOCUMENT_MANIFEST[];      /* of the OCI or of Docker's registry */

/* Fails with integrity.image: the archive holds less than it says, or lies. */
int document_missing(struct err *err, const char *what, const char *name);
/* Fails with integrity.image: the archive holds all, but descriptions that Docker does not read. */
int document_bad(struct err *err, const char *what, const char *name);
/* Parses as Go does. The caller destroys *json. */
int document_parse(const struct content *content, struct json **json, struct err *err);

#endif
