/*
 * memory_store - a bucket in memory that behaves like S3, for tests. An ETag is a digest of the
 * content. Without conditional requests, the store ignores if_match and if_none_match.
 */
#ifndef S3DOCK_TESTS_KIT_MEMORY_STORE_H
#define S3DOCK_TESTS_KIT_MEMORY_STORE_H

#include <pthread.h>
#include <stdbool.h>

#include "store/store.h"

#define MEMORY_OBJECTS 256

struct memory_object {
    char key[STORE_KEY_MAX]; /* of an upload's part: "KEY\nID\nNUMBER" */
    char etag[STORE_ETAG_MAX];
    uint8_t *data;
    size_t size;
    int64_t modified;
};

struct memory_bucket {
    struct memory_object objects[MEMORY_OBJECTS], parts[MEMORY_OBJECTS];
    unsigned object_count, part_count;
};

struct memory_store {
    struct store store;
    bool conditions;
    const char *lifecycle; /* the bucket's rules; NULL: it has none */
    pthread_mutex_t mutex;
    unsigned uploads;
    struct memory_bucket now, saved;
};

struct memory_store *memory_store_create(const char *name, bool conditions);
void memory_store_destroy(struct memory_store *memory);
void memory_store_save(struct memory_store *memory);
void memory_store_load(struct memory_store *memory);

#endif
