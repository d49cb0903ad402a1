/*
 * tombstone - the document beside an archive that announces the deletion of its data.
 */
#ifndef S3DOCK_CATALOG_TOMBSTONE_H
#define S3DOCK_CATALOG_TOMBSTONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "store/store.h"

struct err;

struct tombstone {
    char archive_etag[STORE_ETAG_MAX]; /* "": there was no archive */
    uint64_t archive_size;
    char index_etag[STORE_ETAG_MAX];    /* "": there was no index */
    char metadata_etag[STORE_ETAG_MAX]; /* "": no metadata described the archive */
    bool deleting;                      /* the deletion of archive and index has begun */
    struct text metadata;               /* the document, byte for byte; may be "" */
    char etag[STORE_ETAG_MAX];          /* of the tombstone itself, after tombstone_read */
};

/* Reads the tombstone of an archive. STORE_DONE: call tombstone_finish. integrity.document: the
 * document is not valid. */
enum store_answer tombstone_read(struct store *store, const char *archive_key,
                                 struct tombstone *out, struct err *err);
/* Writes the tombstone of an archive; replaces an older one. */
int tombstone_write(struct store *store, const char *archive_key, const struct tombstone *tombstone,
                    struct err *err);
void tombstone_finish(struct tombstone *tombstone);

#endif
