/*
 * etag - the names that S3 gives to contents.
 */
#ifndef S3DOCK_STORE_S3_ETAG_H
#define S3DOCK_STORE_S3_ETAG_H

#include <stdbool.h>

#include "store/store.h"

struct digest;

/* The ETag of an object that was put together of parts: the MD5 of the parts' MD5s, one after the
 * other, and their number. False: the part's ETag is no MD5, and so the whole's is not known. */
bool s3_etag_add(struct digest *md5, const char *part);
void s3_etag_end(struct digest *md5, unsigned parts, char out[STORE_ETAG_MAX]);

#endif
