/*
 * Chunks are appended by the seed scan, read once by the workers and then discarded: most of them
 * never reach the disk.
 */
#include "pull/plan/seed_file.h"

#include "base/file.h"
#include "os/disk.h"
#include "pull/partial/unlinked_file.h"

int seed_file_create(uint64_t leave, uint64_t *room, struct err *err)
{
    return unlinked_file_create(leave, room, err);
}

int seed_file_write(int fd, uint64_t offset, const uint8_t *bytes, size_t size, struct err *err)
{
    return file_write_at(fd, bytes, size, (off_t)offset, "the file of local chunks", err);
}

int seed_file_read(int fd, uint64_t offset, uint8_t *out, size_t size, struct err *err)
{
    return file_read_at(fd, out, size, (off_t)offset, "the file of local chunks", err);
}

void seed_file_discard(int fd, uint64_t offset, uint64_t size)
{
    os_discard(fd, offset, size);
}
