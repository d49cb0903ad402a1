/*
 * owner - whether the user and root alone can write a file.
 *
 * The rule is that of ssh: the owner is the effective user or root, and neither the group nor
 * others have the write bit. The group's bit refuses also where the group has only the user in it:
 * with an access control list that bit is the list's mask, and says that somebody may write.
 * The sticky bit of a folder is no excuse: others cannot replace a file there, but they can add a
 * link to another file of the user.
 */
#ifndef S3DOCK_BASE_OWNER_H
#define S3DOCK_BASE_OWNER_H

#include <limits.h>
#include <sys/stat.h>

#include "base/bytes.h"

struct err;

/* NULL when nobody else can write it; else the reason, to be put behind its name. */
const char *owner_fault(const struct stat *st);

enum owner_answer { OWNER_OK = 0, OWNER_ABSENT = 1 };

/* Reads a whole regular file that only the user and root can have written: the open file, the
 * folder of `path` and, behind symbolic links, the folder of the real file are judged. Folders
 * above these are not: who can write there can replace the folder, but only by one that the user
 * or root owns. `real` gets the path without links. OWNER_ABSENT when there is no such file. A
 * fault is usage.owner, without a hint; other failures are those of file_read. */
int owner_read(const char *path, struct text *out, char real[PATH_MAX], struct err *err);

#endif
