/*
 * checkpoint - what an unfinished upload holds, written down so that another process can go on.
 *
 * A head (which store, key, image and upload; how the archive is made, and from which others) and
 * then, as the upload goes, records: "the next step is this part (this join), made of these
 * chunks", "it is in the store, under this ETag". It only ever grows at its end. Each record
 * carries its own sum: what a crash tore off, or what was damaged, ends the checkpoint there, and
 * what stands before is as it was written.
 *
 * A hint and no proof: the store is asked what it has. The layout is in docs/format.md.
 *
 * Values and bytes; no clocks, no disk, no network.
 */
#ifndef S3DOCK_PUSH_RESUME_CHECKPOINT_H
#define S3DOCK_PUSH_RESUME_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "base/hash.h"
#include "pack/index/index.h"
#include "push/plan/bases.h"
#include "push/plan/part_planner.h"
#include "store/store.h"

struct err;

#define CHECKPOINT_VERSION 3
#define CHECKPOINT_OLD     2 /* the head is the same; sums of chunks were no proof */
#define CHECKPOINT_MAX     (256 * MIB)
#define CHECKPOINT_PARTS   10000 /* S3 has no more */
#define CHECKPOINT_JOINS   65536

struct checkpoint_head {
    char store[768]; /* store->identity */
    char key[KEY_MAX];
    char content
        [DIGEST_TEXT_SIZE]; /* the image's id, where it is known before its stream is read; else "" */
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

/* A region's object, when it is bytes that were packed and sent. */
#define CHECKPOINT_BYTES UINT32_MAX

/* A part of the archive, or a temporary object that is put together of two pieces (planner.h). */
struct checkpoint_step {
    bool join;
    unsigned number;          /* of the part, from 1; of the join, from 0 */
    struct region side[2];    /* [1] of a join only. The offset of bytes is 0 */
    uint64_t offset, size;    /* where it stands in the archive */
    uint32_t chunks;          /* that begin before its end, and in no step before it */
    uint8_t sum[SHA256_SIZE]; /* SHA-256 of their records as in the index */
    bool has_md5;
    uint8_t md5[MD5_STATE_SIZE]; /* the archive's running MD5 behind this part */
    char etag[STORE_ETAG_MAX];   /* "": not known to be in the store */
};

/* How chunks are told: the packed size of one that is (among) bytes, or how many follow whose bytes
 * are the store's: those are as large as the base has them. */
#define CHECKPOINT_HELD 0x80000000u

struct checkpoint {
    uint32_t version; /* CHECKPOINT_VERSION; or CHECKPOINT_OLD: only the head was read */
    struct checkpoint_head head;
    struct checkpoint_step *steps; /* in their order */
    uint32_t step_count;
    size_t step_room;
    unsigned part_count, join_count;
    uint32_t *parts, *joins; /* [number - 1], [number]: which step it is */
    size_t parts_room, joins_room;
    uint32_t *sizes; /* of the chunks of all steps: CHECKPOINT_HELD */
    uint32_t size_count;
    size_t size_room;
    uint32_t chunk_count; /* that they tell */
    uint64_t end;         /* of the last part */
    uint64_t whole;       /* size of the archive that was about to be completed; 0: not so far */
    char whole_etag[STORE_ETAG_MAX]; /* what the store called it; "": it had not answered */
    bool stopped;                    /* its push ended, and said so */
    size_t good;                     /* bytes from the front that were read; what follows is torn */
};

/* Writing: each adds to `out`. Strings that do not fit their place are the caller's error. */
void checkpoint_put_head(struct text *out, const struct checkpoint_head *head);
/* The next step (its offset, number and ETag are not written), and its chunks as `count` sizes. */
void checkpoint_put_step(struct text *out, const struct checkpoint_step *step,
                         const uint32_t *sizes, uint32_t count);
void checkpoint_put_etag(struct text *out, bool join, unsigned number, const char *etag);
/* The archive is about to be completed (etag ""), or is. */
void checkpoint_put_whole(struct text *out, uint64_t size, const char *etag);
void checkpoint_put_stop(struct text *out);
void checkpoint_put_claim(struct text *out); /* another push goes on with it */

/* Reading. 0 and the checkpoint (checkpoint_destroy) when at least the head is whole. */
int checkpoint_parse(struct view bytes, struct checkpoint **out, struct err *err);
void checkpoint_destroy(struct checkpoint *checkpoint); /* takes NULL */

struct checkpoint_step *checkpoint_part(const struct checkpoint *checkpoint, unsigned number);
struct checkpoint_step *checkpoint_join(const struct checkpoint *checkpoint, unsigned number);

#endif
