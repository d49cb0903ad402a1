/*
 * store - a bucket, behind one small table. Two implementations: store/s3/store_s3.h, store/dir/store_dir.h.
 *
 * Everything one can ask of a bucket is a `struct store_op`: a value with the question in its upper
 * half and the answer in its lower. store_submit hands it over; it always comes home (posted to
 * op->home), done or failed, after whatever retries the store's policy allows. store_run does the
 * same and waits.
 *
 * Ops may be submitted from any thread. How many are in the air at once is the store's affair
 * (flight.h); an op that waits for its turn costs nothing.
 */
#ifndef S3DOCK_STORE_STORE_H
#define S3DOCK_STORE_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "flow/cancel.h"
#include "flow/inbox.h"

#define STORE_KEY_MAX    1024
#define STORE_ETAG_MAX   256
#define STORE_UPLOAD_MAX 1024

#define STORE_STALL_TIME (30 * NS_PER_S) /* without progress, unless the options say otherwise */

enum store_verb {
    STORE_HEAD,   /* -> info */
    STORE_GET,    /* key [offset, length] [if_match] -> into buffer, or added to `text` ; info */
    STORE_PUT,    /* key, body [if_match | if_none_match] -> info.etag */
    STORE_DELETE, /* key [if_match]; deleting what is not there is done. Not every S3 store honours
                     if_match here: some ignore it, some answer 501 */
    STORE_COPY, /* source [if_match = ETag of the source] -> key, within the bucket, any size up to
                   5 GiB */
    STORE_LIST, /* prefix in key [delimiter] [token] -> page */
    STORE_UPLOAD_CREATE,    /* key -> upload_id */
    STORE_UPLOAD_PART,      /* key, upload_id, part_number, body -> info.etag */
    STORE_UPLOAD_COPY_PART, /* key, upload_id, part_number, source, offset, length [if_match] ->
                               info.etag */
    STORE_UPLOAD_COMPLETE,  /* key, upload_id, parts [if_match | if_none_match] [length: size of the
                               whole: tells ours from another's when an answer is lost] -> info.etag
                             */
    STORE_UPLOAD_ABORT,     /* key, upload_id; done when there is no such upload */
    STORE_UPLOAD_PARTS,     /* key, upload_id [token] -> page (key = part number, size, etag) */
    STORE_UPLOADS, /* prefix in key [token] -> page of unfinished uploads (key, upload id in etag)
                    */
};

/* How an op came home. Negative: failed, op->err says why. */
enum store_answer {
    STORE_FAILED = -1,
    STORE_DONE = 0,
    STORE_ABSENT = 1,  /* no such key, or no such upload */
    STORE_CHANGED = 2, /* a condition (if_match, if_none_match) was not met */
};

/* Why an op failed, as far as callers decide by it. op->err has the words. */
enum store_failure {
    STORE_NO_ANSWER,   /* not reached, interrupted, cancelled, or failed on this side */
    STORE_BUSY,        /* the store, or a proxy, cannot do it now; the same op may succeed later */
    STORE_FORBIDDEN,   /* the credentials lack the right, or the store gave no reason */
    STORE_UNSUPPORTED, /* the store does not implement this */
    STORE_REJECTED,    /* the store does not take such a request: its sizes, parts, arguments */
    STORE_REFUSED,     /* any other refusal, or a response that makes no sense */
};

/* Whether it can go into a header of a request as it is: visible ASCII, no blank. True of "". ETags
 * and upload ids of answers and documents that are not so count as not sent. */
bool store_etag_is_sound(const char *etag);
/* Copies an ETag in the one form in which ETags are kept and compared: with quotes, which some
 * stores leave out, and without the mark of a weak one, which proxies add. False, and "": it is
 * empty, too long or not sound. */
bool store_etag_take(char to[STORE_ETAG_MAX], const char *from);

struct store_part;
/* The ETag that S3 gives to an object of these parts: the MD5 of the parts' MD5s, and their number.
 * False: a part's ETag is no MD5, and the whole's cannot be computed. */
bool store_etag_of_parts(char to[STORE_ETAG_MAX], const struct store_part *parts, unsigned count);

struct store_info {
    uint64_t size;
    int64_t modified;          /* wall ns, 0 when unknown */
    char etag[STORE_ETAG_MAX]; /* with its quotes, as the store writes it; opaque */
};

struct store_part {
    unsigned number; /* ascending from 1 */
    char etag[STORE_ETAG_MAX];
};

struct store_entry {
    char *key; /* or a common prefix, ending in the delimiter */
    bool is_prefix;
    struct store_info info;
};

/* A page of a listing. Zero it before use; store_page_finish frees it. */
struct store_page {
    struct store_entry *entries;
    size_t count;
    char *next;  /* token for the following page, or NULL at the end */
    bool unsure; /* there is no token, and the store did not say that this page is the last one */
};
void store_page_finish(struct store_page *page);

struct store_op {
    struct msg msg; /* msg.kind is the submitter's */
    struct inbox *home;

