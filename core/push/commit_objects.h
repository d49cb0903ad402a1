/*
 * commit_objects - makes an image of format 3 visible: its own object and its index, whose keys no
 * other push uses, then the metadata.
 */
#ifndef S3DOCK_PUSH_COMMIT_OBJECTS_H
#define S3DOCK_PUSH_COMMIT_OBJECTS_H

#include "catalog/metadata.h"
#include "push/commit_options.h"

struct err;

/* Waits. Completes *metadata. COMMIT_SAME: another push has stored the same image meanwhile. Fails
 * when another program has changed the metadata, when a cleanup removes the image, or when an
 * object that the image names is gone; then the push may find other objects (engine_result.h). */
enum { COMMIT_SAME = 1, COMMIT_OTHER_PLATFORM = 2 };
int commit_objects(const struct commit *commit, struct metadata *metadata, struct err *err);

#endif
