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
 * waiting for the other end of a FIFO or for a device. Returns the descriptor, or -1 and errno:
 * FILE_NOT_REGULAR if it is not a regular file. */
int file_open_regular(int folder, const char *path, int flags, mode_t mode);
/* Appends a whole regular file to `out`, whose maximum bounds it. FILE_ABSENT: there is no file. */
int file_read(const char *path, struct text *out, struct err *err);
/* The two steps of file_read. The first opens the file; FILE_ABSENT: there is none. The second
 * reads it to its end and does not close it; `path` names it in errors. */
int file_open_read(const char *path, int *fd, struct err *err);
int file_read_open(int fd, const char *path, struct text *out, struct err *err);
/* Stores the folder of a path in `out`, "." for a name without a folder. Returns false if it does
 * not fit. */
bool file_folder(const char *path, char out[PATH_MAX]);
/* Follows the links of `path`, writes a temporary file beside their target, syncs it, renames it to
 * the target, syncs the folder. Devices, FIFOs and mounted files are refused. After a crash the
 * file has either the old or the new content, whole. Missing folders are not made. The umask does
 * not change `mode`. */
int file_replace(const char *path, struct view content, mode_t mode, struct err *err);
/* The same, but never replaces an existing file: FILE_BUSY. That holds for two processes at the
 * same time, too. Never returns FILE_ABSENT. */
int file_create(const char *path, struct view content, mode_t mode, struct err *err);
/* Makes a folder and its parents. */
int file_make_dirs(const char *path, mode_t mode, struct err *err);
/* Makes the folder of the file `path`, and its parents. */
int file_make_parents(const char *path, mode_t mode, struct err *err);
/* Writes all bytes, despite EINTR and short writes. `what` names the file in errors. */
int file_write_all(int fd, const void *data, size_t size, const char *what, struct err *err);
/* Reads exactly `size` bytes. A file that ends earlier is local.read. */
int file_read_at(int fd, void *data, size_t size, off_t offset, const char *what, struct err *err);
int file_write_at(int fd, const void *data, size_t size, off_t offset, const char *what,
                  struct err *err);
/* Opens a lock file, or makes it, and locks it without waiting. Returns 0 and sets *fd, or returns
 * FILE_BUSY. close(fd) and the end of the process unlock it. Symbolic links are refused. */
int file_lock(const char *path, int *fd, struct err *err);
/* Stores the user's cache folder: the first of $XDG_CACHE_HOME/s3dock, ~/.cache/s3dock and
 * /var/tmp/s3dock-<uid> that belongs to this user and that no other user can write to. A missing
 * folder is made with mode 0700. */
int file_cache_dir(char *out, size_t size, struct err *err);
/* Stores the folder of files that must outlive a cache: $XDG_STATE_HOME/s3dock, unless that is a
 * folder of another user; else, of root, /var/lib/s3dock, and of other users ~/.local/state/s3dock.
 * Private as the cache folder. local.state: that folder cannot be used. No other one replaces it,
 * because what was stored would be missing there. */
int file_state_dir(char *out, size_t size, struct err *err);
/* The same for root, with another folder than /var/lib; NULL: for another user. */
int file_state_dir_in(const char *system, char *out, size_t size, struct err *err);

#endif
