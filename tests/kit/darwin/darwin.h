/*
 * darwin - the calls of macOS that core/os/darwin uses, made of Linux's.
 *
 * The unit tests of the floor `os` run with those bodies on Linux, too. This header is included
 * before each of them. The calls check what macOS would refuse; nothing here is used by the
 * program.
 */
#ifndef KIT_DARWIN_H
#define KIT_DARWIN_H

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#define st_mtimespec st_mtim
#define st_ctimespec st_ctim

#define F_PUNCHHOLE 10001
#define F_FULLFSYNC 10002
#define F_RDADVISE  10003
#define F_RDAHEAD   10004
#define fcntl       darwin_fcntl

typedef struct fpunchhole {
    unsigned fp_flags, reserved;
    off_t fp_offset, fp_length;
} fpunchhole_t;

struct radvisory {
    off_t ra_offset;
    int ra_count;
};

int darwin_fcntl(int fd, int command, ...);

#define RENAME_EXCL 4
int renamex_np(const char *from, const char *to, unsigned flags);

#define _CS_DARWIN_USER_TEMP_DIR 65537
#define confstr                  darwin_confstr
size_t darwin_confstr(int name, char *out, size_t size);

#define memset_s       darwin_memset_s
#define arc4random_buf darwin_random
int darwin_memset_s(void *data, size_t room, int byte, size_t size);
void darwin_random(void *out, size_t size);

#define getrusage darwin_getrusage
int darwin_getrusage(int who, struct rusage *out);

#define SO_NOSIGPIPE 0x1022
#define setsockopt   darwin_setsockopt
#define send         darwin_send
#define sendto       darwin_sendto
int darwin_setsockopt(int fd, int level, int name, const void *value, socklen_t size);
ssize_t darwin_send(int fd, const void *data, size_t size, int flags);
ssize_t darwin_sendto(int fd, const void *data, size_t size, int flags,
                      const struct sockaddr *address, socklen_t address_size);

int pthread_cond_timedwait_relative_np(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                       const struct timespec *wait);

#endif
