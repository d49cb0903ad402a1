/*
 * statvfs of macOS counts blocks in 32 bits, so statfs is used. macOS can clone whole files only,
 * and copies no range.
 */
#include "os/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/param.h>

static int keep_space(int failed, const struct statfs *disk, struct os_space *out)
{
    if (failed)
        return -1;
    out->total = (uint64_t)disk->f_blocks * disk->f_bsize;
    out->free = (uint64_t)disk->f_bavail * disk->f_bsize;
    return 0;
}

int os_space(const char *path, struct os_space *out)
{
    struct statfs disk;

    return keep_space(statfs(path, &disk), &disk, out);
}

int os_space_of(int fd, struct os_space *out)
{
    struct statfs disk;

    return keep_space(fstatfs(fd, &disk), &disk, out);
}

ssize_t os_copy_range(int from, uint64_t from_offset, int to, uint64_t to_offset, size_t size)
{
    (void)from;
    (void)from_offset;
    (void)to;
    (void)to_offset;
    (void)size;
    errno = ENOTSUP;
    return -1;
}

/* A hole has whole blocks: the part of a block at either end stays. */
void os_discard(int fd, uint64_t offset, uint64_t size)
{
    struct statfs disk;
    uint64_t block, first, end;

    if (fstatfs(fd, &disk) != 0 || disk.f_bsize == 0)
        return;
    block = (uint64_t)disk.f_bsize;
    first = (offset + block - 1) / block * block;
    end = (offset + size) / block * block;
    if (first < end) {
        fpunchhole_t hole = {.fp_offset = (off_t)first, .fp_length = (off_t)(end - first)};

        (void)fcntl(fd, F_PUNCHHOLE, &hole);
    }
}

/* The system has no such call. */
void os_start_write(int fd, uint64_t offset, uint64_t size)
{
    (void)fd;
    (void)offset;
    (void)size;
}

void os_read_in_order(int fd)
{
    (void)fcntl(fd, F_RDAHEAD, 1);
}

void os_read_ahead(int fd, size_t size)
{
    struct radvisory advice = {.ra_count = size < INT_MAX ? (int)size : INT_MAX};

    (void)fcntl(fd, F_RDADVISE, &advice);
}

bool os_is_in_memory(int fd)
{
    (void)fd;
    return false;
}
