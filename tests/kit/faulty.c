/*
 * faulty - a preloaded library that makes the i-th call of a kind fail, or ends the program
 * there.
 *
 *   FAULTY_BOOK=FILE              counts the calls of each kind in FILE (one shared page, so that it
 *                                 survives a SIGKILL)
 *   FAULTY=KIND:NUMBER:WHAT       the fault for this call of this kind
 *
 * Kinds: alloc open read write sync name (rename, link) remove make (folders, lengths) connect
 * (socket, connect) send recv thread, and `change`: all calls with an effect outside of the
 * process. WHAT is the name of an errno, "short" (half of the bytes are read or written), "kill"
 * (SIGKILL before the call) or "torn" (SIGKILL after half of the bytes, or after the call). With
 * "*" ("ENOMEM*"), the fault applies to this and every later call of the kind.
 *
 * Reads and writes of files and sockets count. Pipes and event counters do not count, because the
 * program's threads use them to wake each other.
 */
#undef _FILE_OFFSET_BITS /* open and open64 are two functions here */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind {
    ALLOC,
    OPEN,
    READ,
    WRITE,
    SYNC,
    NAME,
    REMOVE,
    MAKE,
    CONNECT,
    SEND,
    RECV,
    THREAD,
    CHANGE,
    KINDS
};

static const char *const NAMES[KINDS] = {"alloc", "open",   "read",  "write",   "sync",
                                         "name",  "remove", "make",  "connect", "send",
                                         "recv",  "thread", "change"};
static const struct {
    const char *name;
    int number;
} ERRORS[] = {
    {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC},         {"EIO", EIO},
    {"EMFILE", EMFILE}, {"EINTR", EINTR},           {"EACCES", EACCES},
    {"EDQUOT", EDQUOT}, {"ECONNRESET", ECONNRESET}, {"EPIPE", EPIPE},
    {"EAGAIN", EAGAIN}, {"ETIMEDOUT", ETIMEDOUT},   {"ENETUNREACH", ENETUNREACH},
};

enum what { NOTHING, FAIL, SHORT, KILL, TORN };

static struct {
    atomic_uint *counts; /* in the file, or NULL before the start */
    atomic_uint own[KINDS];
    enum kind kind;
    unsigned number;
    bool always;
    enum what what;
    int error;
} faulty;

/* glibc's own functions behind the replaced ones */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void read_wish(const char *request)
{
    char kind[16], what[16];

    if (!request || sscanf(request, "%15[^:]:%u:%15s", kind, &faulty.number, what) != 3)
        return;
    size_t size = strlen(what);
    if (what[size - 1] == '*') {
        faulty.always = true;
        what[size - 1] = '\0';
    }
    for (unsigned i = 0; i < KINDS; i++)
        if (strcmp(NAMES[i], kind) == 0)
            faulty.kind = i;
    faulty.what = strcmp(what, "short") == 0  ? SHORT
                  : strcmp(what, "kill") == 0 ? KILL
                  : strcmp(what, "torn") == 0 ? TORN
                                              : FAIL;
    for (unsigned i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++)
        if (strcmp(ERRORS[i].name, what) == 0)
            faulty.error = ERRORS[i].number;
}

/* Runs after the loader, so that only the program's own calls count. */
__attribute__((constructor)) static void begin(void)
{
    const char *book = getenv("FAULTY_BOOK");
    int fd =
        book ? (int)syscall(SYS_openat, AT_FDCWD, book, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    void *page = MAP_FAILED;

    read_wish(getenv("FAULTY"));
    if (fd >= 0 && ftruncate(fd, 4096) == 0)
        page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        syscall(SYS_close, fd);
    unsetenv("LD_PRELOAD"); /* not in child processes */
    faulty.counts = page == MAP_FAILED ? faulty.own : page;
}

static enum what count(enum kind kind)
{
    unsigned at = atomic_fetch_add(&faulty.counts[kind], 1) + 1;
    bool meant = kind == faulty.kind && (faulty.always ? at >= faulty.number : at == faulty.number);

    return meant ? faulty.what : NOTHING;
}

static void die(void)
{
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;)
        syscall(SYS_pause);
}

/* Returns the fault for a call of this kind. FAIL: errno is set. */
static enum what fate(enum kind kind, bool changes)
{
    if (!faulty.counts)
        return NOTHING;
    enum what what = count(kind), also = changes ? count(CHANGE) : NOTHING;

    if (what == NOTHING)
        what = also;
    if (what == KILL)
        die();
    if (what == FAIL)
        errno = faulty.error;
    return what;
}

/* ---- memory ---- */

void *malloc(size_t size)
{
    return fate(ALLOC, false) == FAIL ? NULL : __libc_malloc(size);
}

void *calloc(size_t count_of, size_t size)
{
    return fate(ALLOC, false) == FAIL ? NULL : __libc_calloc(count_of, size);
}

void *realloc(void *old, size_t size)
{
    return fate(ALLOC, false) == FAIL ? NULL : __libc_realloc(old, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    if (fate(ALLOC, false) == FAIL)
        return ENOMEM;
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fate(ALLOC, false) == FAIL ? NULL : __libc_memalign(alignment, size);
}

/* ---- files ---- */

static int open_at(int dir, const char *path, int flags, mode_t mode)
{
    enum what what = fate(OPEN, flags & (O_CREAT | O_TRUNC));
    int fd = what == FAIL ? -1 : (int)syscall(SYS_openat, dir, path, flags, mode);

    if (what == TORN)
        die();
    return fd;
}

#define OPENER(name, parameters, dir)                                                              \
    int name parameters                                                                            \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        va_list more;                                                                              \
                                                                                                   \
        va_start(more, flags);                                                                     \
        if (flags & (O_CREAT | O_TMPFILE))                                                         \
            mode = va_arg(more, mode_t);                                                           \
        va_end(more);                                                                              \
        return open_at(dir, path, flags, mode);                                                    \
    }
