/*
 * open_beneath - opens files and folders below one folder, and never anything outside of it. The
 * contents of the folder may be hostile.
 *
 * The functions follow no symbolic link, do not wait for the other end of a FIFO, and write
 * nothing. Each returns 0, or fails and fills *err.
 */
#ifndef S3DOCK_BASE_OPEN_BENEATH_H
#define S3DOCK_BASE_OPEN_BENEATH_H

#include <stdint.h>

#include "base/bytes.h"

struct err;

/* Opens the top folder. Links in its path are followed: the administrator made them. */
int beneath_top(const char *path, int *folder, struct err *err);
/* Opens a folder below `top`. `path` is relative and without "..", here and below. */
int beneath_folder(int top, const char *path, int *folder, struct err *err);
/* Checks that this process may list the folder and open its files. */
int beneath_look(int top, const char *path, struct err *err);
/* Opens a regular file for reading and stores its size. local.layout: it is no regular file. */
int beneath_file(int top, const char *path, int *fd, uint64_t *size, struct err *err);
/* Appends a whole small file to `out`, whose maximum bounds it. */
int beneath_read(int top, const char *path, struct text *out, struct err *err);

/* Opens a path component by component, where os_open_beneath is missing (os/folder). The
 * functions above call it when they need it; tests call it directly. Returns a descriptor or
 * -errno. */
int beneath_walk(int top, const char *path, int flags);

#endif
