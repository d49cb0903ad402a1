/*
 * unfinished_remove - deletes the remains of interrupted transfers, or restores an image in use.
 */
#ifndef S3DOCK_CLEANUP_UNFINISHED_REMOVE_H
#define S3DOCK_CLEANUP_UNFINISHED_REMOVE_H

#include "cleanup/unfinished.h"

/* Removes what is there for good, in the bucket too where it is this one. Archives are removed in
 * two steps: an undescribed one is retired, and of a retired one the data are deleted. */
enum unfinished_answer {
    UNFINISHED_REMOVED = 0,
    UNFINISHED_IN_USE = 1,    /* it is at work, or needed, and stays */
    UNFINISHED_ANNOUNCED = 2, /* it is retired by now, and its data are deleted later */
};
int unfinished_remove(struct store *store, struct unfinished_list *list,
                      const struct unfinished *what, struct err *err);
/* Of a retired archive: a tag or an environment may have been set to it while it was retired. Then
 * its metadata is restored, and the answer is UNFINISHED_IN_USE. Else 0. */
int unfinished_restore(struct store *store, struct unfinished_list *list,
                       const struct unfinished *what, struct err *err);

#endif
