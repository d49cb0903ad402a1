/*
 * The locks of files have no timeout, so the lock is polled. Locks are held for a few system calls.
 */
#include "store/dir/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "os/lock.h"

#define NAP_FIRST   (2 * NS_PER_MS)
#define NAP_LATER   (20 * NS_PER_MS)
#define NOTE_AFTER  (10 * NS_PER_S)
#define HOLDER_SIZE 96

/* Names the holder of the lock for messages: "process 123 (flock)" or "another process". */
static void name_holder(int fd, char out[HOLDER_SIZE])
{
    struct os_lock_holder holder;
    const char *name = holder.name;

    if (!os_lock_holder(fd, &holder))
        snprintf(out, HOLDER_SIZE, "another process");
    else
        snprintf(out, HOLDER_SIZE, "process %ld%s%s%s", holder.process, name[0] ? " (" : "", name,
                 name[0] ? ")" : "");
}

/* Sets the error that ends the wait: a cancel, or the bound. */
static int end_wait(const struct dir_bucket *bucket, int fd, int64_t waited, struct err *err)
{
    char holder[HOLDER_SIZE];

    if (cancel_check(bucket->flag, err) < 0)
        return ERR_FAIL;
    name_holder(fd, holder);
    err_set(err, ERR_NETWORK, "busy", "%s holds a lock in %s for more than %.0f s", holder,
            bucket->where, (double)waited / NS_PER_S);
    return err_hint(err, "run the same command again when that process has ended");
}

static int64_t patience(const struct dir_bucket *bucket)
{
    int64_t clean = bucket->patience < STORE_INSIST_TIME ? bucket->patience : STORE_INSIST_TIME;

    if (!cancel_requested(bucket->flag))
        return bucket->patience;
    return bucket->cancel ? 0 : clean;
}

int dir_lock(const struct dir_bucket *bucket, int fd, struct err *err)
{
    int64_t step = bucket->patience / 3 < NOTE_AFTER ? bucket->patience / 3 : NOTE_AFTER;
    int64_t start = clock_monotonic(), note = step, waited = 0;

    while (os_lock(fd, OS_LOCK_EXCLUSIVE) < 0) {
        struct timespec nap = {.tv_nsec = waited < NS_PER_S ? NAP_FIRST : NAP_LATER};
        char holder[HOLDER_SIZE];

        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_errno(err, errno, "lock", "cannot lock a file in %s", bucket->where);
        if (waited >= patience(bucket))
            return end_wait(bucket, fd, waited, err);
        if (waited >= note) {
            note += step;
            name_holder(fd, holder);
            log_note("waiting %.0f s for a lock in %s: %s holds it", (double)waited / NS_PER_S,
                     bucket->where, holder);
        }
        nanosleep(&nap, NULL);
        waited = clock_monotonic() - start;
    }
    return 0;
}

int dir_lock_bucket(const struct dir_bucket *bucket, int *fd, struct err *err)
{
    const char *leaf;
    int folder, answer;

    if (dir_folder(bucket, DIR_OWN "/lock", DIR_WRITE, &folder, &leaf, err) < 0)
        return ERR_FAIL;
    answer = dir_file(bucket, folder, leaf, O_RDWR | O_CREAT, fd, err);
    close(folder);
    if (answer == 0 && dir_lock(bucket, *fd, err) < 0) {
        close(*fd);
        answer = ERR_FAIL;
    }
    if (answer != 0)
        *fd = -1;
    return answer;
}
