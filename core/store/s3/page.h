/*
 * page - one page of a listing, read from S3's XML: objects, parts, unfinished uploads.
 */
#ifndef S3DOCK_STORE_S3_PAGE_H
#define S3DOCK_STORE_S3_PAGE_H

#include "store/store.h"

struct err;

/* Fills `page` from the response to a STORE_LIST, STORE_UPLOAD_PARTS or STORE_UPLOADS. The caller
 * zeroes and finishes the page. `token`: that of the request, or NULL. integrity.xml: no XML.
 * integrity.listing: no list, or the response repeats the token. usage.addressing: a list of
 * buckets, so the store did not find the bucket in the request. */
int s3_page_read(struct store_page *page, enum store_verb verb, const char *token,
                 struct view document, struct err *err);

#endif
