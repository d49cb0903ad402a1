/*
 * unfinished_remove - deletes the files and objects of interrupted transfers, or restores an image
 * in use.
 */
#ifndef S3DOCK_CLEANUP_UNFINISHED_REMOVE_H
#define S3DOCK_CLEANUP_UNFINISHED_REMOVE_H

#include "cleanup/unfinished.h"

/* Deletes an item for good, in the bucket too if it belongs to this one. Archives are deleted in
 * two steps: an undescribed archive is retired; the data of a retired archive are deleted. */
enum unfinished_answer {
    UNFINISHED_REMOVED = 0,
    UNFINISHED_IN_USE = 1,    /* it is running, or needed, and was kept */
    UNFINISHED_ANNOUNCED = 2, /* it was retired; its data will be deleted later */
    UNFINISHED_NEEDED = 3,    /* an archive to which other images refer; it was kept */
};
int unfinished_remove(struct store *store, struct unfinished_list *list,
                      const struct unfinished *what, struct err *err);
/* Returns UNFINISHED_NEEDED for an archive to which other images refer, else 0. Writes nothing: for
 * a dry run. */
int unfinished_is_needed(struct store *store, struct unfinished_list *list,
                         const struct unfinished *what, struct err *err);
/* Restores the metadata of a retired archive if a tag or an environment was set to it meanwhile,
 * and returns UNFINISHED_IN_USE then. Else returns 0. */
int unfinished_restore(struct store *store, struct unfinished_list *list,
                       const struct unfinished *what, struct err *err);

#endif
