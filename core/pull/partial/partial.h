/*
 * partial - what an unfinished pull has fetched: kept on disk, packed as it came, so that a rerun
 * fetches none of it again.
 *
 * One partial for each archive of each bucket, in the folder pulls/ of the user's cache. It is good
 * for one ETag: that of a replaced archive is thrown away. Only a hint: every byte out of it is
 * verified like one that was fetched. A partial that cannot be made or is not to be believed costs
 * the resumption, never the pull.
 */
#ifndef S3DOCK_PULL_PARTIAL_PARTIAL_H
#define S3DOCK_PULL_PARTIAL_PARTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "store/store.h"

struct err;

#define PARTIAL_VERSION    1
#define PARTIAL_RANGE_MAX  (4 * MIB)          /* of one partial_keep */
#define PARTIAL_STALE      (7 * 24 * 60 * 60) /* seconds: older ones are removed by the next pull */
#define PARTIAL_ID_SIZE    33
#define PARTIAL_IMAGE_SIZE 256

/* Which archive. Strings are borrowed for the call. */
struct partial_subject {
    const char *store; /* its identity */
    const char *where; /* the same for people */
    const char *key;
    const char *etag;
    const char *image; /* "app:tag" */
    uint64_t size;     /* of the archive */
};

struct partial;
/* Opens the partial of that archive or begins one; removes stale ones of others. `leave`: bytes of
 * the disk that must stay free. NULL, with the reason in err: there will be none; PARTIAL_BUSY is the
 * code of the error when another pull of the archive is running. */
#define PARTIAL_BUSY "spool_busy"
struct partial *partial_open(const struct partial_subject *subject, uint64_t leave,
                             struct err *err);
/* The same for who only looks (a dry run): nothing is begun, kept or removed. */
struct partial *partial_look(const struct partial_subject *subject, struct err *err);
/* `done`: nothing of it is needed any more. Takes NULL. */
void partial_close(struct partial *partial, bool done);

/* What it held when it was opened, bytes and ranges; sums are checked by then. */
uint64_t partial_held(const struct partial *partial);
bool partial_holds(const struct partial *partial, uint64_t offset, uint64_t size);
/* Whether a rerun will find anything: what it held, or has been kept since. Takes NULL. */
bool partial_serves(const struct partial *partial);
/* How many bytes from `offset` on it holds, or (*held false) does not hold; at most `most`. */
uint64_t partial_run(const struct partial *partial, uint64_t offset, uint64_t most, bool *held);
/* Bytes of the archive that it holds. Any thread. */
int partial_read(const struct partial *partial, uint64_t offset, uint8_t *out, size_t size,
                 struct err *err);
/* Bytes of the archive that were fetched: at most PARTIAL_RANGE_MAX. Any thread. A disk that is full
 * or broken ends the keeping and is logged, once. False: it is not kept. */
bool partial_keep(struct partial *partial, uint64_t offset, struct view bytes);

/* ---- for who lists and cleans ---- */

struct partial_entry {
    char id[PARTIAL_ID_SIZE];
    char where[256], key[STORE_KEY_MAX], image[PARTIAL_IMAGE_SIZE];
    uint64_t size, kept; /* of the archive; of it on disk */
    int64_t touched;     /* seconds since 1970: when something was kept last */
    bool busy;           /* a pull is using it; what is said of it may be a moment old */
};
/* All of the user's, oldest first. free() the array. Those that are damaged are listed with empty
 * strings. */
int partial_list(struct partial_entry **out, size_t *count, struct err *err);
/* 0 also when it is gone already; PARTIAL_IN_USE: a pull is using it. */
enum partial_answer { PARTIAL_REMOVED = 0, PARTIAL_IN_USE = 1 };
int partial_remove(const char *id, struct err *err);

#endif
