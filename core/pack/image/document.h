/*
 * document - parses a JSON document of a save stream, and reports its errors.
 *
 * For the files of `image` only.
 */
#ifndef S3DOCK_PACK_IMAGE_DOCUMENT_H
#define S3DOCK_PACK_IMAGE_DOCUMENT_H

#include "base/digest_text.h"
#include "base/json.h"
#include "pack/image/contents.h"
#include "pack/image/shape.h"

struct err;

#define DOCUMENT_BLOBS     "blobs/sha256/"
#define DOCUMENT_BLOB_SIZE (sizeof DOCUMENT_BLOBS + DIGEST_TEXT_SIZE)

/* Bounds of a walk from index.json to the manifests. */
#define DOCUMENT_DEPTH_MAX 4          /* usual depth: index.json, an index, a manifest */
#define DOCUMENT_READS_MAX (16 * MIB) /* bytes of documents; a repeated read counts again */

extern const struct shape DOCUMENT_MANIFEST_ITEM[]; /* of manifest.json */
extern const struct shape DOCUMENT_INDEX[];         /* index.json, and an index among the blobs */
extern const struct shape DOCUMENT_MANIFEST[];      /* of the OCI or of Docker's registry */

/* Writes the name of the blob with this digest. */
void document_blob_name(const char *digest, char out[DOCUMENT_BLOB_SIZE]);
/* Fails with integrity.image: the archive lacks a file that it names, or its documents contradict
 * each other. */
int document_missing(struct err *err, const char *what, const char *name);
/* Fails with integrity.image: the archive is complete, but Docker cannot read a description in
 * it. */
int document_bad(struct err *err, const char *what, const char *name);
/* Parses the document as Go does. The caller destroys *json. */
int document_parse(const struct content *content, struct json **json, struct err *err);

#endif
