/*
 * add_part - writes one part of an upload, from memory or from an object.
 */
#ifndef S3DOCK_STORE_DIR_ADD_PART_H
#define S3DOCK_STORE_DIR_ADD_PART_H

#include "store/dir/bucket.h"

/* They take the op of the same verb and fill its result. */
enum store_answer dir_upload_part(const struct dir_bucket *bucket, struct store_op *op,
                                  struct err *err);
enum store_answer dir_upload_copy_part(const struct dir_bucket *bucket, struct store_op *op,
                                       struct err *err);

#endif
