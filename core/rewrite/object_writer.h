/*
 * object_writer - writes an object that consists of pieces of other objects.
 */
#ifndef S3DOCK_REWRITE_OBJECT_WRITER_H
#define S3DOCK_REWRITE_OBJECT_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "catalog/metadata.h"
#include "pack/codec/codec.h"
#include "pack/index/object_runs.h"
#include "store/store.h"

struct err;

/* Bytes of object number `object`; size: at least 1. raw_size: not 0 if the piece is one chunk that
 * is packed again. Its new size is then written to `packed`. */
struct rewrite_piece {
    unsigned object;
    uint32_t raw_size, packed;
    uint64_t offset, size;
};

struct object_writer {
    struct store *store;
    const char *key;                       /* it has no object yet */
    const struct metadata_object *objects; /* key and ETag are used */
    struct rewrite_piece *pieces;          /* in the order of the new object */
    size_t count;
    struct codec_choice choice; /* of the chunks that are packed again */
};

/* Writes the object and waits. A small one is one PUT. A larger one has equal parts: the store
 * copies those that lie in one piece, if it can; the others pass through this host, one after the
 * other. Chunks are packed again on this thread. integrity.chunk: the sum of such a chunk is wrong.
 * The ranges that the store copied are added to `copied`, as runs of object `number`. The caller
 * checks the other bytes: a network can change them on their way. conflict.changed,
 * not_found.object: a source was replaced or deleted. Nothing is left after a failure, unless the
 * process is killed. */
int object_writer_run(const struct object_writer *what, unsigned number, struct store_info *info,
                      struct object_runs *copied, struct err *err);

#endif
