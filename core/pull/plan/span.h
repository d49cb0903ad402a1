/*
 * span - what travels in a slot: a run of neighbouring chunks, and the job that is done to it.
 *
 * On a push the reader fills slot->in with raw chunks and a worker packs them into slot->out; on a
 * pull a ranged GET fills slot->in with packed chunks and a worker unpacks them into slot->out; it
 * reads those that this host had from the spool. A span belongs to whoever holds it; it is handed
 * over whole.
 */
#ifndef S3DOCK_PULL_PLAN_SPAN_H
#define S3DOCK_PULL_PLAN_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "flow/buffers.h"
#include "flow/workers.h"
#include "pack/chunk/chunker.h"
#include "pack/index/chunk_lookup.h"
#include "pack/index/index.h"
#include "store/store.h"

/* A span ends early when it holds so many chunks. The typical one has a dozen. */
#define SPAN_CHUNKS 256

/* Flags of a chunk, besides enum chunk_flags. */
#define SPAN_SPOOLED 0x100 /* pull: it lies raw in a file of this host's chunks */
#define SPAN_UNREAD  0x200 /* push: it was not read, and has no bytes in slot->in */
#define SPAN_KEPT    0x400 /* pull: it lies packed in the spool */
#define SPAN_SHARED  0x800 /* pull: others will be read from where it lies, too */

/* Of slot->in, behind the range that is fetched: where a kept chunk is read to. */
#define SPAN_KEPT_ROOM (CHUNK_MAX_LIMIT + KIB)

struct partial;

struct span_chunk {
    struct index_chunk chunk;
    unsigned flags;         /* enum chunk_flags, SPAN_... */
    uint64_t raw_offset;    /* pull: where it stands in the stream */
    uint64_t at;            /* pull: where it lies: in slot->in, in the file, in the archive */
    struct held_chunk held; /* push: where an earlier archive has it */
    bool unpacked;          /* push: its packed bytes will probably not be needed */
    bool sent; /* push: an earlier run has sent it. packed_size is known, and slot->out has a gap of
                  that size */
};

struct span {
    struct job job; /* first: a span comes home as its job's message */
    struct buffer *slot;
    uint64_t number;      /* in the order of the stream */
    enum name_kind names; /* of its chunks */
    bool named;           /* push: its chunks have their names */
    bool compare;         /* pull: what is unpacked is compared with its name */
    bool looked_up;       /* push: they were looked up in earlier archives: held */
    unsigned count;
    struct span_chunk chunks[SPAN_CHUNKS];
    size_t in_size;  /* bytes that count in slot->in */
    size_t out_size; /* and in slot->out */
    uint64_t unread; /* push: raw bytes of chunks that were not read */
    uint64_t packed; /* pull: bytes of archive that its chunks are */
    int spool;       /* pull: the descriptor that spooled chunks are read from; borrowed */
    struct partial
        *kept;          /* pull: what is fetched is kept there, and read; NULL: nowhere. Borrowed */
    struct store_op op; /* pull: the ranged GET that fills it; op.length 0: there is none */
    struct err err;     /* family ERR_NONE: the job went well */
};

/* The span that lives in a slot's aux; ready for use. */
struct span *span_of(struct buffer *slot);

/* The jobs. scratch: a struct packer, a struct unpacker. */
void span_pack(struct job *job, void *scratch);
void span_unpack(struct job *job, void *scratch);
/* Push: names the chunks of a span, none of which is unread. Scratch: any. span_pack does it where
 * nothing needs the names before. */
void span_name(struct job *job, void *scratch);
/* Of a span without chunks: fills it from the spool, or keeps what was fetched. Scratch: any. */
void span_settle(struct job *job, void *scratch);
/* Keeps what was fetched; span->err: that did not work. Scratch: any. */
void span_keep(struct job *job, void *scratch);

/* Bytes that packing a span of `raw` bytes may need: its slot's out_size. */
size_t span_bound(size_t raw);

#endif
