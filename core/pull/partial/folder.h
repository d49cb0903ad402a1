/*
 * folder - the folder in which all spools of the user lie: their names, and who is stale.
 *
 * spool_list and spool_remove (spool.h) are of it, too.
 */
#ifndef S3DOCK_PULL_PARTIAL_FOLDER_H
#define S3DOCK_PULL_PARTIAL_FOLDER_H

#include <stddef.h>

struct err;

#define SHELF_JOURNAL ".spool"
#define SHELF_PART    ".part"

/* The file of that spool with that ending; the folder is made. */
int shelf_path(char *out, size_t size, const char *id, const char *suffix, struct err *err);
/* Removes those that nobody has touched for SPOOL_STALE. */
void shelf_remove_stale(void);

#endif
