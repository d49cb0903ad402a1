/*
 * file - whole small files, atomic replacement, private temporary files, locks.
 */
#ifndef S3DOCK_BASE_FILE_H
#define S3DOCK_BASE_FILE_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"

struct err;

#define FILE_NOT_REGULAR ENXIO /* errno of file_open_regular */

enum file_answer { FILE_OK = 0, FILE_ABSENT = 1, FILE_BUSY = 2 };

/* Opens a regular file below `folder` (AT_FDCWD: the current one), with O_CLOEXEC and without
 * waiting for the other end of a FIFO or for a device. Returns the descriptor, or -1 with errno,
 * which is FILE_NOT_REGULAR for anything else than a regular file. */
int file_open_regular(int folder, const char *path, int flags, mode_t mode);
/* Reads a whole regular file into `out` (whose maximum bounds it). FILE_ABSENT when there is none.
 */
int file_read(const char *path, struct text *out, struct err *err);
/* The two steps of it. The first opens a regular file (FILE_ABSENT when there is none), the second
 * reads an open file to its end and does not close it; `path` names it in errors. */
int file_open_read(const char *path, int *fd, struct err *err);
int file_read_open(int fd, const char *path, struct text *out, struct err *err);
/* The folder of a path, in `out`: "." when it names none. False when it does not fit. */
bool file_folder(const char *path, char out[PATH_MAX]);
/* Follows the links of `path`, writes to a temporary file beside what they lead to, syncs it,
 * renames it over, syncs the folder. Devices, FIFOs and files that are mounted are refused. After a
 * crash either the old or the new content is there, whole. Missing folders are not made. The mode
 * is exactly `mode` whatever the umask says (where the file system knows modes). */
int file_replace(const char *path, struct view content, mode_t mode, struct err *err);
/* The same, but never over an existing file, also when two try at once: FILE_ABSENT is not an
 * answer here, FILE_BUSY means that it exists already. */
int file_create(const char *path, struct view content, mode_t mode, struct err *err);
/* mkdir -p. `path` may end in a file name when `for_file` is set: its folder is made. */
int file_make_dirs(const char *path, bool for_file, mode_t mode, struct err *err);
/* write(2) until all is written; EINTR and short writes are invisible. `what` names the file. */
int file_write_all(int fd, const void *data, size_t size, const char *what, struct err *err);
/* pread(2) until all is read; fewer bytes than asked for is a failure. */
int file_read_at(int fd, void *data, size_t size, off_t offset, const char *what, struct err *err);
int file_write_at(int fd, const void *data, size_t size, off_t offset, const char *what,
                  struct err *err);
/* Opens (creating) and locks a lock file, without waiting. 0 and *fd, or FILE_BUSY. close(fd)
 * unlocks, and so does the end of the process. Symbolic links are not followed. */
int file_lock(const char *path, int *fd, struct err *err);
/* The first of $XDG_CACHE_HOME/s3dock, ~/.cache/s3dock and /var/tmp/s3dock-<uid> that is a folder
 * of this user which nobody else can write to: made with 0700 when missing. */
int file_cache_dir(char *out, size_t size, struct err *err);

#endif
