/*
 * store_dir - a bucket that is a folder of the file system: its constructor. The interface is in
 * store/store.h.
 */
#ifndef S3DOCK_STORE_DIR_STORE_DIR_H
#define S3DOCK_STORE_DIR_STORE_DIR_H

#include <stdbool.h>
#include <stdint.h>

struct cancel;
struct err;
struct store;

/* Strings are copied, but `cancel` must live as long as the store. */
struct store_dir_options {
    const char *path;   /* absolute */
    const char *bucket; /* a folder under path; NULL or "": path itself */
    bool create;        /* make the folder when it is missing */
    int64_t stall_time; /* ns, longest wait for another process's lock; 0: STORE_STALL_TIME */
    const struct cancel *cancel; /* NULL: never cancelled */
};
/* Opens the bucket. Returns NULL after a failure. */
struct store *store_dir_create(const struct store_dir_options *options, struct err *err);

#endif
