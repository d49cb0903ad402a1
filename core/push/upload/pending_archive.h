/*
 * pending_archive - an archive whose upload only has to be completed.
 *
 * A value: its pointers are borrowed from the engine.
 */
#ifndef S3DOCK_PUSH_UPLOAD_PENDING_ARCHIVE_H
#define S3DOCK_PUSH_UPLOAD_PENDING_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "push/resume/resume.h"
#include "push/upload/copy_errors.h"
#include "push/upload/upload.h"
#include "store/store.h"

struct err;

struct pending_archive {
    struct store *store;
    struct upload *upload;
    struct resume *resume;
    uint64_t size;             /* of the archive */
    bool copied;               /* the store copied parts of it */
    enum copy_failure failure; /* set when the completion fails */
};

/* Makes the archive visible, and waits. Returns 0 when the store has it, complete; *info is the
 * store's description of it. The store insists (store_insist) from the moment at which the archive
 * may appear; the caller ends that. Stores in the cache whether the store copies ranges. */
int pending_archive_complete(struct pending_archive *archive, struct store_info *info,
                             struct err *err);

#endif
