/*
 * owner - whether the user and root alone can write a file.
 *
 * The owner is the effective user or root, and others do not have the write bit. The group has it
 * only where the file is the user's and the group is the user's private one, as with the umask 002
 * of many distributions; never for root, and never beside an access control list, whose mask that
 * bit is. The sticky bit of a folder is no excuse: others cannot replace a file there, but they can
 * add a link to another file of the user. Not for several threads: it reads the users' database.
 */
#ifndef S3DOCK_BASE_OWNER_H
#define S3DOCK_BASE_OWNER_H

#include <limits.h>
#include <sys/stat.h>

#include "base/bytes.h"

struct err;

/* NULL when nobody else can write `path`, whose state is `st`; else the reason, to be put behind
 * its name. */
const char *owner_fault(const char *path, const struct stat *st);

enum owner_answer { OWNER_OK = 0, OWNER_ABSENT = 1 };

/* Reads a whole regular file that only the user and root can have written: the open file, the
 * folder of `path` and, behind symbolic links, the folder of the real file are judged. Folders
 * above these are not: who can write there can replace the folder, but only by one that the user
 * or root owns. `real` gets the path without links. OWNER_ABSENT when there is no such file. A
 * fault is usage.owner, without a hint; other failures are those of file_read. */
int owner_read(const char *path, struct text *out, char real[PATH_MAX], struct err *err);

#endif
