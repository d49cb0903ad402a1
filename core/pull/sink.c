/*
 * Four kinds of sinks. A file appears under its name only at finish. A descriptor, a device or a
 * FIFO gets the bytes as they come. Its reader knows only by the exit code whether they are
 * complete.
 */
#include "pull/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/output_path.h"
#include "docker/docker.h"
#include "flow/silence.h"
#include "os/disk.h"
#include "os/file.h"
#include "os/wait.h"

#define NOTE_AFTER (10 * NS_PER_S)

int sink_write(struct sink *sink, struct view bytes, struct err *err)
{
    return sink->table->write(sink, bytes, err);
}

uint64_t sink_room(const struct sink *sink)
{
    return sink->table->room ? sink->table->room(sink) : UINT64_MAX;
}

int sink_finish(struct sink *sink, struct err *err)
{
    return sink->table->finish(sink, err);
}

void sink_destroy(struct sink *sink)
{
    if (sink)
        sink->table->destroy(sink);
}

/* ---- docker ---- */

struct docker_sink {
    struct sink sink;
    struct docker_load *load;
    void (*line)(void *arg, const char *line);
    void *arg;
    struct docker_loaded loaded;
};

static int docker_sink_write(struct sink *sink, struct view bytes, struct err *err)
{
    struct docker_sink *s = (struct docker_sink *)sink;
    int answer;

    answer = docker_load_write(s->load, bytes, err);
    if (answer <= 0)
        return answer;
    if (docker_load_finish(s->load, s->line, s->arg, &s->loaded, err) == 0)
        err_set(err, ERR_DOCKER, "load", "the daemon responded before it had the whole image");
    return ERR_FAIL;
}

static int docker_sink_finish(struct sink *sink, struct err *err)
{
    struct docker_sink *s = (struct docker_sink *)sink;

    if (docker_load_finish(s->load, s->line, s->arg, &s->loaded, err))
        return ERR_FAIL;
    s->sink.loaded = &s->loaded;
    return 0;
}

static void docker_sink_destroy(struct sink *sink)
{
    docker_load_close(((struct docker_sink *)sink)->load);
    free(sink);
}

struct sink *sink_docker(struct docker *docker, void (*line)(void *arg, const char *line),
                         void *arg, struct err *err)
{
    static const struct sink_table table = {
        .write = docker_sink_write, .finish = docker_sink_finish, .destroy = docker_sink_destroy};
    struct docker_sink *s = calloc(1, sizeof *s);

    if (!s) {
        err_memory(err, "the image load");
        return NULL;
    }
    s->sink = (struct sink){.table = &table, .kind = "docker"};
    s->line = line;
    s->arg = arg;
    s->load = docker_load_open(docker, err);
    if (!s->load) {
        free(s);
        return NULL;
    }
    return &s->sink;
}

/* ---- descriptor ---- */

struct fd_sink {
    struct sink sink;
    int fd;
    bool owned;
    const struct cancel *cancel;
    struct silence silence;
    char name[256];
};

static void note_wait(struct fd_sink *s)
{
    int64_t now = clock_monotonic();

    if (silence_due(&s->silence, now))
        log_note("%s has accepted no bytes for %.0f s", s->name, silence_seconds(&s->silence, now));
}

static int fd_write(struct sink *sink, struct view bytes, struct err *err)
{
    struct fd_sink *s = (struct fd_sink *)sink;

    while (bytes.size) {
        ssize_t put;

        if (cancel_check(s->cancel, err))
            return ERR_FAIL;
        if (os_wait_one(s->fd, OS_WRITABLE, CANCEL_TICK) == 0) {
            note_wait(s);
            continue;
        }
        silence_moved(&s->silence, clock_monotonic());
        put = write(s->fd, bytes.data, bytes.size);
        if (put < 0 && errno == EPIPE)
            return err_set(err, ERR_LOCAL, CODE_UNREAD, "the reader of %s has closed it", s->name);
        if (put < 0 && errno != EINTR && errno != EAGAIN)
            return err_errno(err, errno, "output", "cannot write to %s", s->name);
        if (put > 0) {
            bytes.data += put;
            bytes.size -= (size_t)put;
        }
    }
    return 0;
}

static int fd_finish(struct sink *sink, struct err *err)
{
    (void)sink;
    (void)err;
    return 0;
}

static void plain_destroy(struct sink *sink)
{
    free(sink);
}

static void fd_destroy(struct sink *sink)
{
    struct fd_sink *s = (struct fd_sink *)sink;

    if (s->owned)
        close(s->fd);
    free(s);
}

/*
 * Opens a pipe again with O_NONBLOCK, because a write to a full pipe must read the cancel flag. The
 * flag belongs to the open file, which other processes share; so it is not set on `fd`. Returns the
 * new descriptor, or -1 if `fd` is no pipe.
 */
