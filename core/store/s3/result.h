/*
 * result - reads a response with a 2xx status into the op.
 */
#ifndef S3DOCK_STORE_S3_RESULT_H
#define S3DOCK_STORE_S3_RESULT_H

#include "store/s3/reading.h"

void s3_result_read(const struct s3_reading *r);

#endif
