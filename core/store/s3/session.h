/*
 * session - the state that the http thread of one S3 store keeps: its settings, facts about the
 * server, the queue, and one attempt for each slot. Internal to store/s3.
 *
 * Only the http thread uses a session. Exceptions: `counts` has a lock, `store->insisting` and
 * `keys_changed` are atomic.
 */
#ifndef S3DOCK_STORE_S3_SESSION_H
#define S3DOCK_STORE_S3_SESSION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "credentials/provider.h"
#include "flow/silence.h"
#include "http/client.h"
#include "http/retry.h"
#include "store/s3/endpoint.h"
#include "store/s3/reply.h"
#include "store/s3/request.h"
#include "store/s3/scheduler.h"
#include "store/store.h"

#define S3_URL_MAX (64 + 512 + S3_PATH_MAX + S3_QUERY_MAX)
/* Documents up to this size are read back whole to compare them. */
#define S3_READ_BACK_MAX (64 * KIB)

/* The request that an attempt sends: the op's own, or one of two others. */
enum s3_sends {
    S3_SENDS_OWN,
    S3_SENDS_FOLLOW_UP, /* its response explains the op's result (follow_up.h) */
    S3_SENDS_REST,      /* of a read that was cut: the op's own with a later offset */
};

struct s3_attempt {
    bool is_prepared; /* it was used: `slot` and the texts are set */
    unsigned slot;
    struct store_op *op;
    enum s3_sends sends;
    struct store_op other; /* the follow-up request or the rest */

    /* of the op, over all its tries */
    int64_t began;     /* monotonic ns */
    uint64_t have;     /* bytes of a cut read that are in place */
    uint64_t most;     /* bytes of bodies that the best try moved */
    unsigned counted;  /* tries that count against the limit */
    int http_status;   /* of the last response, of a follow-up request too; 0: none */
    bool perhaps_done; /* an earlier try without a usable response may have taken effect */
    bool moved, clock_set, keys_replaced; /* once for each op: region, clock, credentials */
    bool moved_to_host;                   /* once for each op: the bucket */
    size_t text_start;                    /* size of op->text before the op */
    char etag[STORE_ETAG_MAX];            /* of a read that was cut */
    char payload_hash[SHA256_HEX_SIZE];   /* "": not computed yet */
    char detour[256];                     /* host for this op only; "": the session's */
    struct err fallback_err;              /* of the op, for the time of a follow-up request */
    enum s3_verdict fallback;             /* of the op, when the follow-up request proves nothing */

    /* of the request */
    unsigned creds_serial; /* of the credentials that signed it */
    bool parked;           /* it waits for new credentials */
    struct s3_request request;
    struct text lines;     /* its header lines */
    struct text read_back; /* a document that is read back */
    char url[S3_URL_MAX];
    struct http_exchange exchange;
};

struct s3_session {
    struct http *http;
    const struct store *store;
    const struct cancel *cancel;

    /* settings */
    bool sign_payload;
    bool proven; /* TLS authenticates the server */
    struct s3_option_headers options;
    enum s3_checksum checksum;
    int64_t stall_time;
    struct retry_policy policy;
    struct credential_provider *provider; /* or NULL */

    /* facts about the server */
    struct s3_endpoint place;
    struct provider_copy keys;
    unsigned accepted;        /* serial of the keys that the server accepted last; 0: none */
    atomic_bool keys_changed; /* the provider has ended a fetch */
    struct retry_link link;
    int64_t clock_offset;    /* the server's clock minus ours, ns */
    bool bucket_seen;        /* a response proved that the bucket exists */
    struct s3_form form;     /* of the requests of new attempts */
    bool aes_tried;          /* form.aes256 is settled */
    bool encryption_ignored; /* the server ignored it, and the user was warned */

    /* work */
    struct scheduler scheduler;
    struct s3_attempt *attempts; /* one for each slot */
    struct silence silence;
    bool cancelled;
    int64_t
        cleanup_until;    /* after a cancel, clean-up ops may run until then; 0: none has started */
    uint64_t seed;        /* of the waits */
    int64_t retry_logged; /* when a retry was logged for the user last; 0: never */
    char retry_text[256]; /* the failure that was logged */

    struct {
        pthread_mutex_t lock;
        uint64_t requests, retries;
        char region[S3_REGION_SIZE];
        int64_t clock_offset; /* a copy of that above, for other threads */
    } counts;
};

#endif
