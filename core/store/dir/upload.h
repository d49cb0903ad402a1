/*
 * upload - multipart uploads in a bucket folder: create, complete, abort, and the two lists.
 *
 * Each function takes the op of the same verb, whose key was checked, and returns the results of
 * store.h.
 */
#ifndef S3DOCK_STORE_DIR_UPLOAD_H
#define S3DOCK_STORE_DIR_UPLOAD_H

#include "store/dir/bucket.h"

enum store_answer dir_upload_create(const struct dir_bucket *bucket, struct store_op *op,
                                    struct err *err);
enum store_answer dir_upload_complete(struct dir_bucket *bucket, struct store_op *op,
                                      struct err *err);
enum store_answer dir_upload_abort(const struct dir_bucket *bucket, struct store_op *op,
                                   struct err *err);
enum store_answer dir_upload_parts(const struct dir_bucket *bucket, struct store_op *op,
                                   struct err *err);
enum store_answer dir_uploads(const struct dir_bucket *bucket, struct store_op *op,
                              struct err *err);

#endif
