/*
 * push - puts an image into the bucket: archive, index and metadata.
 *
 * The metadata is written last: it is the commit point.
 */
#ifndef S3DOCK_PUSH_PUSH_H
#define S3DOCK_PUSH_PUSH_H

#include "push/options.h"

struct err;

/* Returns 0 when the bucket has the image, complete and verified. After a failure or a cancel the
 * visible objects of the bucket are unchanged. The unfinished upload is kept, and the same push
 * resumes it (resume.h), unless the failure shows that it is useless. */
int push_run(const struct push_options *options, struct push_result *result, struct err *err);

#endif
