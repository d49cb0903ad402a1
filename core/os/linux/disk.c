/*
 * preadv2 with RWF_NOWAIT fails instead of reading from the disk: the byte is not in memory then.
 * It is made as a system call, because musl has no function for it before 1.2.5. Its position has
 * two halves, which are both 0 here.
 */
#include "os/disk.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define NOWAIT 8UL /* RWF_NOWAIT of the kernel */

static int keep_space(int failed, const struct statvfs *disk, struct os_space *out)
{
    if (failed)
        return -1;
    out->total = (uint64_t)disk->f_blocks * disk->f_frsize;
    out->free = (uint64_t)disk->f_bavail * disk->f_frsize;
    return 0;
}

int os_space(const char *path, struct os_space *out)
{
    struct statvfs disk;

    return keep_space(statvfs(path, &disk), &disk, out);
}

int os_space_of(int fd, struct os_space *out)
{
    struct statvfs disk;

    return keep_space(fstatvfs(fd, &disk), &disk, out);
}

ssize_t os_copy_range(int from, uint64_t from_offset, int to, uint64_t to_offset, size_t size)
{
    off_t in = (off_t)from_offset, out = (off_t)to_offset;

    return copy_file_range(from, &in, to, &out, size, 0);
}

void os_discard(int fd, uint64_t offset, uint64_t size)
{
    (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size);
}

void os_start_write(int fd, uint64_t offset, uint64_t size)
{
    (void)sync_file_range(fd, (off_t)offset, (off_t)size, SYNC_FILE_RANGE_WRITE);
}

void os_read_in_order(int fd)
{
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

void os_read_ahead(int fd, size_t size)
{
    (void)readahead(fd, 0, size);
}

bool os_is_in_memory(int fd)
{
    char byte;
    struct iovec one = {&byte, 1};

    return syscall(SYS_preadv2, fd, &one, 1UL, 0UL, 0UL, NOWAIT) == 1;
}