OPENER(open, (const char *path, int flags, ...), AT_FDCWD)
OPENER(open64, (const char *path, int flags, ...), AT_FDCWD)
OPENER(openat, (int at, const char *path, int flags, ...), at)
OPENER(openat64, (int at, const char *path, int flags, ...), at)

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* A plain replacement: returns `answer` on failure. "torn" ends the program after the call. */
#define CALL(type, name, parameters, arguments, kind, changes, answer)                             \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*next) parameters;                                                             \
        if (!next)                                                                                 \
            *(void **)&next = real(#name);                                                         \
        enum what what = fate(kind, changes);                                                      \
        if (what == FAIL)                                                                          \
            return answer;                                                                         \
        type got = next arguments;                                                                 \
        if (what == TORN)                                                                          \
            die();                                                                                 \
        return got;                                                                                \
    }
CALL(FILE *, fopen, (const char *path, const char *mode), (path, mode), OPEN, mode[0] != 'r', NULL)
CALL(FILE *, fopen64, (const char *path, const char *mode), (path, mode), OPEN, mode[0] != 'r',
     NULL)
CALL(int, mkostemp64, (char *path, int flags), (path, flags), OPEN, true, -1)
CALL(int, rename, (const char *from, const char *to), (from, to), NAME, true, -1)
CALL(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), NAME, true,
     -1)
CALL(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
     (a, from, b, to, flags), NAME, true, -1)
CALL(int, link, (const char *from, const char *to), (from, to), NAME, true, -1)
CALL(int, linkat, (int a, const char *from, int b, const char *to, int flags),
     (a, from, b, to, flags), NAME, true, -1)
CALL(int, unlink, (const char *path), (path), REMOVE, true, -1)
CALL(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags), REMOVE, true, -1)
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), MAKE, true, -1)
CALL(int, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode), MAKE, true, -1)
CALL(int, ftruncate64, (int fd, off64_t size), (fd, size), MAKE, true, -1)
CALL(int, fsync, (int fd), (fd), SYNC, true, -1)
CALL(int, fdatasync, (int fd), (fd), SYNC, true, -1)
CALL(int, socket, (int domain, int type, int protocol), (domain, type, protocol), CONNECT, false,
     -1)

int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t size)
{
    enum what what = fate(CONNECT, true);
    int got = what == FAIL ? -1 : (int)syscall(SYS_connect, fd, to.__sockaddr__, size);

    if (what == TORN)
        die();
    return got;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*main)(void *), void *arg)
{
    static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    if (!next)
        *(void **)&next = real("pthread_create");
    return fate(THREAD, false) == FAIL ? faulty.error : next(thread, how, main, arg);
}

/* ---- bytes ---- */

/* Returns the kind of a descriptor: READ or WRITE (as requested) for a file, RECV or SEND for a
 * socket, KINDS if it does not count. */
static enum kind kind_of(int fd, enum kind file, enum kind sock)
{
    struct stat st;
    int was = errno;
    bool known = fstat(fd, &st) == 0;

    errno = was;
    if (!known || fd <= STDERR_FILENO)
        return KINDS;
    return S_ISREG(st.st_mode) ? file : S_ISSOCK(st.st_mode) ? sock : KINDS;
}

/* Returns how many of `size` bytes are transferred; -1: none, an error. */
static ssize_t allowed(enum kind kind, bool changes, size_t size, bool *last)
{
    enum what what = kind == KINDS ? NOTHING : fate(kind, changes);

    *last = what == TORN;
    if (what == FAIL)
        return -1;
    return (ssize_t)((what == SHORT || what == TORN) && size > 1 ? size / 2 : size);
}

#define MOVER(name, parameters, fd_kind, changes, call)                                            \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        bool last;                                                                                 \
        ssize_t most = allowed(fd_kind, changes, size, &last);                                     \
        if (most < 0)                                                                              \
            return -1;                                                                             \
        ssize_t got = call;                                                                        \
        if (last)                                                                                  \
            die();                                                                                 \
        return got;                                                                                \
    }
MOVER(read, (int fd, void *to, size_t size), kind_of(fd, READ, RECV), false,
      syscall(SYS_read, fd, to, most))
MOVER(pread, (int fd, void *to, size_t size, off_t at), kind_of(fd, READ, RECV), false,
      syscall(SYS_pread64, fd, to, most, at))
MOVER(pread64, (int fd, void *to, size_t size, off64_t at), kind_of(fd, READ, RECV), false,
      syscall(SYS_pread64, fd, to, most, at))
MOVER(write, (int fd, const void *from, size_t size), kind_of(fd, WRITE, SEND), true,
      syscall(SYS_write, fd, from, most))
MOVER(pwrite, (int fd, const void *from, size_t size, off_t at), kind_of(fd, WRITE, SEND), true,
      syscall(SYS_pwrite64, fd, from, most, at))
MOVER(pwrite64, (int fd, const void *from, size_t size, off64_t at), kind_of(fd, WRITE, SEND), true,
      syscall(SYS_pwrite64, fd, from, most, at))
MOVER(copy_file_range, (int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags),
      WRITE, true, syscall(SYS_copy_file_range, in, from, out, to, most, flags))
MOVER(send, (int fd, const void *from, size_t size, int flags), kind_of(fd, KINDS, SEND), true,
      syscall(SYS_sendto, fd, from, most, flags, NULL, 0))
MOVER(recv, (int fd, void *to, size_t size, int flags), kind_of(fd, KINDS, RECV), false,
      syscall(SYS_recvfrom, fd, to, most, flags, NULL, NULL))
