/*
 * file - the creation, naming, syncing and description of files, as far as systems differ.
 *
 * Each function returns -1 and errno on failure, unless stated otherwise.
 */
#ifndef S3DOCK_OS_FILE_H
#define S3DOCK_OS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Makes a new file with mode 0600 and close-on-exec, and stores its name in the last six bytes of
 * `path`, which are "XXXXXX". Returns its descriptor. */
int os_temp_file(char *path);
/* Makes a file without a name in the folder: the system deletes it when its descriptor is closed. A
 * system that needs a name removes it at once. Mode 0600, close-on-exec. Returns its descriptor. */
int os_unnamed_file(const char *folder);
/* Opens the file of a descriptor again, with flags of its own. Returns the new descriptor. */
int os_reopen(int fd, int flags);

/* Renames `from` to `to`, unless that exists: EEXIST, also if two processes do it at once. */
int os_rename_new(const char *from, const char *to);
/* Returns when the bytes of the file, or the entries of the folder, are on the disk. */
int os_sync(int fd);

/* Returns true if the file has these bytes and no hole among them. Holes that the file system does
 * not report count as bytes. */
bool os_has_bytes(int fd, uint64_t offset, uint64_t size);

/* Return the times of the last change of the content, and of the state, in ns since 1970. */
int64_t os_modified(const struct stat *st);
int64_t os_changed(const struct stat *st);
/* Sets the time of the last change of the content (ns since 1970), and keeps the other time. */
int os_set_modified(int fd, int64_t time);

/* Returns true if the path is a mount point. False if that is not known. */
bool os_is_mount_point(const char *path);
/* Returns true if an access control list gives rights beyond the mode, or if that is not known. */
bool os_has_access_list(const char *path);

#endif
