/*
 * temp_objects - what pushes that were killed have left in the bucket, besides unfinished uploads
 * (STORE_UPLOADS lists those).
 */
#ifndef S3DOCK_CATALOG_TEMP_OBJECTS_H
#define S3DOCK_CATALOG_TEMP_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/keys.h"
#include "store/store.h"

struct err;

/* Temporary objects lie in a folder of their push below this one, where nothing looks for images:
 * no application can have that name. Nothing refers to them. */
#define TEMP_OBJECTS_FOLDER "archive/.s3dock-tmp/"

/* Makes the name of a folder that no other push uses: "archive/.s3dock-tmp/0123456789abcdef/". Writes
 * nothing. Fails when the system has no random numbers. */
int temp_objects_new_folder(char out[KEY_MAX], struct err *err);
/* True if temp_objects_new_folder can have made this name. */
bool temp_objects_is_folder(const char *folder);

/* Every temporary object that was written before `before` (wall ns), in the order of keys; one of
 * an unknown age counts as new. A running push still needs those that it has written, so `before`
 * must lie further back than any push takes. Waits. */
int temp_objects_find(struct store *store, int64_t before, store_entry_fn *each, void *arg,
                      struct err *err);

#endif
