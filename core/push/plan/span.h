/*
 * span - a run of neighbouring chunks of a push, and the jobs that name and pack it.
 *
 * The reader fills buffer->in with raw chunks. A worker packs them into buffer->out. A span lives
 * in the aux memory of its buffer, and belongs to the thread that holds it.
 */
#ifndef S3DOCK_PUSH_PLAN_SPAN_H
#define S3DOCK_PUSH_PLAN_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/buffers.h"
#include "flow/workers.h"
#include "pack/chunk/chunker.h"
#include "pack/index/chunk_lookup.h"
#include "pack/index/index.h"

/* The most chunks of a span. A typical span has a dozen. */
#define PUSH_SPAN_CHUNKS 256

/* The treatment of a chunk. The reader sets CHUNK_UNREAD; chunk_fate.h decides on the others. */
enum chunk_fate {
    CHUNK_PACK,  /* a worker packs it */
    CHUNK_SENT,  /* an earlier push has sent it: packed_size is known, and buffer->out has a gap */
    CHUNK_COPY,  /* the store will probably copy it, or it is referred to: no worker packs it */
    CHUNK_UNREAD /* the store will copy it: it was not read, and is not in buffer->in */
};

struct push_chunk {
    struct index_chunk chunk;
    unsigned flags;         /* enum chunk_flags */
    struct held_chunk held; /* the place of this chunk in a base; size 0: no base has it */
    bool repeat;            /* thin image: an equal chunk precedes it, */
    uint64_t first;         /* which has this number in the stream */
    enum chunk_fate fate;
};

struct push_span {
    struct job job; /* first: a span is posted as its job's message */
    struct buffer *buffer;
    uint64_t number; /* in the order of the stream */
    bool named;      /* the chunks have their names */
    bool looked_up;  /* the chunks were looked up in the bases */
    unsigned count;
    struct push_chunk chunks[PUSH_SPAN_CHUNKS];
    size_t in_size;  /* valid bytes of buffer->in */
    size_t out_size; /* valid bytes of buffer->out */
    uint64_t unread; /* raw bytes of the chunks that were not read */
};

/* Returns the span of a buffer, empty. */
struct push_span *push_span_of(struct buffer *buffer);

/* Job: packs the chunks that must be packed, and names all of them if they have no names yet.
 * Scratch: a struct packer. */
void push_span_pack(struct job *job, void *scratch);
/* Job: names the chunks of a span without unread chunks. Scratch: any. */
void push_span_name(struct job *job, void *scratch);

/* Returns the most bytes that packing a span of `raw` bytes can need: the out_size of its buffer.
 */
size_t push_span_bound(size_t raw);

#endif
