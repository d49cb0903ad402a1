/*
 * commit_archive - makes an image of format 2 visible: its archive under the key of the image, the
 * index, then the metadata.
 */
#ifndef S3DOCK_PUSH_COMMIT_ARCHIVE_H
#define S3DOCK_PUSH_COMMIT_ARCHIVE_H

#include <stdbool.h>

#include "catalog/metadata.h"
#include "push/commit_options.h"

struct err;

/* Waits. `conditional`: the store honours conditions. Completes *metadata. Fails when another push
 * of the same name was faster, or when a cleanup removes the image. */
int commit_archive(const struct commit *commit, bool conditional, struct metadata *metadata,
                   struct err *err);

#endif
