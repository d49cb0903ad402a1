/*
 * A file and a descriptor are the same kind of source: an archive that is read with read(2), and
 * unpacked if its first bytes are those of a known packing.
 */
#include "transfer/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "docker/docker.h"
#include "flow/silence.h"
#include "os/wait.h"
#include "pack/codec/unpack.h"

const char *source_kind_name(enum source_kind kind)
{
    static const char *const names[] = {[SOURCE_LAYERS] = "layers",
                                        [SOURCE_DOCKER] = "docker",
                                        [SOURCE_FILE] = "file",
                                        [SOURCE_STDIN] = "stdin"};

    return names[kind];
}

long source_read(struct source *source, uint8_t *out, size_t cap, struct err *err)
{
    return source->table->read(source, out, cap, err);
}

int source_skip(struct source *source, uint64_t size, struct err *err)
{
    return source->table->skip(source, size, err);
}

void source_destroy(struct source *source)
{
    if (source)
        source->table->destroy(source);
}

/* ---- docker ---- */

struct docker_source {
    struct source source;
    struct docker *docker;
    const char *reference;
    const struct docker_platform *platform;
    struct docker_export *export; /* NULL before the first read */
};

static long docker_read(struct source *source, uint8_t *out, size_t cap, struct err *err)
{
    struct docker_source *s = (struct docker_source *)source;

    if (!s->export)
        s->export = docker_export_open(s->docker, s->reference, s->platform, source->stop, err);
    return s->export ? docker_export_read(s->export, out, cap, err) : ERR_FAIL;
}

static void docker_destroy(struct source *source)
{
    docker_export_close(((struct docker_source *)source)->export);
    free(source);
}

struct source *source_docker(struct docker *docker, const char *reference,
                             const struct docker_platform *platform, uint64_t size_hint,
                             struct err *err)
{
    static const struct source_table table = {.read = docker_read, .destroy = docker_destroy};
    struct docker_source *s = calloc(1, sizeof *s);

    if (!s) {
        err_memory(err, "the image export");
        return NULL;
    }
    s->source = (struct source){.table = &table, .size_hint = size_hint, .kind = SOURCE_DOCKER};
    s->docker = docker;
    s->reference = reference;
    s->platform = platform;
    return &s->source;
}

/* ---- file and descriptor ---- */

#define PACKED_ROOM (256 * KIB)

struct file_source {
    struct source source;
    int fd;
    bool owned, looked, ended;
    const struct cancel *cancel;
    struct silence silence;
    char name[256];
    const struct packing *packing;
    struct unpack *unpack; /* NULL: plain */
    uint8_t *packed;       /* PACKED_ROOM bytes while `waiting` is not empty */
    struct view waiting;
};

static void note_wait(struct file_source *s)
{
    int64_t now = clock_monotonic();

    if (silence_due(&s->silence, now))
        log_note("%s has sent no bytes for %.0f s", s->name, silence_seconds(&s->silence, now));
}

/* Reads once. Checks the flags while it waits. */
static long read_some(struct file_source *s, uint8_t *out, size_t cap, struct err *err)
{
    for (;;) {
        ssize_t got;

        if (cancel_check(s->cancel, err))
            return ERR_FAIL;
        if (s->source.stop && atomic_load(s->source.stop))
            return err_set(err, ERR_CANCELLED, "stopped", "reading was stopped");
        if (os_wait_one(s->fd, OS_READABLE, CANCEL_TICK) == 0) {
            note_wait(s);
            continue;
        }
        silence_moved(&s->silence, clock_monotonic());
        got = read(s->fd, out, cap);
        if (got >= 0)
            return got;
        if (errno != EINTR && errno != EAGAIN)
            return err_errno(err, errno, "input", "cannot read %s", s->name);
    }
}

/* Adds the command that unpacks the input for a push. */
static int hint_at_command(const struct file_source *s, const char *command, struct err *err)
{
    return err_about(err, "%s %s", command, s->owned ? s->name : "FILE");
}

/* Fails with unsupported.packing for a known packing that s3dock cannot read, and names its
 * program. */
