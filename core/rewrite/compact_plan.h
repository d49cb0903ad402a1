/*
 * compact_plan - finds the objects of an application that are mostly unused, the images that use
 * them, and the images that are too scattered.
 */
#ifndef S3DOCK_REWRITE_COMPACT_PLAN_H
#define S3DOCK_REWRITE_COMPACT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/locate.h"
#include "catalog/metadata.h"
#include "catalog/signing.h"
#include "catalog/strings.h"
#include "pack/index/object_runs.h"
#include "rewrite/gather.h"

struct err;
struct index;

struct plan_object {
    struct metadata_object object;
    unsigned images;     /* of format 3 that use it */
    uint64_t used;       /* bytes that they use */
    size_t first, count; /* its runs */
    bool chosen;         /* it will be rewritten */
    bool needed;         /* it would be, but images of format 2 or replaced ones need it */
    bool fixed;          /* an image that another key has signed uses it */
};

struct plan_image {
    const char *key; /* of its metadata */
    uint64_t size;   /* of its archive */
    bool scattered;
    struct gather_cost cost;
};

struct compact_plan {
    struct plan_object *objects;
    struct plan_image *images;
    size_t object_count, object_room, image_count, image_room;
    size_t signed_count; /* images that another key has signed */
    bool has_images;     /* of any format */
    /* The keys of objects that retired images need, which ends with their tombstones. */
    const char **retired;
    size_t retired_count, retired_room;
    size_t united;           /* runs after they were united last */
    struct object_runs runs; /* sorted, by number of the object */
    struct strings strings;
};

/* An image that the plan lists: its metadata as they are, and its objects (object_places.h). */
struct plan_source {
    struct located at;
    struct metadata_object places[METADATA_OBJECTS_MAX];
};

/* The options of a plan. Pointers are borrowed. */
struct compact_scope {
    struct store *store;
    struct signing *signing; /* the key of this command, or NULL */
    const char *app;
    uint64_t least; /* unused bytes of a chosen object */
    const struct gather_limits *scatter;
};

/* Reads all documents, and the indexes of all images of format 3, one after the other. Waits. Call
 * compact_plan_finish after a failure, too. */
int compact_plan_read(struct compact_plan *plan, const struct compact_scope *scope,
                      struct err *err);
/* Returns the number of an object; -1: the plan does not have it. */
long compact_plan_find(const struct compact_plan *plan, const struct metadata_object *object);
void compact_plan_finish(struct compact_plan *plan);

/* Reads the metadata of an image that the plan lists. LOCATE_FOUND: call located_finish.
 * LOCATE_ABSENT: it was deleted. */
int compact_plan_locate(struct store *store, const char *key, struct plan_source *source,
                        struct err *err);

#endif
