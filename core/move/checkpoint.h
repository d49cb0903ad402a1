/*
 * checkpoint - what an unfinished upload holds, written down so that another process can go on.
 *
 * A head (which store, key, image and upload; how the archive is made) and then, as the upload
 * goes, records: "part n has these bytes, made of these chunks", "part n is in the store, under
 * this ETag". It only ever grows at its end. Each record carries its own sum: what a crash tore
 * off, or what was damaged, ends the checkpoint there, and what stands before is as it was written.
 *
 * A hint and no proof: the store is asked what it has. The layout is in docs/format.md.
 *
 * Values and bytes; no clocks, no disk, no network.
 */
#ifndef S3DOCK_MOVE_CHECKPOINT_H
#define S3DOCK_MOVE_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "move/bases.h"
#include "pack/index.h"
#include "wire/store.h"

struct err;

#define CHECKPOINT_VERSION 1
#define CHECKPOINT_MAX     (256 * MIB)
#define CHECKPOINT_PARTS   10000 /* S3 has no more */

struct checkpoint_head {
    char store[768]; /* store->identity */
    char key[KEY_MAX];
    char content[80]; /* the image's id, where it is known before its stream is read; else "" */
    char upload[STORE_UPLOAD_MAX];
    char writer[INDEX_WRITER_SIZE]; /* as in the index: equal writers give equal bytes */
    char owner[64];                 /* which push wrote it: unique */
    char host[64];                  /* where that one ran */
    int64_t began;                  /* wall ns */
    uint64_t part_size;   /* of equal parts, or what a part has at least when there are bases */
    char folder[KEY_MAX]; /* of the temporary objects; "" without bases */
    unsigned base_count;
    struct base bases[BASES_MAX];
};

struct checkpoint_part {
    uint64_t offset, size; /* in the archive */
    bool has_md5;
    uint8_t md5[MD5_STATE_SIZE]; /* the archive's running MD5 behind this part */
    char etag[STORE_ETAG_MAX];   /* "": not known to be in the store */
};

struct checkpoint {
    struct checkpoint_head head;
    struct checkpoint_part *parts; /* [number - 1], without holes */
    unsigned part_count, part_room;
    struct index_chunk *chunks; /* those that begin before the end of the last part */
    uint32_t chunk_count, chunk_room;
    uint64_t packed; /* all chunks together */
    bool stopped;    /* its push ended, and said so */
    size_t good;     /* bytes from the front that were read; what follows is torn */
};

/* Writing: each adds to `out`. Strings that do not fit their place are the caller's error. */
void checkpoint_put_head(struct text *out, const struct checkpoint_head *head);
/* The next part, and the chunks since the ones that were put before. */
void checkpoint_put_part(struct text *out, const struct checkpoint_part *part,
                         const struct index_chunk *chunks, uint32_t count);
void checkpoint_put_etag(struct text *out, unsigned number, const char *etag);
void checkpoint_put_stop(struct text *out);
void checkpoint_put_claim(struct text *out); /* another push goes on with it */

/* Reading. 0 and the checkpoint (checkpoint_destroy) when at least the head is whole. */
int checkpoint_parse(struct view bytes, struct checkpoint **out, struct err *err);
void checkpoint_destroy(struct checkpoint *checkpoint); /* takes NULL */

#endif
