/*
 * file - the functions that the bodies of os/file share.
 */
#ifndef S3DOCK_OS_POSIX_FILE_H
#define S3DOCK_OS_POSIX_FILE_H

#include <stdint.h>
#include <time.h>

/* Makes a file in the folder and removes its name. Returns its descriptor, or -1 and errno. */
int os_nameless_file(const char *folder);
/* Renames `from` to `to` with a hard link, unless `to` exists. Returns 0, or -1 and errno. */
int os_rename_by_link(const char *from, const char *to);
/* In ns since 1970. */
int64_t os_ns_of(struct timespec time);

#endif
