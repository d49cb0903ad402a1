/*
 * store - a bucket, behind one small table. Two implementations: store/s3/store_s3.h,
 * store/dir/store_dir.h.
 *
 * A request to a bucket is a `struct store_op`: a value with the request in its upper half and the
 * result in its lower half. store_submit hands it over. The store always returns it (posts it to
 * op->inbox), done or failed, after the retries that its policy allows. store_run does the same and
 * waits.
 *
 * Ops may be submitted from any thread. The store decides how many run at once. A waiting op needs
 * no memory of the store.
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
    STORE_GET,    /* key [offset, length] [if_match | unless] -> into buffer, or added to `text` ;
                     info */
    STORE_PUT,    /* key, body [if_match | if_none_match] -> info.etag */
    STORE_DELETE, /* key [if_match]; an absent object counts as deleted. Not every S3 store honours
                     if_match here: some ignore it, some return status 501 */
    STORE_COPY, /* source [if_match = ETag of the source] -> key, within the bucket, any size up to
                   5 GiB */
    STORE_LIST, /* prefix in key [delimiter] [token] -> page */
    STORE_UPLOAD_CREATE,    /* key -> upload_id */
    STORE_UPLOAD_PART,      /* key, upload_id, part_number, body -> info.etag */
    STORE_UPLOAD_COPY_PART, /* key, upload_id, part_number, source, offset, length [if_match] ->
                               info.etag */
    STORE_UPLOAD_COMPLETE,  /* key, upload_id, parts [if_match | if_none_match] [length: size of the
                               whole: identifies ours if a response is lost] -> info.etag */
    STORE_UPLOAD_ABORT,     /* key, upload_id; done when there is no such upload */
    STORE_UPLOAD_PARTS,     /* key, upload_id [token] -> page (key = part number, size, etag) */
    STORE_BUCKET_CREATE, /* in the region of the store; done, too, if the caller owns it already */
    STORE_UPLOADS,   /* prefix in key [token] -> page of unfinished uploads (key, upload id in etag)
                    */
    STORE_LIFECYCLE, /* -> added to `text`: the bucket's lifecycle rules, an XML document of S3.
                        STORE_ABSENT: it has none. A directory does not support this */
};

/* The result of an op. Negative: failed, op->err has the reason. */
enum store_answer {
    STORE_FAILED = -1,
    STORE_DONE = 0,
    STORE_ABSENT = 1,  /* no such key, or no such upload */
    STORE_CHANGED = 2, /* a condition (if_match, if_none_match) was not met */
    STORE_SAME = 3,    /* the object still has the ETag `unless`: nothing was read */
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

/* Returns true for visible ASCII without blanks, and for "": such text can be the value of a
 * header. ETags and upload ids of responses and documents that fail this count as not sent. */
bool store_etag_is_sound(const char *etag);
/* Copies an ETag in the form in which all ETags are kept and compared: with quotes, which some
 * stores omit, and without the mark of a weak ETag, which proxies add. False, and "": the ETag is
 * empty, too long or not sound. */
bool store_etag_take(char to[STORE_ETAG_MAX], const char *from);

struct store_part;
/* Computes the ETag that S3 gives to an object of these parts: the MD5 of the parts' MD5s, and
 * their number. Returns false if the ETag of a part is no MD5. */
bool store_etag_of_parts(char to[STORE_ETAG_MAX], const struct store_part *parts, unsigned count);

struct store_info {
    uint64_t size;
    int64_t modified;          /* wall ns, 0 when unknown */
    char etag[STORE_ETAG_MAX]; /* with quotes; opaque */
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

/* A page of a list. Zero it before use; store_page_finish frees it. */
struct store_page {
    struct store_entry *entries;
    size_t count;
    char *next;  /* token for the following page, or NULL at the end */
    bool unsure; /* there is no token, and the store did not mark this page as the last one */
};
void store_page_finish(struct store_page *page);

struct store_op {
    struct msg msg; /* msg.kind is the submitter's */
    struct inbox *inbox;

    /* the request; strings and bytes belong to the submitter and stay valid until the op returns */
    enum store_verb verb;
    const char *key;
    const char *source;
    uint64_t offset, length; /* length 0: to the end (whole object) */
    struct view body;
    const char *if_match; /* an ETag */
    const char *unless;   /* an ETag: the object is not read if it still has this one. A store may
                             ignore it and send the object */
    bool if_none_match;   /* "*": only if the key has no object yet */
    const char *content_type;
    const char *upload_id_in;
    unsigned part_number;
    const struct store_part *parts;
    unsigned part_count;
    const char *token;
    char delimiter;    /* 0: none */
    uint8_t *buffer;   /* destination of a GET: exactly `length` bytes are expected */
    struct text *text; /* or this one: bounded by its maximum */
    bool
        archive; /* of an image: the new object gets the store's class and retention for archives */
    bool optional; /* the caller handles a refusal: retries are not logged */
    bool once;     /* no second try after silence or a refusal that may pass: the caller has its own
                      back-off */

