/*
 * folder - the folder in which all spools of the user lie: their names, and who is stale.
 *
 * partial_list and partial_remove (spool.h) are of it, too.
 */
#ifndef S3DOCK_PULL_PARTIAL_FOLDER_H
#define S3DOCK_PULL_PARTIAL_FOLDER_H

#include <stddef.h>

struct err;

#define PARTIAL_JOURNAL ".spool"
#define PARTIAL_DATA    ".part"

/* The file of that spool with that ending; the folder is made. */
int partial_folder_path(char *out, size_t size, const char *id, const char *suffix,
                        struct err *err);
/* Removes those that nobody has touched for PARTIAL_STALE. */
void partial_folder_remove_stale(void);

#endif