static int reopen_pipe(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISFIFO(st.st_mode))
        return -1;
    return os_reopen(fd, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

static struct sink *fd_sink_create(int fd, bool owned, const char *name,
                                   const struct cancel *cancel, struct err *err)
{
    static const struct sink_table table = {
        .write = fd_write, .finish = fd_finish, .destroy = fd_destroy};
    struct fd_sink *s = calloc(1, sizeof *s);

    if (!s) {
        err_memory(err, name);
        if (owned)
            close(fd);
        return NULL;
    }
    s->sink = (struct sink){.table = &table, .kind = "descriptor", .in_place = true};
    s->fd = fd;
    s->owned = owned;
    s->cancel = cancel;
    if (!str_copy(s->name, sizeof s->name, name))
        str_copy(s->name, sizeof s->name, "the output");
    return &s->sink;
}

struct sink *sink_fd(int fd, const struct cancel *cancel, struct err *err)
{
    int own = reopen_pipe(fd);
    char name[32] = "standard output";

    if (fd != STDOUT_FILENO)
        snprintf(name, sizeof name, "descriptor %d", fd);
    return fd_sink_create(own >= 0 ? own : fd, own >= 0, name, cancel, err);
}

/* ---- null ---- */

static int null_write(struct sink *sink, struct view bytes, struct err *err)
{
    (void)sink;
    (void)bytes;
    (void)err;
    return 0;
}

struct sink *sink_null(struct err *err)
{
    static const struct sink_table table = {
        .write = null_write, .finish = fd_finish, .destroy = plain_destroy};
    struct sink *sink = calloc(1, sizeof *sink);

    if (!sink) {
        err_memory(err, "the output");
        return NULL;
    }
    *sink = (struct sink){.table = &table, .kind = "null"};
    return sink;
}

/* ---- file ---- */

struct file_sink {
    struct sink sink;
    int fd;
    char *path, *partial;
};

static int file_sink_write(struct sink *sink, struct view bytes, struct err *err)
{
    struct file_sink *s = (struct file_sink *)sink;

    return file_write_all(s->fd, bytes.data, bytes.size, s->path, err);
}

static int file_sink_finish(struct sink *sink, struct err *err)
{
    struct file_sink *s = (struct file_sink *)sink;

    if (os_sync(s->fd) != 0)
        return err_errno(err, errno, "output", "cannot write %s", s->path);
    if (rename(s->partial, s->path) != 0)
        return err_errno(err, errno, "output", "cannot put %s in place", s->path);
    s->partial[0] = '\0';
    return 0;
}

static uint64_t file_sink_room(const struct sink *sink)
{
    const struct file_sink *s = (const struct file_sink *)sink;
    struct os_space disk;

    return os_space_of(s->fd, &disk) == 0 ? disk.free : UINT64_MAX;
}

static void file_sink_destroy(struct sink *sink)
{
    struct file_sink *s = (struct file_sink *)sink;

    if (s->fd >= 0)
        close(s->fd);
    if (s->partial && s->partial[0])
        unlink(s->partial);
    free(s->partial);
    free(s->path);
    free(s);
}

/* Creates the temporary file. An existing one is deleted: a process with the same number left it
 * when it was killed (in a container, all processes may have the same number). */
static int create_partial(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0 && errno == EEXIST && unlink(path) == 0)
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return fd;
}

/* Gives the new file the owner and the mode of the file that it will replace, as far as the system
 * permits. */
static void copy_owner_and_mode(int fd, const struct stat *st)
{
    if (fchown(fd, st->st_uid, st->st_gid) != 0 && fchown(fd, (uid_t)-1, st->st_gid) != 0)
        log_debug("the owner of the output is not kept");
    if (fchmod(fd, st->st_mode & 0777) != 0)
        log_debug("the mode of the output is not kept");
}

static int file_sink_open(struct file_sink *s, const struct output_path *place, const char *path,
                          struct err *err)
{
    char suffix[32];

    s->path = strdup(place->path);
    snprintf(suffix, sizeof suffix, ".partial-%ld", (long)getpid());
    s->partial = output_path_beside(place->path, suffix);
    if (!s->path || !s->partial)
        return err_memory(err, path);
    s->fd = create_partial(s->partial);
    if (s->fd < 0) {
        int fault = errno;

        s->partial[0] = '\0';
        err_errno(err, fault, "output", "cannot write %s", path);
        return fault == ENOENT ? err_hint(err, "create its folder first") : ERR_FAIL;
    }
    if (place->kind == OUTPUT_PATH_FILE)
        copy_owner_and_mode(s->fd, &place->st);
    return 0;
}

static struct sink *sink_replacing(const struct output_path *place, const char *path,
                                   struct err *err)
{
    static const struct sink_table table = {.write = file_sink_write,
                                            .finish = file_sink_finish,
                                            .room = file_sink_room,
                                            .destroy = file_sink_destroy};
    struct file_sink *s = calloc(1, sizeof *s);

    if (!s) {
        err_memory(err, path);
        return NULL;
    }
    s->sink = (struct sink){.table = &table, .kind = "file"};
    s->fd = -1;
    if (file_sink_open(s, place, path, err)) {
        file_sink_destroy(&s->sink);
        return NULL;
    }
    return &s->sink;
}

/* Opens a device, a FIFO or a file that cannot be replaced. Waits for the reader of a FIFO, until a
 * cancel. Returns a descriptor, or -1. */
static int open_fixed(const char *path, const struct cancel *cancel, struct err *err)
{
    const struct timespec tick = {.tv_nsec = CANCEL_TICK};
    int fd;

    for (int64_t waited = 0;; waited += CANCEL_TICK) {
        fd = open(path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
        if (errno != ENXIO)
            return err_errno(err, errno, "output", "cannot write %s", path);
        if (cancel_check(cancel, err))
            return ERR_FAIL;
        if (waited == NOTE_AFTER)
            log_note("waiting for a reader of %s", path);
        nanosleep(&tick, NULL);
    }
}

static struct sink *sink_fixed(const char *path, const struct cancel *cancel, struct err *err)
{
    int fd = open_fixed(path, cancel, err);

    return fd < 0 ? NULL : fd_sink_create(fd, true, path, cancel, err);
}

struct sink *sink_file(const char *path, const struct cancel *cancel, struct err *err)
{
    struct output_path place;

    if (output_path_find(&place, path, err))
        return NULL;
    if (place.kind == OUTPUT_PATH_DESCRIPTOR)
        return sink_fd(place.fd, cancel, err);
    if (place.kind == OUTPUT_PATH_FIXED)
        return sink_fixed(path, cancel, err);
    return sink_replacing(&place, path, err);
}
