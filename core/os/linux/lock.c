/*
 * /proc/locks lists all locks with the process, the device and the inode, one a line.
 */
#include "os/lock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define LOCKS_MAX 65536 /* lines that are read */

/* Returns the process that holds the lock; 0: unknown (another host, or a file system with its own
 * device numbers). */
static long find_process(FILE *locks, const struct stat *st)
{
    char line[256], wanted[64];
    long found = 0;

    snprintf(wanted, sizeof wanted, "%02x:%02x:%" PRIu64, major(st->st_dev), minor(st->st_dev),
             (uint64_t)st->st_ino);
    for (int i = 0; found == 0 && i < LOCKS_MAX && fgets(line, sizeof line, locks); i++) {
        char kind[16], process[16], place[64];

        if (sscanf(line, "%*s %15s %*s %*s %15s %63s", kind, process, place) == 3 &&
            strcmp(kind, "FLOCK") == 0 && strcmp(place, wanted) == 0)
            found = strtol(process, NULL, 10);
    }
    return found;
}

static void read_name(struct os_lock_holder *holder)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%ld/comm", holder->process);
    file = fopen(path, "re");
    if (!file)
        return;
    if (!fgets(holder->name, sizeof holder->name, file))
        holder->name[0] = '\0';
    fclose(file);
    holder->name[strcspn(holder->name, "\n")] = '\0';
}

bool os_lock_holder(int fd, struct os_lock_holder *out)
{
    FILE *locks = fopen("/proc/locks", "re");
    struct stat st;

    *out = (struct os_lock_holder){.process = 0};
    if (!locks)
        return false;
    if (fstat(fd, &st) == 0)
        out->process = find_process(locks, &st);
    fclose(locks);
    if (out->process <= 0)
        return false;
    read_name(out);
    return true;
}
