/*
 * Some file systems cannot copy a range. Then the bytes go through memory.
 */
#include "store/dir/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "flow/cancel.h"
#include "os/disk.h"

#define STEP (8 * MIB) /* bytes between two checks of the cancel flag */

int dir_write(const struct dir_bucket *bucket, int fd, struct view bytes, uint64_t offset,
              struct err *err)
{
    while (bytes.size > 0) {
        size_t step = bytes.size < STEP ? bytes.size : STEP;
        ssize_t wrote;

        if (cancel_check(bucket->cancel, err) < 0)
            return ERR_FAIL;
        wrote = pwrite(fd, bytes.data, step, (off_t)offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return err_errno(err, errno, "write", "cannot write to %s", bucket->where);
        bytes.data += wrote;
        bytes.size -= (size_t)wrote;
        offset += (uint64_t)wrote;
    }
    return 0;
}

/* Copies one step through memory. */
static ssize_t copy_in_memory(int from, off_t from_offset, int to, off_t to_offset, size_t length)
{
    size_t size = length < MIB ? length : MIB;
    uint8_t *buffer = malloc(size);
    ssize_t got, wrote = 0;

    if (!buffer)
        return -1;
    got = pread(from, buffer, size, from_offset);
    while (got > wrote) {
        ssize_t n = pwrite(to, buffer + wrote, (size_t)(got - wrote), to_offset + wrote);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            got = -1;
            break;
        }
        wrote += n;
    }
    free(buffer);
    return got;
}

int dir_copy(const struct dir_bucket *bucket, int from, uint64_t from_offset, int to,
             uint64_t to_offset, uint64_t length, struct err *err)
{
    bool kernel = true;

    while (length > 0) {
        size_t step = length < STEP ? (size_t)length : STEP;
        ssize_t n;

        if (cancel_check(bucket->cancel, err) < 0)
            return ERR_FAIL;
        n = kernel ? os_copy_range(from, from_offset, to, to_offset, step)
                   : copy_in_memory(from, (off_t)from_offset, to, (off_t)to_offset, step);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 && kernel && (n == 0 || (errno != ENOSPC && errno != EDQUOT && errno != EIO))) {
            kernel = false;
            continue;
        }
        if (n < 0)
            return err_errno(err, errno, "write", "cannot copy within %s", bucket->where);
        if (n == 0)
            return err_set(err, ERR_INTEGRITY, "short", "an object of %s ended early",
                           bucket->where);
        from_offset += (uint64_t)n;
        to_offset += (uint64_t)n;
        length -= (uint64_t)n;
    }
    return 0;
}
