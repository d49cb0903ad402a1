/*
 * unlinked_file - a file without a name in the user's cache, for bytes that one pull needs.
 */
#ifndef S3DOCK_PULL_PARTIAL_UNLINKED_FILE_H
#define S3DOCK_PULL_PARTIAL_UNLINKED_FILE_H

#include <stdint.h>

struct err;

/* Creates the file. *room: bytes that may be written so that `leave` bytes of the disk stay free;
 * UINT64_MAX: unknown. Returns its descriptor, or -1. */
int unlinked_file_create(uint64_t leave, uint64_t *room, struct err *err);

#endif
