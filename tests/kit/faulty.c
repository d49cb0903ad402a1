/*
 * faulty - a preloaded library that makes the i-th call of a kind fail, or ends the program
 * there.
 *
 *   FAULTY_BOOK=FILE              counts the calls of each kind in FILE (one shared page, so that it
 *                                 survives a SIGKILL)
 *   FAULTY=KIND:NUMBER:WHAT       the fault for this call of this kind
 *   FAULTY_LIST=FILE              a line for each call of the kind `deed`: the time (seconds since
 *                                 1970), its name and what it sends
 *
 * Kinds: alloc open read write sync name (rename, link) remove make (folders, lengths) connect
 * (socket, connect) send recv thread, and `change`: all calls with an effect outside of the
 * process. `deed`: those of them that leave something else behind, and the start of a program. A
 * connection, a sync and the question "GET" are changes and no deeds.
 * WHAT is the name of an errno, "short" (half of the bytes are read or written), "kill" (SIGKILL
 * before the call), "torn" (SIGKILL after half of the bytes, or after the call), "done" (SIGKILL
 * after the call) or "term" (SIGTERM before the call). With "*" ("ENOMEM*"), the fault applies to
 * this and every later call of the kind.
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
#include <spawn.h>
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
#include <time.h>
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
    DEED,
    KINDS
};

static const char *const NAMES[KINDS] = {"alloc", "open",   "read",   "write",   "sync",
                                         "name",  "remove", "make",   "connect", "send",
                                         "recv",  "thread", "change", "deed"};
static const struct {
    const char *name;
    int number;
} ERRORS[] = {
    {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC},         {"EIO", EIO},
    {"EMFILE", EMFILE}, {"EINTR", EINTR},           {"EACCES", EACCES},
    {"EDQUOT", EDQUOT}, {"ECONNRESET", ECONNRESET}, {"EPIPE", EPIPE},
    {"EAGAIN", EAGAIN}, {"ETIMEDOUT", ETIMEDOUT},   {"ENETUNREACH", ENETUNREACH},
};

enum what { NOTHING, FAIL, SHORT, KILL, TORN, DONE, TERM };

static struct {
    atomic_uint *counts; /* in the file, or NULL before the start */
    atomic_uint own[KINDS];
    enum kind kind;
    unsigned number;
    bool always;
    enum what what;
    int error;
    int list; /* the file of the deeds, or -1 */
} faulty = {.list = -1};

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
                  : strcmp(what, "done") == 0 ? DONE
                  : strcmp(what, "term") == 0 ? TERM
                                              : FAIL;
    for (unsigned i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++)
        if (strcmp(ERRORS[i].name, what) == 0)
            faulty.error = ERRORS[i].number;
}

