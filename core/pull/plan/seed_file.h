/*
 * seed_file - the temporary file that holds raw chunks of the seed until the pull writes them.
 *
 * The file has no name: it vanishes with its descriptor. All functions may run on any thread.
 */
#ifndef S3DOCK_PULL_PLAN_SEED_FILE_H
#define S3DOCK_PULL_PLAN_SEED_FILE_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* Creates the file (unlinked_file_create). The caller closes it. */
int seed_file_create(uint64_t leave, uint64_t *room, struct err *err);
int seed_file_write(int fd, uint64_t offset, const uint8_t *bytes, size_t size, struct err *err);
int seed_file_read(int fd, uint64_t offset, uint8_t *out, size_t size, struct err *err);
/* Gives the space of a range back to the disk, where the file system can do that. */
void seed_file_discard(int fd, uint64_t offset, uint64_t size);

#endif
