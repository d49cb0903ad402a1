/*
 * Follows the list piece by piece: bytes are copied, files are read from the folder of the layer.
 * The read-ahead threads follow the same list ahead of the reader.
 */
#include "layers/layer_tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/open_beneath.h"
#include "flow/cancel.h"
#include "layers/layer_list.h"
#include "layers/readahead.h"
#include "os/disk.h"

#define AHEAD_AT (1 * MIB) /* files of this size get a read-ahead hint */
#define NO_FILE  (-1)

struct layer_tar {
    struct layer_stream stream;
    int fd, folder; /* the list, and the folder of the files */
    struct layer_list *list;
    struct readahead *readahead;

    const struct tarsplit_piece *piece; /* the current piece */
    uint64_t left;                      /* bytes of the piece */
    int file;                           /* open if the piece is a file */
};

int layer_tar_measure(int list, const struct cancel *cancel, uint64_t *size, struct err *err)
{
    struct layer_list *pieces = layer_list_create(list, err);
    const struct tarsplit_piece *piece;
    int answer = pieces ? TARSPLIT_BYTES : ERR_FAIL;

    for (unsigned n = 1; answer > 0; n++) {
        answer = layer_list_next(pieces, &piece, err);
        if (n % 1024 == 0 && answer > 0 && cancel_check(cancel, err))
            answer = ERR_FAIL;
    }
    if (answer == 0)
        *size = layer_list_size(pieces);
    layer_list_destroy(pieces);
    return answer;
}

/* ---- the files ---- */

static int open_file(struct layer_tar *tar, struct err *err)
{
    uint64_t size;

    readahead_passed(tar->readahead, tar->piece->size);
    if (beneath_file(tar->folder, tar->piece->name, &tar->file, &size, err)) {
        tar->file = NO_FILE;
        return ERR_FAIL;
    }
    if (size != tar->piece->size)
        return err_set(err, ERR_INTEGRITY, "layer", "%s is %llu bytes large, not %llu",
                       tar->piece->name, (unsigned long long)size,
                       (unsigned long long)tar->piece->size);
    if (size >= AHEAD_AT)
        os_read_in_order(tar->file);
    return 0;
}

/* Reads up to cap bytes of the current piece. */
static long read_piece(struct layer_tar *tar, uint8_t *out, size_t cap, struct err *err)
{
    size_t want = tar->left < cap ? (size_t)tar->left : cap;
    ssize_t got;

    if (tar->file == NO_FILE) {
        memcpy(out, tar->piece->bytes.data + (tar->piece->size - tar->left), want);
        tar->left -= want;
        return (long)want;
    }
    got = read(tar->file, out, want);
    if (got < 0 && errno == EINTR)
        return 0;
    if (got < 0)
        return err_errno(err, errno, "read", "cannot read %s", tar->piece->name);
    if (got == 0)
        return err_set(err, ERR_INTEGRITY, "layer", "%s shrank while it was read",
                       tar->piece->name);
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
            int answer = layer_list_next(tar->list, &tar->piece, err);

            if (answer < 0 || (answer == TARSPLIT_FILE && open_file(tar, err)))
                return ERR_FAIL;
            if (answer == 0)
                break;
            tar->left = tar->piece->size;
        }
        got = read_piece(tar, out + done, cap - done, err);
        if (got < 0)
            return ERR_FAIL;
        done += (size_t)got;
    }
    return (long)done;
}

static void release(struct layer_tar *tar)
{
    readahead_end(tar->readahead);
    if (tar->file != NO_FILE)
        close(tar->file);
    layer_list_destroy(tar->list);
    close(tar->fd);
    close(tar->folder);
    free(tar);
}

static void layer_tar_close(struct layer_stream *stream)
{
    release((struct layer_tar *)stream);
}

struct layer_stream *layer_tar_open(int list, int folder, struct err *err)
{
    struct layer_tar *tar = calloc(1, sizeof *tar);

    if (!tar) {
        close(list);
        close(folder);
        err_memory(err, "the layer");
        return NULL;
    }
    *tar = (struct layer_tar){.stream = {.read = layer_tar_read, .close = layer_tar_close},
                              .fd = list,
                              .folder = folder,
                              .file = NO_FILE};
    tar->list = layer_list_create(list, err);
    if (!tar->list) {
        release(tar);
        return NULL;
    }
    tar->readahead = readahead_start(list, folder);
    return &tar->stream;
}
