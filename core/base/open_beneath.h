/*
 * open_beneath - opens what lies inside a folder, and nothing else, whoever wrote what is in there.
 *
 * No symbolic link is followed, neither on the way nor at the end; nothing waits for the other end
 * of a FIFO; nothing is created or written.
 */
#ifndef S3DOCK_BASE_OPEN_BENEATH_H
#define S3DOCK_BASE_OPEN_BENEATH_H

#include <stdint.h>

#include "base/bytes.h"

struct err;

/* A folder, as the place to open beneath. At the top, by its path (links in that are the
 * administrator's): */
int beneath_top(const char *path, int *folder, struct err *err);
/* or beneath another one. `path` is relative and without "..". */
int beneath_folder(int top, const char *path, int *folder, struct err *err);
/* 0: what lies in the folder there can be listed and opened by us. */
int beneath_look(int top, const char *path, struct err *err);
/* A regular file, to be read. *size: how large it is. local.layout: something else is there. */
int beneath_file(int top, const char *path, int *fd, uint64_t *size, struct err *err);
/* A small file as a whole, into `out`, whose maximum bounds it. */
int beneath_read(int top, const char *path, struct text *out, struct err *err);

/* The way that kernels before 5.6 (or a sandbox that hides openat2) take: component by component.
 * For tests; the functions above choose by themselves. Returns a descriptor or -errno. */
int beneath_walk(int top, const char *path, int flags);

#endif
