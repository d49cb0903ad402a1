/*
 * page - one page of a listing, read from S3's XML: objects, parts, unfinished uploads.
 */
#ifndef S3DOCK_STORE_S3_PAGE_H
#define S3DOCK_STORE_S3_PAGE_H

#include "store/store.h"

struct err;

/* Fills `page` (the caller zeroes it before and finishes it) from the answer to a STORE_LIST,
 * STORE_UPLOAD_PARTS or STORE_UPLOADS. `token`: the one this page was asked with, or NULL; a store
 * that hands it out again would have us turn in circles and is refused. integrity.xml,
 * integrity.listing; usage.addressing: a list of buckets, which means that the store did not see
 * ours. */
int s3_page_read(struct store_page *page, enum store_verb verb, const char *token,
                 struct view document, struct err *err);

#endif
