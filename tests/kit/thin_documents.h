/*
 * thin_documents - metadata of format 3, whose objects need not exist, for tests of removal.
 */
#ifndef S3DOCK_TESTS_KIT_THIN_DOCUMENTS_H
#define S3DOCK_TESTS_KIT_THIN_DOCUMENTS_H

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "catalog/metadata.h"
#include "store/store.h"

#define THIN_DIGEST "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Begins a document of an image of `app`. Its objects are in `objects`. */
static inline struct metadata thin_document(const char *app, struct metadata_object *objects,
                                            const char *index_key)
{
    struct metadata metadata = {
        .format = 3, .thin = true, .size = 100, .index_size = 100, .objects = objects};

    snprintf(metadata.app_name, sizeof metadata.app_name, "%s", app);
    snprintf(metadata.image_id, sizeof metadata.image_id, "sha256:" THIN_DIGEST);
    snprintf(metadata.platform, sizeof metadata.platform, "linux/amd64");
    snprintf(metadata.index_sha256, sizeof metadata.index_sha256, THIN_DIGEST);
    snprintf(metadata.index_key, sizeof metadata.index_key, "%s", index_key);
    return metadata;
}

/* Adds an object of the bucket as it is. `objects` has room. */
static inline void thin_document_add(struct metadata *metadata, struct store *store,
                                     const char *key)
{
    struct metadata_object *object = &metadata->objects[metadata->object_count++];
    struct store_info info;
    struct err err;

    if (store_head(store, key, &info, &err) != STORE_DONE)
        fail_msg("%s: there is no such object", key);
    *object =
        (struct metadata_object){.size = info.size, .used = info.size, .codec = METADATA_ZSTD};
    snprintf(object->key, sizeof object->key, "%s", key);
    snprintf(object->etag, sizeof object->etag, "%s", info.etag);
}

static inline void thin_object_put(struct store *store, const char *key, const char *text)
{
    struct err err;

    if (store_put_document(store, key, view_str(text), NULL, false, NULL, &err) != STORE_DONE)
        fail_msg("%s: %s", key, err.text);
}

static inline void thin_document_put(const struct metadata *metadata, struct store *store,
                                     const char *key)
{
    _cleanup_text_ struct text text = {0};

    text_init(&text, 256 * KIB);
    metadata_write(metadata, &text);
    thin_object_put(store, key, text.data);
}

#endif
