/*
 * span - a run of neighbouring chunks of a pull, which travels in one buffer.
 *
 * A ranged GET fills buffer->in with packed chunks of one object. A worker unpacks them into
 * buffer->out, and reads the chunks that this host has already into it. Without an index, a span
 * has no chunks: buffer->in holds a plain piece of the archive. A span belongs to the thread that
 * holds it.
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
#include "pack/index/index.h"
#include "store/store.h"

/* The most chunks of a span. A typical span has a dozen. */
#define SPAN_CHUNKS 256

/* Bytes of buffer->in behind the fetched range: for a packed chunk of the partial download. */
#define SPAN_PARTIAL_ROOM (CHUNK_MAX_LIMIT + KIB)

#define SPAN_UNDAMAGED UINT64_MAX

struct partial;
struct unpacker;

/* The place that a chunk is read from. */
enum span_from {
    SPAN_FROM_ARCHIVE, /* packed in buffer->in, where the GET has put it */
    SPAN_FROM_PARTIAL, /* packed in the partial download */
    SPAN_FROM_SEED,    /* raw in the seed file */
};

struct span_chunk {
    struct index_chunk chunk;
    enum codec codec;
    enum span_from from;
    uint64_t at;         /* offset in buffer->in or in the seed file; or the address */
    uint64_t raw_offset; /* of the chunk in the save stream */
    bool shared;         /* duplicates of the chunk are read from the same place of the seed file */
};

struct span {
    struct job job; /* first: a job that is done returns as this message */
    struct buffer *buffer;
    uint64_t number;      /* in the order of the stream */
    enum name_kind names; /* of the chunks */
    bool compare;         /* compare the unpacked chunks with their names */
    unsigned count;
    struct span_chunk chunks[SPAN_CHUNKS];
    uint64_t address;        /* of the range that is fetched, or of the piece */
    size_t in_size;          /* bytes of the fetched range in buffer->in */
    size_t out_size;         /* unpacked bytes in buffer->out */
    uint64_t packed;         /* bytes of the archive that the chunks, or the piece, are */
    int seed_fd;             /* the seed file; -1: none. Borrowed */
    struct partial *partial; /* the partial download, read and written; NULL: none. Borrowed */
    struct store_op op;      /* the ranged GET; op.length 0: nothing is fetched */
    struct err err;          /* family ERR_NONE: the job succeeded */
    uint64_t damaged;        /* address of the packed chunk that failed; SPAN_UNDAMAGED: none */
};

/* Returns the span in the aux memory of a buffer, emptied. */
struct span *span_of(struct buffer *buffer);
/* Unpacks all chunks into buffer->out and compares them with their names if span->compare is set.
 * Failures go to span->err. Runs on a worker. */
int span_unpack(struct span *span, struct unpacker *unpacker);

#endif