/* Runs after the loader, so that only the program's own calls count. */
__attribute__((constructor)) static void begin(void)
{
    const char *book = getenv("FAULTY_BOOK"), *list = getenv("FAULTY_LIST");
    int fd =
        book ? (int)syscall(SYS_openat, AT_FDCWD, book, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    void *page = MAP_FAILED;

    read_wish(getenv("FAULTY"));
    if (list)
        faulty.list = (int)syscall(SYS_openat, AT_FDCWD, list,
                                   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
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
        raise(SIGKILL);
}

/* The description of a call: its name, and the bytes that it sends, or the path. */
struct deed {
    const char *call;
    const void *bytes;
    size_t size;
};

/* Adds a line to the list. Bytes that are not printable become spaces. */
static void note(const struct deed *deed)
{
    char line[256];
    size_t used, most = sizeof line - 2;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    used = (size_t)snprintf(line, 64, "%lld.%06ld %s ", (long long)now.tv_sec, now.tv_nsec / 1000,
                            deed->call);
    for (size_t i = 0; i < deed->size && used < most; i++) {
        char c = ((const char *)deed->bytes)[i];
        line[used++] = c > ' ' && c < 127 ? c : ' ';
    }
    line[used++] = '\n';
    syscall(SYS_write, faulty.list, line, used);
}

static enum what count_deed(const struct deed *deed)
{
    if (faulty.list >= 0)
        note(deed);
    return count(DEED);
}

/* Returns the fault for a call of this kind. FAIL: errno is set. `deed` may be NULL. */
static enum what fate_of(enum kind kind, bool changes, const struct deed *deed)
{
    if (!faulty.counts)
        return NOTHING;
    enum what what = kind == KINDS ? NOTHING : count(kind),
              also = changes ? count(CHANGE) : NOTHING, done = deed ? count_deed(deed) : NOTHING;

    what = what != NOTHING ? what : also != NOTHING ? also : done;
    if (what == KILL)
        die();
    if (what == TERM)
        syscall(SYS_kill, syscall(SYS_getpid), SIGTERM);
    if (what == FAIL)
        errno = faulty.error;
    return what == TERM ? NOTHING : what;
}

static enum what fate(enum kind kind, bool changes)
{
    return fate_of(kind, changes, NULL);
}

static bool ends_after(enum what what)
{
    return what == TORN || what == DONE;
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
    bool changes = flags & (O_CREAT | O_TRUNC);
    struct deed deed = {"open", path, strlen(path)};
    enum what what = fate_of(OPEN, changes, changes ? &deed : NULL);
    int fd = what == FAIL ? -1 : (int)syscall(SYS_openat, dir, path, flags, mode);

    if (ends_after(what))
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
        struct deed deed = {#name, "", 0};                                                         \
        enum what what = fate_of(kind, changes, (changes) && (kind) != SYNC ? &deed : NULL);       \
        if (what == FAIL)                                                                          \
            return answer;                                                                         \
        type got = next arguments;                                                                 \
        if (ends_after(what))                                                                      \
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

    if (ends_after(what))
        die();
    return got;
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
    static int (*next)(pid_t *, const char *, const posix_spawn_file_actions_t *,
                       const posix_spawnattr_t *, char *const[], char *const[]);
    struct deed deed = {"spawn", path, strlen(path)};

    if (!next)
        *(void **)&next = real("posix_spawn");
    enum what what = fate_of(KINDS, false, &deed);
    if (what == FAIL)
        return faulty.error;
    int got = next(pid, path, actions, attributes, argv, env);
    if (ends_after(what))
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

static bool begins(const struct deed *deed, const char *with)
{
    size_t size = strlen(with);

    return deed->size >= size && memcmp(deed->bytes, with, size) == 0;
}

/* Returns true if a request of HTTP or to HAProxy only asks. */
static bool asks(const struct deed *deed)
{
    return begins(deed, "GET ") || begins(deed, "HEAD ") || begins(deed, "show ");
}

/* Returns how many of `size` bytes are transferred; -1: none, an error. */
static ssize_t allowed(enum kind kind, const struct deed *deed, size_t size, bool *last)
{
    bool changes = deed->call != NULL;
    enum what what =
        kind == KINDS ? NOTHING : fate_of(kind, changes, changes && !asks(deed) ? deed : NULL);

    *last = ends_after(what);
    if (what == FAIL)
        return -1;
    return (ssize_t)((what == SHORT || what == TORN) && size > 1 ? size / 2 : size);
}

#define MOVER(name, parameters, fd_kind, doing, call)                                              \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        bool last;                                                                                 \
        struct deed deed = doing;                                                                  \
        ssize_t most = allowed(fd_kind, &deed, size, &last);                                       \
        if (most < 0)                                                                              \
            return -1;                                                                             \
        ssize_t got = call;                                                                        \
        if (last)                                                                                  \
            die();                                                                                 \
        return got;                                                                                \
    }
#define ASKING      ((struct deed){0})
#define BYTES(call) ((struct deed){call, from, size})
MOVER(read, (int fd, void *to, size_t size), kind_of(fd, READ, RECV), ASKING,
      syscall(SYS_read, fd, to, most))
MOVER(pread, (int fd, void *to, size_t size, off_t at), kind_of(fd, READ, RECV), ASKING,
      syscall(SYS_pread64, fd, to, most, at))
MOVER(pread64, (int fd, void *to, size_t size, off64_t at), kind_of(fd, READ, RECV), ASKING,
      syscall(SYS_pread64, fd, to, most, at))
MOVER(write, (int fd, const void *from, size_t size), kind_of(fd, WRITE, SEND), BYTES("write"),
      syscall(SYS_write, fd, from, most))
MOVER(pwrite, (int fd, const void *from, size_t size, off_t at), kind_of(fd, WRITE, SEND),
      BYTES("pwrite"), syscall(SYS_pwrite64, fd, from, most, at))
MOVER(pwrite64, (int fd, const void *from, size_t size, off64_t at), kind_of(fd, WRITE, SEND),
      BYTES("pwrite64"), syscall(SYS_pwrite64, fd, from, most, at))
MOVER(copy_file_range, (int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags),
      WRITE, ((struct deed){"copy", "", 0}),
      syscall(SYS_copy_file_range, in, from, out, to, most, flags))
MOVER(send, (int fd, const void *from, size_t size, int flags), kind_of(fd, KINDS, SEND),
      BYTES("send"), syscall(SYS_sendto, fd, from, most, flags, NULL, 0))
MOVER(recv, (int fd, void *to, size_t size, int flags), kind_of(fd, KINDS, RECV), ASKING,
      syscall(SYS_recvfrom, fd, to, most, flags, NULL, NULL))
