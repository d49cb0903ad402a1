/*
 * object_map - where the bytes of an image are in the bucket.
 *
 * The objects of an image form one sequence of bytes, in the order of its metadata. A byte has an
 * address in it. Plans and the partial download use addresses; a request names an object.
 */
#ifndef S3DOCK_PULL_OBJECT_MAP_H
#define S3DOCK_PULL_OBJECT_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/locate.h"
#include "store/store.h"

struct err;

struct object_map;
/* Makes the map of an image by its metadata. `archive`: the size and the ETag of the archive, for
 * metadata of a format up to 2; else NULL. */
struct object_map *object_map_create(const struct located *at, const struct store_info *archive,
                                     struct err *err);
void object_map_destroy(struct object_map *map); /* takes NULL */

/* Returns the end of the address space. */
uint64_t object_map_space(const struct object_map *map);
/* Sets key, if_match, offset and length of a GET. The range must lie in one object. The key and the
 * ETag are borrowed from the map. */
void object_map_aim(const struct object_map *map, uint64_t address, uint64_t length,
                    struct store_op *op);
/* Returns true if the op was aimed before the last refresh changed the place of its object. */
bool object_map_is_old(const struct object_map *map, uint64_t address, const struct store_op *op);
/* Returns the key of the object that has the address, and the offset in it. */
const char *object_map_key(const struct object_map *map, uint64_t address, uint64_t *offset);

/* Fails unless the bucket has all objects with the sizes and ETags of the metadata, or the copies
 * of replaced ones: not_found.object, integrity.size, integrity.etag. */
int object_map_prove(struct object_map *map, struct store *store, struct err *err);
/* Call this if an object was absent or changed. An object may lie below archive/, because a push
 * has replaced it: then the map gets this key. If the bucket was copied, all objects have other
 * ETags and the same sizes: then the map gets the ETags. Fails with not_found.object if neither
 * holds. Ops that are out keep what they have borrowed. */
int object_map_refresh(struct object_map *map, struct store *store, struct err *err);

#endif
