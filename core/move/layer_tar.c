#include "move/layer_tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/bytes.h"
#include "base/err.h"
#include "flow/cancel.h"
#include "pack/tarsplit.h"

#define PACKED_ROOM (64 * KIB)
#define AHEAD_AT    (1 * MIB) /* files of this size are announced to the kernel */
#define NO_FILE     (-1)
#define LIST_NAME   "tar-split.json.gz"

struct layer_tar {
    struct layer_stream stream;
    int list, folder;
    struct tarsplit *tarsplit;
    struct view packed; /* of the list, read and not yet taken */
    bool list_ended;

    struct tarsplit_piece piece; /* the one that is being read */
    uint64_t left;               /* of it */
    int file;                    /* open while it is one */
    uint8_t room[PACKED_ROOM];
};

static struct layer_tar *create(int list, int folder, struct err *err)
{
    struct layer_tar *tar = calloc(1, sizeof *tar);

    if (!tar) {
        err_memory(err, "the layer");
        return NULL;
    }
    *tar = (struct layer_tar){.list = list, .folder = folder, .file = NO_FILE};
    tar->tarsplit = tarsplit_create(err);
    if (!tar->tarsplit) {
        free(tar);
        return NULL;
    }
    return tar;
}

static void destroy(struct layer_tar *tar)
{
    if (tar->file != NO_FILE)
        close(tar->file);
    tarsplit_destroy(tar->tarsplit);
    free(tar);
}

/* ---- the list ---- */

static int refill(struct layer_tar *tar, struct err *err)
{
    ssize_t got;

    do {
        got = read(tar->list, tar->room, sizeof tar->room);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_errno(err, errno, "read", "cannot read " LIST_NAME);
    tar->packed = view_of(tar->room, (size_t)got);
    tar->list_ended = got == 0;
    return 0;
}

/* The next piece: enum tarsplit_answer, or 0 at the end. */
static int next_piece(struct layer_tar *tar, struct err *err)
{
    for (;;) {
        int answer = tarsplit_next(tar->tarsplit, &tar->packed, &tar->piece, err);

        if (answer != TARSPLIT_MORE)
            return answer;
        if (tar->list_ended)
            return tarsplit_finish(tar->tarsplit, err);
        if (refill(tar, err))
            return ERR_FAIL;
    }
}

int layer_tar_measure(int list, const struct cancel *cancel, uint64_t *size, struct err *err)
{
    struct layer_tar *tar = create(list, NO_FILE, err);
    int answer = tar ? TARSPLIT_BYTES : ERR_FAIL;

    for (unsigned n = 1; answer > 0; n++) {
        answer = next_piece(tar, err);
        if (n % 1024 == 0 && answer > 0 && cancel_check(cancel, err))
            answer = ERR_FAIL;
    }
    if (answer == 0)
        *size = tarsplit_size(tar->tarsplit);
    if (tar)
        destroy(tar);
    return answer;
}

/* ---- the files ---- */

static int open_file(struct layer_tar *tar, struct err *err)
{
    uint64_t size;

    if (beneath_file(tar->folder, tar->piece.name, &tar->file, &size, err)) {
        tar->file = NO_FILE;
        return ERR_FAIL;
    }
    if (size != tar->piece.size)
        return err_set(err, ERR_INTEGRITY, "layer", "%s is %llu bytes large, not %llu",
                       tar->piece.name, (unsigned long long)size,
                       (unsigned long long)tar->piece.size);
    if (size >= AHEAD_AT)
        posix_fadvise(tar->file, 0, 0, POSIX_FADV_SEQUENTIAL);
    return 0;
}

/* From what is being read now, at most cap bytes of it. */
static long read_piece(struct layer_tar *tar, uint8_t *out, size_t cap, struct err *err)
{
    size_t want = tar->left < cap ? (size_t)tar->left : cap;
    ssize_t got;

    if (tar->file == NO_FILE) {
        memcpy(out, tar->piece.bytes.data + (tar->piece.size - tar->left), want);
        tar->left -= want;
        return (long)want;
    }
    got = read(tar->file, out, want);
    if (got < 0 && errno == EINTR)
        return 0;
    if (got < 0)
        return err_errno(err, errno, "read", "cannot read %s", tar->piece.name);
    if (got == 0)
        return err_set(err, ERR_INTEGRITY, "layer", "%s shrank while it was read", tar->piece.name);
    tar->left -= (uint64_t)got;
    if (tar->left == 0) {
        close(tar->file);
        tar->file = NO_FILE;
    }
    return got;
}

static long layer_tar_read(struct layer_stream *stream, uint8_t *out, size_t cap,
                           const atomic_bool *stop, struct err *err)
{
    struct layer_tar *tar = (struct layer_tar *)stream;
    size_t done = 0;

    while (done < cap && !(stop && atomic_load(stop))) {
        long got;

        if (tar->left == 0) {
            int answer = next_piece(tar, err);

            if (answer < 0 || (answer == TARSPLIT_FILE && open_file(tar, err)))
                return ERR_FAIL;
            if (answer == 0)
                break;
            tar->left = tar->piece.size;
        }
        got = read_piece(tar, out + done, cap - done, err);
        if (got < 0)
            return ERR_FAIL;
        done += (size_t)got;
    }
    return (long)done;
}

static void layer_tar_close(struct layer_stream *stream)
{
    struct layer_tar *tar = (struct layer_tar *)stream;

    close(tar->list);
    close(tar->folder);
    destroy(tar);
}

struct layer_stream *layer_tar_open(int list, int folder, struct err *err)
{
    struct layer_tar *tar = create(list, folder, err);

    if (!tar) {
        close(list);
        close(folder);
        return NULL;
    }
    tar->stream = (struct layer_stream){.read = layer_tar_read, .close = layer_tar_close};
    return &tar->stream;
}
