/*
 * tarsplit - a streaming reader of tar-split.json.gz: how a layer's tar is put together again from
 * a folder that holds its files.
 *
 * Docker keeps one for each layer of a graph driver. It is gzip of JSON lines, and the tar is their
 * concatenation, bit for bit: lines of type 2 carry bytes (headers, padding, trailer), lines of
 * type 1 stand for the content of a file. Only files with a size are told here; directories, links
 * and empty files are bytes alone.
 *
 * Hostile input: refused (integrity.tarsplit) are names that are absolute, hold "..", "//" or a
 * NUL, sizes beyond TARSPLIT_SIZE_MAX, also in sum, lines longer than TARSPLIT_LINE_MAX, more than
 * TARSPLIT_ENTRIES_MAX lines, and what is not gzip, JSON or base64. A name that passes still may
 * lead through a symbolic link: who opens it, opens it beneath its folder (beneath.h).
 */
#ifndef S3DOCK_LAYERS_TARSPLIT_H
#define S3DOCK_LAYERS_TARSPLIT_H

#include <stdint.h>

#include "base/bytes.h"

struct err;

#define TARSPLIT_LINE_MAX    (4 * MIB)
#define TARSPLIT_NAME_MAX    4096
#define TARSPLIT_ENTRIES_MAX (UINT64_C(1) << 25)
#define TARSPLIT_SIZE_MAX    (UINT64_C(1) << 42) /* of a file, and of the layer's tar */

enum tarsplit_answer {
    TARSPLIT_MORE = 1, /* *in is used up: call again with more, or tarsplit_finish */
    TARSPLIT_BYTES,    /* piece->bytes come next; never empty */
    TARSPLIT_FILE,     /* the piece->size bytes of the file piece->name come next; never empty */
};

struct tarsplit_piece {
    struct view bytes; /* valid until the next call */
    char name[TARSPLIT_NAME_MAX];
    uint64_t size;
};

struct tarsplit;
struct tarsplit *tarsplit_create(struct err *err);
void tarsplit_destroy(struct tarsplit *tarsplit); /* takes NULL */
/* The next piece. Takes what it needs of the compressed bytes in *in, advancing it. */
int tarsplit_next(struct tarsplit *tarsplit, struct view *in, struct tarsplit_piece *piece,
                  struct err *err);
/* 0 when the input may end here: the gzip is whole, and so is the last line. */
int tarsplit_finish(struct tarsplit *tarsplit, struct err *err);
/* Bytes of tar in all pieces so far. */
uint64_t tarsplit_size(const struct tarsplit *tarsplit);

#endif
