/*
 * Each function refuses the arguments that macOS refuses, and then calls Linux.
 */
#include "darwin.h"

#undef confstr
#undef fcntl
#undef getrusage
#undef send
#undef sendto
#undef setsockopt

#include <errno.h>
#include <limits.h>
#include <malloc/malloc.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/acl.h>
#include <sys/event.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NS_PER_S  1000000000L
#define NS_PER_MS 1000000L

/* macOS refuses a hole that does not have whole blocks. */
static int punch_hole(int fd, const fpunchhole_t *hole)
{
    struct statfs disk;

    if (fstatfs(fd, &disk) != 0)
        return -1;
    if (hole->fp_flags || hole->reserved || hole->fp_length <= 0 ||
        hole->fp_offset % disk.f_bsize != 0 || hole->fp_length % disk.f_bsize != 0) {
        errno = EINVAL;
        return -1;
    }
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, hole->fp_offset,
                     hole->fp_length);
}

int darwin_fcntl(int fd, int command, ...)
{
    va_list args;
    int result;

    va_start(args, command);
    switch (command) {
    case F_PUNCHHOLE:
        result = punch_hole(fd, va_arg(args, const fpunchhole_t *));
        break;
    case F_RDADVISE:
    case F_RDAHEAD:
        result = 0;
        break;
    case F_FULLFSYNC: /* a network file system: the caller has to call fsync */
        errno = ENOTSUP;
        result = -1;
        break;
    default:
        result = fcntl(fd, command, va_arg(args, int));
        break;
    }
    va_end(args);
    return result;
}

/* A network file system refuses the call where the environment has DARWIN_NFS. */
int renamex_np(const char *from, const char *to, unsigned flags)
{
    if (flags != RENAME_EXCL || getenv("DARWIN_NFS")) {
        errno = ENOTSUP;
        return -1;
    }
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

/* The folder is private to the user, and its name ends with a slash. */
size_t darwin_confstr(int name, char *out, size_t size)
{
    if (name != _CS_DARWIN_USER_TEMP_DIR)
        return 0;
    return (size_t)snprintf(out, size, "/tmp/") + 1;
}

int darwin_memset_s(void *data, size_t room, int byte, size_t size)
{
    if (size > room)
        return EOVERFLOW;
    memset(data, byte, size);
    return 0;
}

void darwin_random(void *out, size_t size)
{
    if (getrandom(out, size, 0) != (ssize_t)size)
        abort();
}

/* macOS refuses a duration whose nanoseconds are a second or more. */
int pthread_cond_timedwait_relative_np(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                       const struct timespec *wait)
{
    struct timespec until;

    if (wait->tv_sec < 0 || wait->tv_nsec < 0 || wait->tv_nsec >= NS_PER_S)
        return EINVAL;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait->tv_sec + (until.tv_nsec + wait->tv_nsec) / NS_PER_S;
    until.tv_nsec = (until.tv_nsec + wait->tv_nsec) % NS_PER_S;
    return pthread_cond_timedwait(condition, mutex, &until);
}

/* macOS counts bytes, Linux KiB. */
int darwin_getrusage(int who, struct rusage *out)
{
    int failed = getrusage(who, out);

    out->ru_maxrss *= 1024;
    return failed;
}

/* ---- sockets: a descriptor has the flag, or its writes raise a signal ---- */

#define SOCKETS 1024

static bool quiet[SOCKETS];

int darwin_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    if (name != SO_NOSIGPIPE)
        return setsockopt(fd, level, name, value, size);
    if (level != SOL_SOCKET || fd >= SOCKETS) {
        errno = EINVAL;
        return -1;
    }
    quiet[fd] = true;
    return 0;
}

ssize_t darwin_send(int fd, const void *data, size_t size, int flags)
{
    return send(fd, data, size, flags | (fd < SOCKETS && quiet[fd] ? MSG_NOSIGNAL : 0));
}

ssize_t darwin_sendto(int fd, const void *data, size_t size, int flags,
                      const struct sockaddr *address, socklen_t address_size)
{
    return sendto(fd, data, size, flags | (fd < SOCKETS && quiet[fd] ? MSG_NOSIGNAL : 0), address,
                  address_size);
}

size_t malloc_zone_pressure_relief(void *zone, size_t goal)
{
    (void)zone;
    (void)goal;
    return 0;
}

/* ---- access lists ---- */

struct acl {
    const int *next;
    int tags[3]; /* 0 at the end */
};

acl_t acl_get_link_np(const char *path, int type)
{
    const char *name = strrchr(path, '/');
    struct stat st;
    acl_t list;

    name = name ? name + 1 : path;
    if (type != ACL_TYPE_EXTENDED || lstat(path, &st) != 0)
        return NULL;
    if (strncmp(name, "denied", 6) != 0 && strncmp(name, "allowed", 7) != 0) {
        errno = ENOENT; /* as macOS: the path is there, and has no list */
        return NULL;
    }
    list = calloc(1, sizeof *list);
    if (!list)
        return NULL;
    list->tags[0] = ACL_EXTENDED_DENY;
    list->tags[1] = *name == 'a' ? ACL_EXTENDED_ALLOW : 0;
    list->next = list->tags;
    return list;
}

int acl_get_entry(acl_t list, int which, acl_entry_t *out)
{
    if (which == ACL_FIRST_ENTRY)
        list->next = list->tags;
    if (!*list->next) {
        errno = EINVAL;
        return -1;
    }
    *out = list->next++;
    return 0;
}

int acl_get_tag_type(acl_entry_t entry, acl_tag_t *out)
{
    *out = *entry;
    return 0;
}

int acl_free(void *list)
{
    free(list);
    return 0;
}

/* ---- the queue ---- */

int kqueue(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* A process that has ended already is an event with the error ESRCH. */
int kevent(int queue, const struct kevent *changes, int change_count, struct kevent *events,
           int event_count, const struct timespec *limit)
{
    pid_t process = change_count > 0 ? (pid_t)changes->ident : 0;
    struct pollfd end = {.events = POLLIN};
    int ready;

    if (queue < 0 || change_count != 1 || event_count != 1 || changes->filter != EVFILT_PROC ||
        changes->fflags != NOTE_EXIT || limit->tv_nsec < 0 || limit->tv_nsec >= NS_PER_S) {
        errno = EINVAL;
        return -1;
    }
    end.fd = (int)syscall(SYS_pidfd_open, process, 0);
    if (end.fd < 0) {
        *events = (struct kevent){.flags = EV_ERROR, .data = ESRCH};
        return 1;
    }
    ready = poll(&end, 1, (int)(limit->tv_sec * 1000 + limit->tv_nsec / NS_PER_MS));
    close(end.fd);
    return ready;
}
