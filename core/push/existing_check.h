/*
 * existing_check - whether the key of an image was retired, or its metadata deleted, while a push
 * wrote it.
 */
#ifndef S3DOCK_PUSH_EXISTING_CHECK_H
#define S3DOCK_PUSH_EXISTING_CHECK_H

#include "push/existing_image.h"

struct err;
struct inbox;

#define EXISTING_CHECK_MAX 3

struct existing_check {
    const struct existing_image *existing; /* borrowed */
    struct inbox *inbox;                   /* borrowed; of this check alone until its end */
    unsigned count;                        /* of the requests that are out */
    struct store_op heads[EXISTING_CHECK_MAX];
    char keys[EXISTING_CHECK_MAX][KEY_MAX];
};

/* Sends the requests for the tombstone and the metadata. Call it after the metadata was written
 * under existing->key. */
void existing_check_begin(struct existing_check *check, struct store *store,
                          const struct existing_image *existing, struct inbox *inbox);
/* Waits for the responses. Fails with conflict.removed when a cleanup has retired that key
 * meanwhile, or when the metadata does not exist. */
int existing_check_end(struct existing_check *check, struct err *err);
/* Waits for the responses to a check that may not have begun. */
void existing_check_drop(struct existing_check *check);
/* Begins and ends a check of an image whose archive has the key existing->key. Fails also when the
 * archive does not exist. */
int existing_check_archive(struct store *store, const struct existing_image *existing,
                           struct err *err);

#endif
