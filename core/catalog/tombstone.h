/*
 * tombstone - the document that announces the deletion of data.
 *
 * That of an image lies beside its metadata and contains it. That of objects that no metadata names
 * lists them.
 */
#ifndef S3DOCK_CATALOG_TOMBSTONE_H
#define S3DOCK_CATALOG_TOMBSTONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "store/store.h"

struct err;

/* Objects of one unique number (keys.h): the data of a push and its index. */
#define TOMBSTONE_OBJECTS_MAX 4

struct tombstone_object {
    char key[1024];
    char etag[STORE_ETAG_MAX];
    uint64_t size;
};

struct tombstone {
    int format;                        /* 0, 1: of an archive. 2: of an image of format 3 or of
                                            objects: whoever deletes an archive leaves it alone */
    char archive_etag[STORE_ETAG_MAX]; /* "": there was no archive */
    uint64_t archive_size;
    char index_etag[STORE_ETAG_MAX];    /* "": there was no index */
    char metadata_etag[STORE_ETAG_MAX]; /* "": no metadata described the archive */
    bool deleting;                      /* the deletion has begun: the image needs nothing more */
    struct text metadata;               /* the document, byte for byte; may be "" */
    char etag[STORE_ETAG_MAX];          /* of the tombstone itself, after tombstone_read */
    /* of a tombstone without metadata: what it announces, beside the archive */
    unsigned object_count;
    struct tombstone_object objects[TOMBSTONE_OBJECTS_MAX];
};

/* Reads a document. integrity.document: it is not valid. unsupported.format: a newer program wrote
 * it. Nothing is owned after a failure. `etag` is not set. */
int tombstone_parse(struct view text, struct tombstone *out, struct err *err);
/* Reads the tombstone with this key. STORE_DONE: call tombstone_finish. */
enum store_answer tombstone_get(struct store *store, const char *key, struct tombstone *out,
                                struct err *err);
/* Writes the tombstone with this key. `only_if` NULL: replaces any other one. "": only if there is
 * none. Else: only if the present tombstone has this ETag. Such conditions need a store that
 * honours them. STORE_CHANGED: nothing was written. */
enum store_answer tombstone_put(struct store *store, const char *key,
                                const struct tombstone *tombstone, const char *only_if,
                                struct err *err);
/* Reads the tombstone of an archive. STORE_DONE: call tombstone_finish. integrity.document: the
 * document is not valid. */
enum store_answer tombstone_read(struct store *store, const char *archive_key,
                                 struct tombstone *out, struct err *err);
/* Writes the tombstone of an archive; replaces an older one. */
int tombstone_write(struct store *store, const char *archive_key, const struct tombstone *tombstone,
                    struct err *err);
void tombstone_finish(struct tombstone *tombstone);

#endif
