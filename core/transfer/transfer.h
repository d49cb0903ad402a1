/*
 * transfer - the options and reports that push and pull have in common.
 */
#ifndef S3DOCK_TRANSFER_TRANSFER_H
#define S3DOCK_TRANSFER_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/cancel.h"
#include "store/store.h"

/* The figures of the `stats` object in JSON. */
struct transfer_stats {
    uint64_t raw_bytes;        /* of the save stream */
    uint64_t archive_bytes;    /* of the .tar.gz */
    uint64_t uploaded_bytes;   /* bodies sent, documents and repeated parts included */
    uint64_t copied_bytes;     /* copied by the server between its objects */
    uint64_t downloaded_bytes; /* bodies received, documents and repeated ranges included */
    uint64_t reused_bytes;     /* taken from this host */
    uint64_t requests, retries;
    double seconds;
    uint64_t peak_memory_bytes; /* resident, of the whole process */
};

/* The state at the start of a transfer. */
struct transfer_start {
    struct store_stats store;
    int64_t monotonic;
};

enum transfer_phase {
    PHASE_PREPARE, /* reading documents */
    PHASE_EXPORT,  /* the daemon prepares its export and has sent no bytes yet */
    PHASE_PUSH,    /* reading, compressing, uploading */
    PHASE_REUSE,   /* scanning a local image for chunks */
    PHASE_PULL,    /* fetching, checking, writing */
    PHASE_WRITE,   /* the second pass over an archive without an index: reading it again, writing */
    PHASE_LOAD,    /* the daemon loads the image */
    PHASE_COMMIT,  /* index, metadata, verification */
};

struct transfer_progress {
    enum transfer_phase phase;
    uint64_t done, total; /* raw bytes of the stream; total 0: unknown */
    bool total_is_estimate;
    uint64_t moved;   /* bytes over the wire so far */
    double rate;      /* raw bytes a second, lately */
    double left;      /* seconds; -1: unknown */
    double elapsed;   /* seconds, of the phase */
    const char *note; /* the last line of the daemon; or NULL */
};

struct transfer_options {
    unsigned jobs; /* worker threads; TRANSFER_JOBS_AUTO: one a core; 0: the serial twin */
    size_t memory; /* bound for buffers, bytes; 0: the default, TRANSFER_MEMORY */
    const struct cancel *cancel; /* may be NULL */
    /* Called by the engine about ten times a second, and at the start of each phase. May be NULL.
     */
    void (*progress)(void *arg, const struct transfer_progress *progress);
    void *progress_arg;
};

#define TRANSFER_JOBS_AUTO  (~0u)
#define TRANSFER_MEMORY     (80 * (size_t)1024 * 1024)
#define TRANSFER_MEMORY_MIN (24 * (size_t)1024 * 1024)

#define TRANSFER_JOBS_MAX 32

unsigned transfer_jobs(unsigned jobs); /* resolves TRANSFER_JOBS_AUTO */

void transfer_start(struct transfer_start *start, struct store *store);
/* Fills in the bytes both ways, requests, retries and seconds since `start`, and the memory. */
void transfer_count(struct transfer_stats *stats, const struct transfer_start *start,
                    struct store *store);

/* Calls the progress callback, if there is one. */
void transfer_report(const struct transfer_options *options,
                     const struct transfer_progress *progress);

#endif