    /* the result */
    enum store_answer answer;
    struct err err;
    struct store_info info;
    char upload_id[STORE_UPLOAD_MAX];
    struct store_page *page;
    bool unsure; /* store_each: the store did not mark the end of the list, or keys came twice or
                    out of order */
    int64_t server_time; /* wall ns: the Date of the response; 0: it has none */
    unsigned tries;
    int64_t asked; /* ns: Retry-After of the last try that failed, not bounded; 0: none */
    enum store_failure failure; /* of the last try; only when the result is STORE_FAILED */
};

struct store_stats {
    uint64_t requests; /* counts tries, not ops */
    uint64_t retries;
    uint64_t sent, received; /* bytes of bodies */
    char region[64];   /* the one in use, which may differ from the configured one; "": none */
    bool ignores_case; /* keys that differ only in case cannot both exist: conflict.spelling */
    /* ns that the clock of the store is ahead of this machine's; 0: not so far that the store has
     * refused a request for it */
    int64_t clock_offset;
};

struct store;
struct store_table {
    void (*submit)(struct store *store, struct store_op *op);
    void (*stats)(struct store *store, struct store_stats *out);
    void (*destroy)(struct store *store);
};

/* Sizes for plans of pushes. Both stores set STORE_LIMITS; tests set smaller ones. */
struct store_limits {
    size_t part_least;    /* of each part but the last: 5 MiB, as S3 demands */
    size_t part_size;     /* of equal parts, unless the image needs larger ones: 8 MiB */
    unsigned parts_most;  /* of an upload: 10,000 */
    uint64_t run_least;   /* shortest run of held chunks that is copied, not uploaded: 1 MiB */
    uint64_t copy_most;   /* of one copied part: 64 MiB; several of them run at once */
    uint64_t remote_step; /* uploaded bytes between two copies of a checkpoint: 64 MiB */
};
extern const struct store_limits STORE_LIMITS;

/* The first member of each implementation. */
struct store {
    const struct store_table *table;
    char where[256];    /* "s3://bucket at http://host:port" or "file:///path": for messages */
    char identity[768]; /* endpoint, bucket, key prefix, canonical: names checkpoints */
    struct store_limits limits;
    atomic_bool insisting;
};

void store_submit(struct store *store, struct store_op *op);
/* Submits and waits; the op's `inbox` is not used. Returns op->answer; on failure, op->err is
 * copied to err. After a cancel, it fails with ERR_CANCELLED within 2 s. */
enum store_answer store_run(struct store *store, struct store_op *op, struct err *err);
/* Submits all ops and waits for them. Each has its own result. Fails only if none was submitted. */
int store_run_all(struct store *store, struct store_op *const *ops, unsigned count,
                  struct err *err);
/* The same, but fails with the error of the first op, in their order, that has failed. */
int store_run_all_or_fail(struct store *store, struct store_op *const *ops, unsigned count,
                          struct err *err);
/* Reads the list of `op` (STORE_LIST, STORE_UPLOAD_PARTS, STORE_UPLOADS) page by page, and lends
 * each entry to `each`. If that does not return 0, the list stops with its err. The op's token and
 * page are used by this function. Its lower half is the result of the last page, and distinguishes
 * a failed list from a failed entry. A caller that needs a complete list checks op->unsure.
 * integrity.listing: a token came twice, or too many pages had no entries. */
typedef int store_entry_fn(void *arg, const struct store_entry *entry, struct err *err);
enum store_answer store_each(struct store *store, struct store_op *op, store_entry_fn *each,
                             void *arg, struct err *err);
/* While it is on, ops complete in spite of a cancel, for STORE_INSIST_TIME at most: for groups of
 * writes that belong together. Builds with a sanitizer, which are slower, set a longer time. */
#ifndef STORE_INSIST_MS
#define STORE_INSIST_MS 1500
#endif
#define STORE_INSIST_TIME (STORE_INSIST_MS * NS_PER_MS)
void store_insist(struct store *store, bool on);
void store_stats(struct store *store, struct store_stats *out);
/* Waits for all submitted ops, which a cancel ends, then frees the store. Takes NULL. */
void store_destroy(struct store *store);

/* Writes the path of a note on this store: a file in `folder` of the user's cache, which is made if
 * it is missing. False: there is no cache. */
bool store_note_path(const struct store *store, const char *folder, char *out, size_t size);

/* Small documents. */
enum store_answer store_get_document(struct store *store, const char *key, struct text *out,
                                     char etag[STORE_ETAG_MAX], struct err *err);
/* Reads the document unless it still has the ETag `unless` (NULL or "": reads it). STORE_SAME: it
 * has, and `out` is unchanged. That also holds for a store that ignores the condition. */
enum store_answer store_get_document_unless(struct store *store, const char *key,
                                            const char *unless, struct text *out,
                                            char etag[STORE_ETAG_MAX], struct err *err);
enum store_answer store_put_document(struct store *store, const char *key, struct view body,
                                     const char *if_match, bool if_none_match,
                                     char etag[STORE_ETAG_MAX], struct err *err);
enum store_answer store_head(struct store *store, const char *key, struct store_info *info,
                             struct err *err);

#endif