static int refuse_packing(const struct file_source *s, struct view begin, struct err *err)
{
    static const struct {
        const char *magic, *name, *command;
    } packings[] = {
        {"\x04\x22\x4d\x18", "lz4", "lz4 -dc"},
        {"LZIP\1", "lzip", "lzip -dc"},
        {"PK\3\4", "zip", "unzip -p"},
        {"\x1f\x9d", "compress", "uncompress -c"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(packings); i++) {
        size_t size = strlen(packings[i].magic);

        if (begin.size < size || memcmp(begin.data, packings[i].magic, size) != 0)
            continue;
        err_set(err, ERR_UNSUPPORTED, CODE_PACKING,
                "%s is packed by %s; plain archives and those packed by gzip, zstd, xz or bzip2 "
                "are read",
                s->name, packings[i].name);
        return hint_at_command(s, packings[i].command, err);
    }
    return 0;
}

/* Reads the first bytes and chooses the unpacker. */
static int detect_packing(struct file_source *s, struct err *err)
{
    const struct packing *packing;
    size_t have = 0;

    s->looked = true;
    s->packed = calloc(1, PACKED_ROOM);
    if (!s->packed)
        return err_memory(err, s->name);
    while (have < UNPACK_LOOK && !s->ended) {
        long got = read_some(s, s->packed + have, PACKED_ROOM - have, err);

        if (got < 0)
            return ERR_FAIL;
        s->ended = got == 0;
        have += (size_t)got;
    }
    s->waiting = view_of(s->packed, have);
    packing = packing_of(s->waiting);
    if (!packing)
        return refuse_packing(s, s->waiting, err);
    s->packing = packing;
    s->unpack = unpack_create(packing, UNPACK_MEMORY_MAX, err);
    return s->unpack ? 0 : ERR_FAIL;
}

static long read_plain(struct file_source *s, uint8_t *out, size_t cap, struct err *err)
{
    size_t n = s->waiting.size < cap ? s->waiting.size : cap;

    if (n == 0)
        return s->ended ? 0 : read_some(s, out, cap, err);
    memcpy(out, s->waiting.data, n);
    s->waiting.data += n;
    s->waiting.size -= n;
    return (long)n;
}

/* Adds the name of the input, and for packings that need too much memory the command. */
static long as_input_error(const struct file_source *s, struct err *err)
{
    if (err->family == ERR_UNSUPPORTED)
        hint_at_command(s, s->packing->command, err);
    return err_wrap(err, "%s", s->name);
}

static long read_packed(struct file_source *s, uint8_t *out, size_t cap, struct err *err)
{
    for (;;) {
        size_t produced;
        long got;

        if (unpack_read(s->unpack, &s->waiting, out, cap, &produced, err))
            return as_input_error(s, err);
        if (produced)
            return (long)produced;
        if (s->ended)
            return unpack_finish(s->unpack, err) ? as_input_error(s, err) : 0;
        got = read_some(s, s->packed, PACKED_ROOM, err);
        if (got < 0)
            return ERR_FAIL;
        s->ended = got == 0;
        s->waiting = view_of(s->packed, (size_t)got);
    }
}

static long file_read_source(struct source *source, uint8_t *out, size_t cap, struct err *err)
{
    struct file_source *s = (struct file_source *)source;

    if (!s->looked && detect_packing(s, err))
        return ERR_FAIL;
    return s->unpack ? read_packed(s, out, cap, err) : read_plain(s, out, cap, err);
}

static void file_destroy(struct source *source)
{
    struct file_source *s = (struct file_source *)source;

    if (s->owned)
        close(s->fd);
    unpack_destroy(s->unpack);
    free(s->packed);
    free(s);
}

static struct file_source *file_source_create(int fd, bool owned, enum source_kind kind,
                                              const char *name, const struct cancel *cancel,
                                              struct err *err)
{
    static const struct source_table table = {.read = file_read_source, .destroy = file_destroy};
    struct file_source *s = calloc(1, sizeof *s);

    if (!s) {
        err_memory(err, name);
        return NULL;
    }
    s->source = (struct source){.table = &table, .kind = kind};
    s->fd = fd;
    s->owned = owned;
    s->cancel = cancel;
    if (!str_copy(s->name, sizeof s->name, name))
        str_copy(s->name, sizeof s->name, source_kind_name(kind));
    s->source.name = s->name;
    return s;
}

struct source *source_fd(int fd, const struct cancel *cancel, struct err *err)
{
    struct file_source *s =
        file_source_create(fd, false, SOURCE_STDIN, "standard input", cancel, err);

    return s ? &s->source : NULL;
}

struct source *source_file(const char *path, const struct cancel *cancel, struct err *err)
{
    /* a FIFO is opened before its writer opens it, so that a cancel ends the wait */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct file_source *s;
    struct stat st;

    if (fd < 0) {
        if (errno == ENOENT)
            err_set(err, ERR_NOT_FOUND, "input", "there is no file %s", path);
        else
            err_errno(err, errno, "input", "cannot open %s", path);
        return NULL;
    }
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        err_set(err, ERR_USAGE, "input", "%s is a folder, not an image archive", path);
        err_hint(err, "make an archive with: docker save -o image.tar IMAGE");
        return NULL;
    }
    s = file_source_create(fd, true, SOURCE_FILE, path, cancel, err);
    if (!s) {
        close(fd);
        return NULL;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        s->source.size_hint = (uint64_t)st.st_size;
    return &s->source;
}
