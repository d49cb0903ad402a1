/*
 * refusal - reads a response that is no success, and the lack of any response.
 */
#ifndef S3DOCK_STORE_S3_REFUSAL_H
#define S3DOCK_STORE_S3_REFUSAL_H

#include "store/s3/reading.h"

/* Reads a response with an error status, or with a success status and an error document. */
void s3_refusal_read(const struct s3_reading *r);
/* Reports the lack of a usable response, by answer->fault. */
void s3_refusal_of_fault(const struct s3_reading *r);

#endif
