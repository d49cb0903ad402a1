/*
 * tarsplit - a streaming parser of tar-split.json.gz, which describes how to rebuild the tar of a
 * layer from a folder with its files.
 *
 * Docker keeps one for each layer of a graph driver: gzip of JSON lines, whose concatenation is the
 * exact tar. Lines of type 2 contain bytes (headers, padding, trailer), lines of type 1 name a
 * file. Only files with content are reported; directories, links and empty files are part of the
 * bytes.
 *
 * Refused with integrity.tarsplit: names that are absolute or contain "..", "//" or a NUL; sizes
 * beyond TARSPLIT_SIZE_MAX, also in sum; lines longer than TARSPLIT_LINE_MAX; more than
 * TARSPLIT_ENTRIES_MAX lines; malformed gzip, JSON or base64. An accepted name may still lead
 * through a symbolic link, so the caller opens it with base/open_beneath.
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
    TARSPLIT_MORE = 1, /* *in is empty: call again with more, or tarsplit_finish */
    TARSPLIT_BYTES,    /* piece->bytes are next; never empty */
    TARSPLIT_FILE,     /* the piece->size bytes of the file piece->name are next; never empty */
};

struct tarsplit_piece {
    struct view bytes; /* valid until the next call */
    char name[TARSPLIT_NAME_MAX];
    uint64_t size;
};

struct tarsplit;
struct tarsplit *tarsplit_create(struct err *err);
void tarsplit_destroy(struct tarsplit *tarsplit); /* takes NULL */
/* Parses the next piece. Consumes packed bytes of *in, advancing it. */
int tarsplit_next(struct tarsplit *tarsplit, struct view *in, struct tarsplit_piece *piece,
                  struct err *err);
/* Returns 0 if the input may end here: the gzip and the last line are complete. */
int tarsplit_finish(struct tarsplit *tarsplit, struct err *err);
/* Returns the tar bytes of all pieces so far. */
uint64_t tarsplit_size(const struct tarsplit *tarsplit);

#endif
