/*
 * parallel_get - gets a few small objects at the same time.
 *
 * Failures are logged; the caller does without the object.
 */
#ifndef S3DOCK_PUSH_PARALLEL_GET_H
#define S3DOCK_PUSH_PARALLEL_GET_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog/keys.h"
#include "store/store.h"

#define PARALLEL_GET_MAX 16

struct parallel_get {
    struct store_op op;
    struct text text; /* the caller calls text_finish */
    char key[KEY_MAX];
};

/* Prepares the request for an object of at most `most` bytes. */
void parallel_get_prepare(struct parallel_get *get, const char *key, size_t most);
/* Sends the prepared requests, at most PARALLEL_GET_MAX, and waits. False: none was sent. */
bool parallel_get_run(struct store *store, struct parallel_get *gets, unsigned count);
/* Returns true if the object was received: `text` is complete. */
bool parallel_get_done(const struct parallel_get *get);

#endif
