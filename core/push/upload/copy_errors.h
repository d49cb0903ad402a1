/*
 * copy_errors - the meaning of a failed store operation for a push that lets the store copy ranges.
 *
 * Pure. The value is passed up from the upload and the composer to the engine, which decides
 * whether to try again without some of the copies.
 */
#ifndef S3DOCK_PUSH_UPLOAD_COPY_ERRORS_H
#define S3DOCK_PUSH_UPLOAD_COPY_ERRORS_H

#include "store/store.h"

/* In ascending order: of two failures, the later one decides. */
enum copy_failure {
    COPY_FAILURE_NONE,        /* no failure, or one that copying did not cause */
    COPY_FAILURE_BASE,        /* an archive has changed or is gone: other bases may work */
    COPY_FAILURE_UNSUPPORTED, /* the store cannot copy ranges, now and the next time */
    COPY_FAILURE_FORBIDDEN    /* the keys do not allow it, now and the next time */
};

/* Classifies an operation of an upload that copies. Its result is not STORE_DONE. */
enum copy_failure copy_failure_of(const struct store_op *op);

/* Keeps the graver of *failure and `other` in *failure. */
void copy_failure_add(enum copy_failure *failure, enum copy_failure other);

#endif
