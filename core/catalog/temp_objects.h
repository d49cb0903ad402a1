/*
 * temp_objects - the temporary objects of pushes, and the names of their folders.
 */
#ifndef S3DOCK_CATALOG_TEMP_OBJECTS_H
#define S3DOCK_CATALOG_TEMP_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/keys.h"
#include "store/store.h"

struct err;

/* Each push has a folder of its own below this one. No application can have this name, so no search
 * for images reads it. No document refers to temporary objects. */
#define TEMP_OBJECTS_FOLDER "archive/.s3dock-tmp/"

/* Writes a folder name that no other push uses: "archive/.s3dock-tmp/0123456789abcdef/".
 * local.random: the system has no random numbers. */
int temp_objects_new_folder(char out[KEY_MAX], struct err *err);
/* Returns true if temp_objects_new_folder can have made this name. */
bool temp_objects_is_folder(const char *folder);

/* Reports every temporary object that was written before `before` (wall ns), in the order of keys.
 * An object of unknown age counts as new. A running push needs its objects, so `before` must be
 * earlier than the start of any running push. Waits. */
int temp_objects_find(struct store *store, int64_t before, store_entry_fn *each, void *arg,
                      struct err *err);

#endif
