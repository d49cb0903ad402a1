/*
 * transfer - what push and pull have in common: how they are asked, and what they report.
 */
#ifndef S3DOCK_TRANSFER_TRANSFER_H
#define S3DOCK_TRANSFER_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/cancel.h"
#include "store/store.h"

/* The figures of the `stats` object. Bytes count when they are finished. */
struct transfer_stats {
    uint64_t raw_bytes;        /* of the save stream */
    uint64_t archive_bytes;    /* of the .tar.gz */
    uint64_t uploaded_bytes;   /* bodies sent, documents and repeated parts included */
    uint64_t copied_bytes;     /* placed by the server itself */
    uint64_t downloaded_bytes; /* bodies received, documents and repeated ranges included */
    uint64_t reused_bytes;     /* taken from what this host had */
    uint64_t requests, retries;
    double seconds;
    uint64_t peak_memory_bytes; /* resident, of the whole process */
};

/* What the figures are counted from. */
struct transfer_start {
    struct store_stats store;
    int64_t monotonic;
};

enum transfer_phase {
    PHASE_PREPARE, /* looking at documents */
    PHASE_EXPORT,  /* the daemon prepares its export; no byte has come yet */
    PHASE_PUSH,    /* reading, compressing, uploading */
    PHASE_REUSE,   /* looking for chunks in an image of this host */
    PHASE_PULL,    /* fetching, checking, writing */
    PHASE_WRITE,   /* the second pass over an archive without an index: reading it again, writing */
    PHASE_LOAD,    /* the daemon unpacks what it was given */
    PHASE_COMMIT,  /* index, metadata, verification */
};

struct transfer_progress {
    enum transfer_phase phase;
    uint64_t done, total; /* raw bytes of the stream; total 0: not known */
    bool total_is_estimate;
    uint64_t moved;   /* bytes over the wire so far */
    double rate;      /* raw bytes a second, lately */
    double left;      /* seconds, -1: not known */
    double elapsed;   /* seconds, of the phase */
    const char *note; /* a line of the daemon's, or NULL */
};

struct transfer_options {
    unsigned jobs; /* worker threads; TRANSFER_JOBS_AUTO: one a core; 0: the serial twin */
    size_t memory; /* bound for buffers, bytes; 0: the default, TRANSFER_MEMORY */
    const struct cancel *cancel; /* may be NULL */
    /* Called by the conductor about ten times a second, and once at the start of each phase. May be
     * NULL. */
    void (*progress)(void *arg, const struct transfer_progress *progress);
    void *progress_arg;
};

#define TRANSFER_JOBS_AUTO  (~0u)
#define TRANSFER_MEMORY     (80 * (size_t)1024 * 1024)
#define TRANSFER_MEMORY_MIN (24 * (size_t)1024 * 1024)

#define TRANSFER_JOBS_MAX 32

unsigned transfer_jobs(unsigned jobs); /* resolves TRANSFER_JOBS_AUTO */
uint64_t transfer_peak_memory(void);   /* bytes resident at most, so far */

void transfer_start(struct transfer_start *start, struct store *store);
/* Fills in what has come since `start`: bytes both ways, requests, retries, seconds, memory. */
void transfer_count(struct transfer_stats *stats, const struct transfer_start *start,
                    struct store *store);

/* Calls the progress callback, if there is one. */
void transfer_report(const struct transfer_options *options,
                     const struct transfer_progress *progress);

#endif
