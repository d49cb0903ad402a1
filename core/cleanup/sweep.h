/*
 * sweep - deletes the objects of an application that no image needs.
 *
 * For images of format 3, whose objects have a unique number in their keys. Archives with a fixed
 * key belong to unfinished_remove, unless another form of the image has replaced them.
 */
#ifndef S3DOCK_CLEANUP_SWEEP_H
#define S3DOCK_CLEANUP_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

struct err;

/* Ages in ns. */
struct sweep_policy {
    struct store *store;
    const char *app;
    int64_t unfinished; /* objects without metadata of this age are announced */
    int64_t retention; /* announced objects, and the data of retired images, are deleted after it */
    int64_t stays;     /* how long a tombstone is kept after the last DELETE: RETIRED_STAYS */
    bool dry_run;      /* reports only, and writes nothing */
};

enum sweep_deed {
    SWEEP_DELETED,   /* the object is deleted */
    SWEEP_ANNOUNCED, /* a tombstone announces its deletion */
    SWEEP_WAITS,     /* it is announced, but not for long enough */
    SWEEP_RETIRED, /* the tombstone of an image whose data are kept; `size` is that of the image */
};

/* Strings are lent. */
struct sweep_item {
    enum sweep_deed deed;
    const char *key;
    uint64_t size;
    int64_t since; /* wall ns by the store's clock: written, or announced */
};
typedef void sweep_fn(void *arg, const struct sweep_item *item);

/* Runs the sweep and waits. An image that a tag, an environment or a host leads to is restored.
 * conflict.referenced: it is not known what is needed, and nothing was deleted. */
int sweep_run(const struct sweep_policy *policy, sweep_fn *each, void *arg, struct err *err);

#endif
