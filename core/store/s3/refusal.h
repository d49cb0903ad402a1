/*
 * refusal - reads a response that is no success, and the lack of any response.
 */
#ifndef S3DOCK_STORE_S3_REFUSAL_H
#define S3DOCK_STORE_S3_REFUSAL_H

#include "store/s3/reading.h"

/* The response has an error status, or a success status with an error document. */
void s3_refusal_read(const struct s3_reading *r);
/* There is no usable response: answer->fault says why. */
void s3_refusal_of_fault(const struct s3_reading *r);

#endif
