/*
 * flock(2) has no timeout, so the lock is polled. Locks are held for a few system calls.
 */
#include "store/dir/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define NAP_FIRST   (2 * NS_PER_MS)
#define NAP_LATER   (20 * NS_PER_MS)
#define NOTE_AFTER  (10 * NS_PER_S)
#define LOCKS_MAX   65536 /* lines of /proc/locks that are read */
#define HOLDER_SIZE 96

/* Returns the process that holds the lock, from /proc/locks; 0: unknown (another host, or a file
 * system with its own device numbers). */
static long process_of(int fd)
{
    FILE *locks = fopen("/proc/locks", "re");
    char line[256], wanted[64];
    long found = 0;
    struct stat st;

    if (!locks)
        return 0;
    if (fstat(fd, &st) < 0)
        st = (struct stat){0};
    snprintf(wanted, sizeof wanted, "%02x:%02x:%" PRIu64, major(st.st_dev), minor(st.st_dev),
             (uint64_t)st.st_ino);
    for (int i = 0; found == 0 && i < LOCKS_MAX && fgets(line, sizeof line, locks); i++) {
        char kind[16], process[16], place[64];

        if (sscanf(line, "%*s %15s %*s %*s %15s %63s", kind, process, place) == 3 &&
            strcmp(kind, "FLOCK") == 0 && strcmp(place, wanted) == 0)
            found = strtol(process, NULL, 10);
    }
    fclose(locks);
    return found;
}

/* Names the holder of the lock for messages: "process 123 (flock)" or "another process". */
static void name_holder(int fd, char out[HOLDER_SIZE])
{
    long process = process_of(fd);
    char path[64], name[32] = "";
    FILE *file;

    snprintf(out, HOLDER_SIZE, "another process");
    if (process <= 0)
        return;
    snprintf(path, sizeof path, "/proc/%ld/comm", process);
    file = fopen(path, "re");
    if (file) {
        if (!fgets(name, sizeof name, file))
            name[0] = '\0';
        fclose(file);
    }
    name[strcspn(name, "\n")] = '\0';
    snprintf(out, HOLDER_SIZE, "process %ld%s%s%s", process, name[0] ? " (" : "", name,
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

    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
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

    if (dir_folder(bucket, DIR_OWN "/lock", true, &folder, &leaf, err) < 0)
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
