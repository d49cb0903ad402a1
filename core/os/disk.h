/*
 * disk - the space of a file system, and what the system can do with the bytes of files there.
 */
#ifndef S3DOCK_OS_DISK_H
#define S3DOCK_OS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct os_space {
    uint64_t total, free; /* bytes; `free`: for this user */
};

/* Stores the space of the file system of a path, or of an open file. -1 and errno on failure. */
int os_space(const char *path, struct os_space *out);
int os_space_of(int fd, struct os_space *out);

/* Copies up to `size` bytes between two files without a buffer. Returns the number of copied
 * bytes, 0 at the end of the file, or -1 and errno: several file systems and systems cannot. */
ssize_t os_copy_range(int from, uint64_t from_offset, int to, uint64_t to_offset, size_t size);

/* ---- hints: their failure has no effect but on time and space ---- */

/* Frees the space of these bytes, which are not read again. The size of the file stays. */
void os_discard(int fd, uint64_t offset, uint64_t size);
/* Starts to write the bytes to the disk, so that a later sync is short. */
void os_start_write(int fd, uint64_t offset, uint64_t size);
/* States that the whole file is read in order. */
void os_read_in_order(int fd);
/* Starts to read the first `size` bytes of the file into memory. */
void os_read_ahead(int fd, size_t size);
/* Returns true if the first byte of the file is in memory. False if that is not known. */
bool os_is_in_memory(int fd);

#endif
