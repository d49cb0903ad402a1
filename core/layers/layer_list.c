/*
 * Feeds the parser with the file in fixed pieces, read at an offset of its own, so that several
 * lists can share one descriptor.
 */
#include "layers/layer_list.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"

#define PACKED_ROOM (64 * KIB)
#define LIST_NAME   "tar-split.json.gz"

struct layer_list {
    int fd;
    off_t at;
    struct tarsplit *tarsplit;
    struct view packed; /* read and not parsed yet */
    bool ended;
    struct tarsplit_piece piece;
    uint8_t room[PACKED_ROOM];
};

struct layer_list *layer_list_create(int fd, struct err *err)
{
    struct layer_list *list = calloc(1, sizeof *list);

    if (!list) {
        err_memory(err, "the layer");
        return NULL;
    }
    list->fd = fd;
    list->tarsplit = tarsplit_create(err);
    if (list->tarsplit)
        return list;
    free(list);
    return NULL;
}

void layer_list_destroy(struct layer_list *list)
{
    if (!list)
        return;
    tarsplit_destroy(list->tarsplit);
    free(list);
}

static int refill(struct layer_list *list, struct err *err)
{
    ssize_t got;

    do {
        got = pread(list->fd, list->room, sizeof list->room, list->at);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_errno(err, errno, "read", "cannot read " LIST_NAME);
    list->at += got;
    list->packed = view_of(list->room, (size_t)got);
    list->ended = got == 0;
    return 0;
}

int layer_list_next(struct layer_list *list, const struct tarsplit_piece **piece, struct err *err)
{
    *piece = &list->piece;
    for (;;) {
        int answer = tarsplit_next(list->tarsplit, &list->packed, &list->piece, err);

        if (answer != TARSPLIT_MORE)
            return answer;
        if (list->ended)
            return tarsplit_finish(list->tarsplit, err);
        if (refill(list, err))
            return ERR_FAIL;
    }
}

uint64_t layer_list_size(const struct layer_list *list)
{
    return tarsplit_size(list->tarsplit);
}
