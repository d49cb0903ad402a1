/*
 * error_document - S3's <Error> document.
 */
#ifndef S3DOCK_STORE_S3_ERROR_DOCUMENT_H
#define S3DOCK_STORE_S3_ERROR_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "store/s3/endpoint.h"

struct s3_error_document {
    bool found; /* the body is such a document, with a code */
    char code[64], message[256], region[S3_REGION_SIZE], storage_class[32];
    char endpoint[256];  /* host of a redirect */
    int64_t server_time; /* wall ns; 0: it has none */
};

/* Fills `error`; found is false for any other body. */
void s3_error_document_read(struct s3_error_document *error, struct view body);

#endif
