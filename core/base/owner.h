/*
 * owner - checks that only the user and root can write a file.
 *
 * The owner must be the effective user or root, and others must not have the write bit. The group
 * may have it if the file belongs to the user and the group is the private group of the user. Many
 * distributions have such groups and the umask 002. The group may not have it if root owns the
 * file, or if an access control list exists: then the bit of the group is the mask of the list. The
 * sticky bit of a folder does not help: others cannot replace a file there, but can add a link to
 * another file of the user. Thread-safe, unless another part of the program reads the user database
 * at the same time.
 */
#ifndef S3DOCK_BASE_OWNER_H
#define S3DOCK_BASE_OWNER_H

#include <limits.h>
#include <sys/stat.h>

#include "base/bytes.h"

struct err;

/* Returns NULL if no other user can write `path`, whose state is `st`. Otherwise returns the
 * reason, for a message in which it follows the name. */
const char *owner_fault(const char *path, const struct stat *st);

enum owner_answer { OWNER_OK = 0, OWNER_ABSENT = 1 };

/* Appends a whole regular file to `out` if only the user and root can write it. Checks the open
 * file, the folder of `path` and, behind symbolic links, the folder of the real file. Folders above
 * are not checked: another user could replace the folder only by one that the user or root owns.
 * `real` gets the path without links. OWNER_ABSENT: there is no such file. A fault is usage.owner,
 * without a hint; other failures are those of file_read. */
int owner_read(const char *path, struct text *out, char real[PATH_MAX], struct err *err);
/* The same checks, without reading. */
int owner_check(const char *path, struct err *err);

#endif