    /* the question; strings and bytes stay the submitter's and valid until the op is home */
    enum store_verb verb;
    const char *key;
    const char *source;
    uint64_t offset, length; /* length 0: to the end (whole object) */
    struct view body;
    const char *if_match; /* an ETag */
    bool if_none_match;   /* "*": only when there is nothing under the key yet */
    const char *content_type;
    const char *upload_id_in;
    unsigned part_number;
    const struct store_part *parts;
    unsigned part_count;
    const char *token;
    char delimiter;    /* 0: none */
    uint8_t *buffer;   /* where a GET goes: exactly `length` bytes are expected when it is set */
    struct text *text; /* or here: bounded by its maximum */
    bool optional;     /* a refusal (403, 501) is the caller's to handle: not logged as trouble */

    /* the answer */
    enum store_answer answer;
    struct err err;
    struct store_info info;
    char upload_id[STORE_UPLOAD_MAX];
    struct store_page *page;
    bool unsure; /* store_each: the listing stopped where the store did not say that it ends, or
                    its keys came twice or out of order */
    int64_t server_time; /* wall ns: when the store says it answered; 0: it does not say */
    unsigned tries;
    enum store_failure failure; /* of the last try; only when the answer is STORE_FAILED */
};

struct store_stats {
    uint64_t requests; /* tries, not ops */
    uint64_t retries;
    uint64_t sent, received; /* bytes of bodies */
    char region[64];         /* the one asked by now, which may be another than configured; "": a
                                store without regions */
};

struct store;
struct store_table {
    void (*submit)(struct store *store, struct store_op *op);
    void (*stats)(struct store *store, struct store_stats *out);
    void (*destroy)(struct store *store);
};

/* Sizes that plans are made by. Both ends set STORE_LIMITS; tests set smaller ones. */
struct store_limits {
    size_t part_least;    /* of a multipart part but the last: 5 MiB, as S3 demands */
    size_t part_size;     /* of equal parts, unless the image needs larger ones: 8 MiB */
    unsigned parts_most;  /* of an upload: 10,000 */
    uint64_t run_least;   /* shortest run of held chunks that is copied, not uploaded: 1 MiB */
    uint64_t copy_most;   /* of one copied part: 64 MiB; several of them run at once */
    uint64_t remote_step; /* arrived bytes between two copies of an upload's state: 64 MiB */
};
extern const struct store_limits STORE_LIMITS;

/* The common beginning of every end. */
struct store {
    const struct store_table *table;
    char where[256];    /* "s3://bucket at http://host:port" or "file:///path": for messages */
    char identity[768]; /* endpoint, bucket, key prefix, canonical: names checkpoints */
    struct store_limits limits;
    atomic_bool insisting;
};

void store_submit(struct store *store, struct store_op *op);
/* Submits and waits; the op's own `home` is not used. Returns op->answer, with op->err copied to
 * err on failure; a cancel makes it fail with ERR_CANCELLED as soon as the op is home (within 2 s).
 */
enum store_answer store_run(struct store *store, struct store_op *op, struct err *err);
/* The same with several at once, in no order; each has its own answer. Fails only when none was
 * submitted. */
int store_run_all(struct store *store, struct store_op *const *ops, unsigned count,
                  struct err *err);
/* Runs the listing that `op` asks for (STORE_LIST, STORE_UPLOAD_PARTS, STORE_UPLOADS) to its end,
 * page after page, and lends each entry for one call. Not 0 from that: stop, it has said why in its
 * err. The op's token and page are used here; its lower half answers for the last page, and tells a
 * listing that failed from an entry that did. Who decides by the list must look at op->unsure. A
 * token that was seen before, or a long run of pages without entries, is integrity.listing. */
typedef int store_entry_fn(void *arg, const struct store_entry *entry, struct err *err);
enum store_answer store_each(struct store *store, struct store_op *op, store_entry_fn *each,
                             void *arg, struct err *err);
/* Ops that belong together complete in spite of a cancel while this is on, for STORE_INSIST_TIME at
 * most. Builds with a sanitizer, which are slower, set a longer time. */
#ifndef STORE_INSIST_MS
#define STORE_INSIST_MS 1500
#endif
#define STORE_INSIST_TIME (STORE_INSIST_MS * NS_PER_MS)
void store_insist(struct store *store, bool on);
void store_stats(struct store *store, struct store_stats *out);
/* Gives every op that is out a chance to come home (cancelled when `cancel` of the options says
 * so), then frees. Takes NULL. */
void store_destroy(struct store *store);

/* Where this user remembers something of this store: a file in that folder of the cache, made when
 * it is missing. False: nowhere. */
bool store_note_path(const struct store *store, const char *folder, char *out, size_t size);

/* Small documents. */
enum store_answer store_get_document(struct store *store, const char *key, struct text *out,
                                     char etag[STORE_ETAG_MAX], struct err *err);
enum store_answer store_put_document(struct store *store, const char *key, struct view body,
                                     const char *if_match, bool if_none_match,
                                     char etag[STORE_ETAG_MAX], struct err *err);
enum store_answer store_head(struct store *store, const char *key, struct store_info *info,
                             struct err *err);

#endif
