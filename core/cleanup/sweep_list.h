/*
 * sweep_list - the objects with unique numbers and the tombstones of an application, for a sweep.
 */
#ifndef S3DOCK_CLEANUP_SWEEP_LIST_H
#define S3DOCK_CLEANUP_SWEEP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/keys.h"
#include "catalog/strings.h"
#include "store/store.h"

struct err;

struct sweep_object {
    const char *key, *etag;
    uint64_t size;
    int64_t modified;
    unsigned ends; /* documents that need it, but are counted only in a dry run */
    bool fixed;    /* its key has no number: it can be written again */
    bool named;    /* by a tombstone that is `deleting` */
    bool due;
};

/* The objects of one unique number. */
struct sweep_group {
    const char *tombstone;      /* its key */
    const char *tombstone_etag; /* "": there is none */
    int64_t announced;
    size_t first, count; /* in `objects` */
};

/* The tombstone of an image. */
struct sweep_stone {
    struct image_name name;
    const char *key, *archive_key;
    bool first_platform, described; /* there is metadata */
    int64_t since;
    bool finished; /* nothing is left of its objects */
};

struct sweep_list {
    struct sweep_object *objects, **by_key;
    struct sweep_group *groups;
    struct sweep_stone *stones;
    size_t object_count, object_room, group_count, group_room, stone_count, stone_room;
    int64_t now; /* wall ns, by the store's clock */
    struct strings strings;
};

/* Lists the application and waits. Call sweep_list_finish after a failure, too. An archive with a
 * fixed key belongs to the number KEY_UNIQUE_NONE if the image has metadata and objects with
 * numbers. */
int sweep_list_read(struct store *store, const char *app, struct sweep_list *out, struct err *err);
/* Returns NULL if the list has no object with this key. */
struct sweep_object *sweep_list_find(const struct sweep_list *list, const char *key);
void sweep_list_finish(struct sweep_list *list);

#endif
