/*
 * holdings - the objects of an application, and which of them each document needs.
 *
 * The objects come from lists, the documents from catalog/object_refs. A document may need an
 * object that is not listed: then the document was replaced, or the object is lost.
 */
#ifndef S3DOCK_USAGE_HOLDINGS_H
#define S3DOCK_USAGE_HOLDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/locate.h"
#include "catalog/strings.h"
#include "store/store.h"

struct err;
struct text;

enum holder { HOLDER_IMAGE = 1, HOLDER_RETIRED = 2, HOLDER_REPLACED = 4 };

#define HOLDING_NONE UINT32_MAX

/* An object of the bucket. */
struct holding {
    const char *key, *etag;
    uint64_t size;
    unsigned documents; /* that need it */
    unsigned holders;   /* bits of enum holder */
    bool is_index;
    uint32_t document; /* that it is; HOLDING_NONE: none */
};

struct holding_use {
    uint32_t holding; /* HOLDING_NONE: the object is not in the bucket */
    const char *key, *etag;
    uint64_t size, used;
};

struct holding_document {
    uint32_t holding; /* itself */
    enum holder holder;
    bool thin;
    char platform[PLATFORM_TEXT_SIZE]; /* in normal form */
    char ref[NAME_REF_MAX];            /* "": the key is not that of an image */
    uint64_t size;
    struct holding_use *uses; /* owned: its objects, in the order of the index */
    unsigned use_count;
    struct holding_use index; /* key "": it has none */
    const char *archive_etag; /* "" in format 3 */
    const char *index_sha256, *image_id;
};

struct holdings {
    struct holding *list; /* by key */
    size_t count, room;
    struct holding_document *documents;
    size_t document_count, document_room;
    struct strings strings;
};

/* Lists the objects, reads all documents, and connects them. The caller calls holdings_finish after
 * a failure, too. Each object that is missing adds a line to `warnings`. */
int holdings_read(struct holdings *holdings, struct store *store, const char *app,
                  struct text *warnings, struct err *err);
void holdings_finish(struct holdings *holdings);

#endif
