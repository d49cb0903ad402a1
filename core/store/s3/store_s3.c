/*
 * store_s3 - a bucket behind the S3 protocol.
 *
 * Submitters put ops into a small mailbox and wake the http thread; everything else happens there.
 * Its turn: fetch the mail, see to cancellation, seat who waits, start who is due. When an exchange
 * lands, s3_reply says what it means and `settle` what follows: home, another try, or an errand
 * first.
 *
 * An errand is a question of our own between two tries of an op, in the same seat: a GET that asks
 * for the reason a HEAD was refused without one, a HEAD that looks whether an upload whose answer
 * was lost has been completed after all, or a document been written by us and not by somebody else;
 * a HEAD that looks whether the source of a copy is still what it was, for a server that cannot
 * tell.
 *
 * Cancellation: what sits or waits goes home at once. Only aborting uploads and deleting objects,
 * which is cleaning up, and what the caller insists on is still begun and given STORE_INSIST_TIME;
 * so is the answer to a request that begins an upload, because without the upload's id nobody could
 * abort it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/random.h"
#include "flow/silence.h"
#include "http/client.h"
#include "http/retry.h"
#include "store/s3/clock_skew.h"
#include "store/s3/credentials.h"
#include "store/s3/endpoint.h"
#include "store/s3/reply.h"
#include "store/s3/request.h"
#include "store/s3/scheduler.h"
#include "store/s3/store_s3.h"
#include "store/store.h"

#define CONNECTIONS 32
#define STALL_LONG  20 /* times as long: a copy or completion of 5 GiB may think for minutes */
#define URL_MAX     (64 + 512 + S3_PATH_MAX + S3_QUERY_MAX)
#define LINES_MAX   (64 * KIB)
#define ECHO_MAX    (64 * KIB)
#define RESUME_MIN  (64 * KIB) /* a try that brought this much before it was cut is not counted */

#define UNSIGNED   "UNSIGNED-PAYLOAD"
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* What a passenger's seat needs besides flight's own. */
struct trip {
    struct store_op *op;
    bool errand;              /* `aux` is in the air, not the op */
    struct store_op aux;      /* the errand, or the rest of a read that was cut */
    bool resumed;             /* `aux` is such a rest */
    uint64_t have;            /* bytes of the read that are in place */
    uint64_t most;            /* bytes of bodies that the best of its tries has moved */
    enum s3_verdict fallback; /* of the op, when the errand proves nothing */
    struct err fallback_err;
    int http_status;  /* of the last try */
    unsigned counted; /* tries that count against the bound */
    bool moved, clock_set, renewed;
    unsigned creds_serial; /* of those that it was signed with */
    bool bare;             /* the ETag of If-Match goes without its quotes */
    bool unasked;          /* a copy goes without its condition, its source is looked at after it */
    bool with_md5;         /* the body goes with its Content-MD5 */
    bool with_aes;         /* the object is to be encrypted, though nobody asked for it */
    bool perhaps_done;     /* an earlier try may have had its effect although no answer came */
    size_t text_start;     /* size of op->text before the op */
    char payload_hash[SHA256_HEX_SIZE];
    char etag[STORE_ETAG_MAX]; /* of a read that was cut */
    struct s3_request request;
    struct text lines;
    struct text echo; /* an object that is read back */
    char url[URL_MAX];
    struct http_exchange exchange;
};

struct s3_store {
    struct store base;
    struct http *http;
    const struct cancel *cancel;
    bool sign_payload;
    char encryption[16], encryption_key[512];
    bool proven; /* TLS has authenticated the store */
    int64_t stall_time;

    struct {
        pthread_mutex_t lock;
        struct store_op *first, *last; /* linked by msg.next */
        bool closing;
    } mail;

    /* the http thread's */
    struct s3_endpoint place;
    struct credentials creds;
    unsigned creds_serial;
    bool (*renew)(void *arg, struct credentials *out);
    void *renew_arg;
    struct retry_policy policy;
    struct retry_link link;
    struct scheduler flight;
    struct trip *trips; /* one a seat */
    int64_t clock_offset;
    bool bucket_seen;
    bool bare_etags;     /* it has honoured If-Match without quotes, after refusing it with them */
    bool unasked_copies; /* it has refused the condition of a copy although it was met */
    enum {
        AES_UNTRIED,
        AES_WANTED,
        AES_USELESS
    } aes;            /* whether a refused write went with AES256 */
    bool unencrypted; /* it did not say that it encrypts, and the user was told */
    bool wants_md5;   /* it has taken a body with Content-MD5 after refusing it without */
    struct silence silence;
    bool cancelled;
    int64_t cleanup_until;
    uint64_t seed;

    struct {
        pthread_mutex_t lock;
        uint64_t requests, retries;
        char region[S3_REGION_SIZE];
    } counts;
};

/* -- going home -- */

static void go_home(struct store_op *op, enum store_answer answer)
{
    op->answer = answer;
    inbox_post(op->home, &op->msg);
}

static void go_home_cancelled(struct s3_store *s3, struct store_op *op)
{
    if (cancel_check(s3->cancel, &op->err) == 0)
        err_set(&op->err, ERR_CANCELLED, "cancelled", "cancelled");
    op->failure = STORE_NO_ANSWER;
    go_home(op, STORE_FAILED);
}

static void leave(struct s3_store *s3, int seat, enum store_answer answer)
{
    struct store_op *op = scheduler_leave(&s3->flight, seat);

    silence_moved(&s3->silence, clock_monotonic());
    http_drop(s3->http, &s3->trips[seat].exchange);
    s3->trips[seat].op = NULL;
    go_home(op, answer);
}

static void leave_cancelled(struct s3_store *s3, int seat)
{
    struct store_op *op = scheduler_leave(&s3->flight, seat);

    silence_moved(&s3->silence, clock_monotonic());
    http_drop(s3->http, &s3->trips[seat].exchange);
    s3->trips[seat].op = NULL;
    go_home_cancelled(s3, op);
}

/* -- starting a try -- */

static struct store_op *current(struct trip *trip)
{
    return trip->errand || trip->resumed ? &trip->aux : trip->op;
}

static void hash_payload(const struct s3_store *s3, struct trip *trip)
{
    uint8_t digest[SHA256_SIZE];

    if (trip->request.body.size == 0) {
        memcpy(trip->payload_hash, EMPTY_HASH, sizeof EMPTY_HASH);
    } else if (s3->place.https && !s3->sign_payload) {
        memcpy(trip->payload_hash, UNSIGNED, sizeof UNSIGNED);
    } else {
        sha256_of(trip->request.body, digest);
        hex_encode(digest, sizeof digest, trip->payload_hash);
    }
}

/* What the next try asks. The body is hashed once, not once a try. */
static int build(struct s3_store *s3, struct trip *trip, struct err *err)
{
    trip->request.bare_etags = trip->bare;
    trip->request.unasked_copy = trip->unasked;
    trip->request.with_md5 = trip->with_md5;
    trip->request.encryption = trip->with_aes ? "AES256" : s3->encryption;
    if (s3_request_build(&trip->request, &s3->place, current(trip), err) < 0)
        return ERR_FAIL;
    if (trip->errand || !trip->payload_hash[0])
        hash_payload(s3, trip);
    snprintf(trip->url, sizeof trip->url, "%s://%s%s%s%s", s3->place.https ? "https" : "http",
             s3->place.host, trip->request.path, trip->request.query[0] ? "?" : "",
             trip->request.query);
    return 0;
}

static bool is_copy(enum store_verb verb)
{
    return verb == STORE_COPY || verb == STORE_UPLOAD_COPY_PART;
}

static bool takes_long(enum store_verb verb)
{
    return verb == STORE_UPLOAD_COMPLETE || is_copy(verb);
}

static void address(const struct s3_store *s3, struct trip *trip, unsigned lines)
{
    struct http_exchange *exchange = &trip->exchange;
    const struct store_op *op = current(trip);
    bool data = op->verb == STORE_GET;
    bool ranged = data && (op->offset || op->length);

    exchange->method = trip->request.method;
    exchange->url = trip->url;
    exchange->header_lines = trip->lines.data;
    exchange->header_count = lines;
    exchange->body = trip->request.body;
    exchange->has_body = trip->request.has_body;
    exchange->data_status = !data ? 0 : ranged ? 206 : 200;
    exchange->data_200 = ranged && op->offset == 0;
    exchange->data_range[0] = '\0';
    if (ranged)
        snprintf(exchange->data_range, sizeof exchange->data_range, "bytes %" PRIu64 "-",
                 op->offset);
    exchange->data_to = data ? op->buffer : NULL;
    exchange->data_size = data && op->buffer ? (size_t)op->length : 0;
    exchange->data_text = data && !op->buffer ? op->text : NULL;
    exchange->stall_time = s3->stall_time * (takes_long(op->verb) ? STALL_LONG : 1);
}

static void forget_text(struct trip *trip)
{
    struct text *text = trip->op->text;

    if (!trip->errand && trip->op->verb == STORE_GET && text && !text->failed &&
        text->size > trip->text_start) {
        text->size = trip->text_start;
        text->data[text->size] = '\0';
    }
}

static void count_try(struct s3_store *s3, struct trip *trip)
{
    trip->op->tries++;
    trip->counted++;
    pthread_mutex_lock(&s3->counts.lock);
    s3->counts.requests++;
    s3->counts.retries += trip->op->tries > 1 && !trip->errand;
    pthread_mutex_unlock(&s3->counts.lock);
}

static int depart(struct s3_store *s3, int seat, struct err *err)
{
    struct trip *trip = &s3->trips[seat];
    unsigned lines = 0;

    forget_text(trip);
    text_clear(&trip->echo);
    text_clear(&trip->lines);
    if (build(s3, trip, err) < 0 ||
        s3_request_sign(&trip->request, &s3->place, &s3->creds, trip->payload_hash,
                        clock_wall() + s3->clock_offset, &trip->lines, &lines, err) < 0)
        return ERR_FAIL;
    trip->creds_serial = s3->creds_serial;
    address(s3, trip, lines);
    count_try(s3, trip);
    return http_start(s3->http, &trip->exchange, err);
}

static void start(struct s3_store *s3, int seat)
{
    scheduler_depart(&s3->flight, seat);
    if (depart(s3, seat, &s3->trips[seat].op->err) < 0)
        leave(s3, seat, STORE_FAILED);
}

static void take_seat(struct s3_store *s3, int seat)
{
    struct trip *trip = &s3->trips[seat];
    struct store_op *op = s3->flight.seats[seat].op;

    trip->op = op;
    trip->errand = trip->resumed = trip->moved = trip->clock_set = trip->renewed =
        trip->perhaps_done = false;
    trip->bare = s3->bare_etags;
    trip->unasked = s3->unasked_copies;
    trip->with_md5 = s3->wants_md5;
    trip->with_aes = s3->aes == AES_WANTED;
    trip->have = trip->most = 0;
    trip->counted = 0;
    trip->payload_hash[0] = trip->etag[0] = '\0';
    trip->text_start = op->text ? op->text->size : 0;
    op->tries = 0;
    op->failure = STORE_NO_ANSWER;
    op->server_time = 0;
    op->err.text[0] = '\0';
    trip->http_status = 0;
    op->info = (struct store_info){0};
}

/* -- what follows an answer -- */

static void again_at_once(struct s3_store *s3, int seat)
{
    scheduler_again(&s3->flight, seat, clock_monotonic());
}

static void run_errand(struct s3_store *s3, int seat, const struct store_op *errand,
                       enum s3_verdict fallback)
{
    struct trip *trip = &s3->trips[seat];

    trip->fallback = fallback;
    trip->fallback_err = trip->op->err;
    trip->aux = *errand;
    trip->errand = true;
    trip->resumed = false;
    trip->payload_hash[0] = '\0';
    again_at_once(s3, seat);
}

static void end_errand(struct trip *trip)
{
    trip->errand = false;
    trip->payload_hash[0] = '\0';
}

/* What the op's stand-in was told, the op was told. */
static void take_over(struct trip *trip)
{
    if (current(trip) == trip->op)
        return;
    trip->op->err = trip->aux.err;
    trip->op->failure = trip->aux.failure;
    trip->op->server_time = trip->aux.server_time;
}

static void give_up(struct s3_store *s3, int seat)
{
    take_over(&s3->trips[seat]);
    leave(s3, seat, STORE_FAILED);
}

/* Whether the answer's Content-Range begins where the request did. */
static bool is_range_asked(const struct http_exchange *exchange)
{
    size_t size = strlen(exchange->data_range);

    return size && strncasecmp(exchange->answer.content_range, exchange->data_range, size) == 0;
}

/* A cut read keeps what it has and asks for the rest, of the same object. */
static void keep_progress(struct trip *trip)
{
    struct store_op *op = trip->op;
    const struct http_answer *answer = &trip->exchange.answer;

    if (trip->errand || op->verb != STORE_GET || !op->buffer || !is_range_asked(&trip->exchange))
        return;
    if (!trip->etag[0])
        (void)store_etag_take(trip->etag, answer->etag);
    if (!trip->etag[0] || answer->received == 0 || trip->have + answer->received >= op->length)
        return;
    if (answer->received >= RESUME_MIN)
        trip->counted = 0;
    trip->have += answer->received;
    trip->aux = *op;
    trip->aux.offset = op->offset + trip->have;
    trip->aux.length = op->length - trip->have;
    trip->aux.buffer = op->buffer + trip->have;
    trip->aux.if_match = op->if_match ? op->if_match : trip->etag;
    trip->resumed = true;
}

/* Too much for the link, perhaps: nothing moved for long. */
static bool is_overload(const struct http_answer *answer)
{
    return answer->fault == HTTP_STALLED || answer->fault == HTTP_TIMEOUT;
}

static void try_again(struct s3_store *s3, int seat, const struct s3_reply *reply)
{
    struct trip *trip = &s3->trips[seat];
    int64_t now = clock_monotonic();
    enum retry_cause cause = reply->cause;

    if (cause == RETRY_THROTTLE || is_overload(&trip->exchange.answer))
        scheduler_slower(&s3->flight, now);
    if (cause == RETRY_SILENCE)
        keep_progress(trip);
    if (cause == RETRY_SILENCE && trip->exchange.answer.status)
        cause = RETRY_TROUBLE; /* the link lives, this answer broke off: such tries are counted */
    if (!trip->errand)
        trip->perhaps_done = true;
    int64_t wait = retry_wait(&s3->policy, &s3->link, cause, trip->counted, reply->asked, now,
                              (uint32_t)random_next(&s3->seed));
    if (wait != RETRY_NEVER && cause == RETRY_THROTTLE && reply->asked)
        scheduler_hold(&s3->flight, now + wait);
    if (wait == RETRY_NEVER) {
        if (trip->counted > 1)
            err_wrap(&current(trip)->err, "after %u tries", trip->op->tries);
        give_up(s3, seat);
        return;
    }
    if (!trip->op->optional)
        log_info("%s; trying again in %.1f s", current(trip)->err.text,
                 (double)wait / (double)NS_PER_S);
    scheduler_again(&s3->flight, seat, now + wait);
}

static void tell_region(struct s3_store *s3)
{
    pthread_mutex_lock(&s3->counts.lock);
    memcpy(s3->counts.region, s3->place.region, sizeof s3->counts.region);
    pthread_mutex_unlock(&s3->counts.lock);
}

static void change_region(struct s3_store *s3, int seat, const struct s3_reply *reply)
{
    struct trip *trip = &s3->trips[seat];
    bool known = strcmp(reply->region, s3->place.region) == 0; /* another op was told, too */

    if (trip->moved || !reply->region[0] ||
        (!known && !s3_endpoint_move(&s3->place, reply->region))) {
        if (reply->region[0])
            err_hint(&current(trip)->err, "set \"region\" to \"%s\" and \"endpoint\" to match",
                     reply->region);
        give_up(s3, seat);
        return;
    }
    trip->moved = true;
    if (!known) {
        tell_region(s3);
        log_info("bucket %s is in region %s: going there", s3->place.bucket, s3->place.region);
    }
    again_at_once(s3, seat);
}

static void set_clock(struct s3_store *s3, int seat, const struct s3_reply *reply)
{
    struct trip *trip = &s3->trips[seat];

    int64_t now = clock_wall();

    if (trip->clock_set || !reply->server_time) {
        give_up(s3, seat);
        return;
    }
    enum clock_skew_answer answer = clock_skew_judge(now, reply->server_time, s3->proven);
    if (answer == CLOCK_SKEW_REFUSED) {
        clock_skew_refuse(now, reply->server_time, s3->proven, &current(trip)->err);
        give_up(s3, seat);
        return;
    }
    trip->clock_set = true;
    s3->clock_offset = reply->server_time - now;
    if (answer == CLOCK_SKEW_FAR)
        log_note("this machine's clock is %.0f hours off: signing with the store's; set it",
                 (double)s3->clock_offset / (double)CLOCK_SKEW_NEAR * 24);
    else
        log_info(
            "this machine's clock differs from the store's by %.0f s: signing with the store's",
            (double)s3->clock_offset / (double)NS_PER_S);
    again_at_once(s3, seat);
}

/* Another op may have brought new credentials since this one was signed. */
static void renew_creds(struct s3_store *s3, int seat)
{
    struct trip *trip = &s3->trips[seat];
    struct credentials fresh;
    bool found = trip->creds_serial != s3->creds_serial;

    if (!found && !trip->renewed && s3->renew && s3->renew(s3->renew_arg, &fresh)) {
        found = memcmp(&fresh, &s3->creds, sizeof fresh) != 0;
        if (found) {
            s3->creds = fresh;
            s3->creds_serial++;
            log_info("the credentials had expired: going on with new ones");
        }
        credentials_finish(&fresh);
    }
    if (trip->renewed || !found) {
        give_up(s3, seat);
        return;
    }
    trip->renewed = true;
    again_at_once(s3, seat);
}

/* HEAD said no and not why: a GET of one byte may say. Absence needs no reason once it is known
 * that the bucket is there. */
static void ask_why(struct s3_store *s3, int seat)
{
    struct trip *trip = &s3->trips[seat];

    if (trip->http_status == 404 && s3->bucket_seen) {
        leave(s3, seat, STORE_ABSENT);
        return;
    }
    run_errand(s3, seat, &(struct store_op){.verb = STORE_GET, .key = trip->op->key, .length = 1},
               S3_AGAIN);
}

/* Some servers and proxies leave Content-Length out of the answer to a HEAD: Content-Range has it.
 */
static void ask_size(struct s3_store *s3, int seat)
{
    run_errand(s3, seat,
               &(struct store_op){.verb = STORE_GET, .key = s3->trips[seat].op->key, .length = 1},
               S3_DONE);
}

static bool is_small_put(const struct store_op *op)
{
    return op->verb == STORE_PUT && op->body.size <= ECHO_MAX;
}

/* A small document is read back whole: an ETag is no MD5 where the store encrypts with a key. */
static void look_at_object(struct s3_store *s3, int seat, enum s3_verdict fallback)
{
    struct trip *trip = &s3->trips[seat];
    struct store_op look = {.verb = STORE_HEAD, .key = trip->op->key};

    if (is_small_put(trip->op)) {
        look.verb = STORE_GET;
        look.text = &trip->echo;
    }
    run_errand(s3, seat, &look, fallback);
}

/* Whether "absent" or "changed" may be the echo of an earlier try of ours. */
static bool own_echo(const struct trip *trip, enum s3_verdict verdict)
{
    const struct store_op *op = trip->op;

    if (!trip->perhaps_done)
        return false;
    if (op->verb == STORE_UPLOAD_COMPLETE)
        return verdict == S3_ABSENT || verdict == S3_CHANGED;
    return op->verb == STORE_PUT && verdict == S3_CHANGED;
}

/* Ceph compares If-Match of a write with the bare ETag and refuses its proper spelling always. A
 * refusal is believed when both have been refused. */
static bool misspelled(const struct trip *trip, enum s3_verdict verdict)
{
    return verdict == S3_CHANGED && trip->op->verb == STORE_PUT && trip->op->if_match &&
           !trip->bare;
}

/* AWS and MinIO refuse bodies without a digest in a bucket with a default retention. They say so in
 * words of their own under a code that means anything, so that each such refusal is tried once with
 * the digest. */
static bool may_want_md5(const struct trip *trip, enum s3_verdict verdict)
{
    const struct store_op *op = trip->op;

    return verdict == S3_FAILED && !trip->errand && !trip->request.has_md5 &&
           trip->http_status == 400 && (op->verb == STORE_PUT || op->verb == STORE_UPLOAD_PART);
}

static bool begins_object(enum store_verb verb)
{
    return verb == STORE_PUT || verb == STORE_COPY || verb == STORE_UPLOAD_CREATE;
}

/* A policy that takes encrypted objects only denies everything else without saying why. AES256
 * needs no rights and no key of its own: a denied write is tried once with it. */
static bool may_want_aes(const struct s3_store *s3, const struct trip *trip,
                         enum s3_verdict verdict)
{
    const struct store_op *op = trip->op;

    return verdict == S3_FAILED && !trip->errand && !s3->encryption[0] && !trip->with_aes &&
           s3->aes != AES_USELESS && trip->http_status == 403 &&
           strcmp(op->err.code, "denied") == 0 && begins_object(op->verb);
}

static void try_aes(struct s3_store *s3, int seat)
{
    struct trip *trip = &s3->trips[seat];

    trip->with_aes = true;
    trip->fallback_err = trip->op->err;
    again_at_once(s3, seat);
}

/* Takes note of how a write with AES256 ended. A failure is told in the words of the one without.
 * A condition that is not met is looked at after the policy: the policy has let the write pass. */
static void judge_aes(struct s3_store *s3, struct trip *trip, enum s3_verdict verdict)
{
    if (s3->aes != AES_UNTRIED || !trip->with_aes || trip->errand || may_want_md5(trip, verdict))
        return;
    s3->aes = verdict == S3_FAILED ? AES_USELESS : AES_WANTED;
    if (verdict == S3_FAILED)
        trip->op->err = trip->fallback_err;
    else
        log_info("the bucket takes encrypted objects only: asking for AES256 from now on");
}

/* Swift refuses a copy out of an object of parts on condition of its ETag always: it compares
 * another one than it tells. A refusal is believed when the source has another ETag; else the copy
 * is made without the condition, and believed when the source still has it afterwards. */
static bool hangs_on_source(const struct trip *trip, enum s3_verdict verdict)
{
    const struct store_op *op = trip->op;

    return is_copy(op->verb) && op->if_match && verdict == (trip->unasked ? S3_DONE : S3_CHANGED);
}

static void look_at_source(struct s3_store *s3, int seat, enum s3_verdict fallback)
{
    run_errand(s3, seat, &(struct store_op){.verb = STORE_HEAD, .key = s3->trips[seat].op->source},
               fallback);
}

/* Completed, and not told what the whole is called. */
static bool nameless(const struct trip *trip, enum s3_verdict verdict)
{
    return verdict == S3_DONE && trip->op->verb == STORE_UPLOAD_COMPLETE && !trip->op->info.etag[0];
}

/* An object with our bytes counts as written by us. */
static bool is_our_put(const struct trip *trip)
{
    const struct store_op *op = trip->op;
    uint8_t digest[MD5_SIZE];
    char hex[MD5_HEX_SIZE], etag[MD5_HEX_SIZE + 2];

    if (is_small_put(op))
        return view_equals(text_view(&trip->echo), op->body);
    md5_of(op->body, digest);
    hex_encode(digest, sizeof digest, hex);
    snprintf(etag, sizeof etag, "\"%s\"", hex);
    return trip->aux.info.size == op->body.size && strcasecmp(trip->aux.info.etag, etag) == 0;
}

static enum store_answer answer_of(enum s3_verdict verdict)
{
    switch (verdict) {
    case S3_DONE:
        return STORE_DONE;
    case S3_ABSENT:
        return STORE_ABSENT;
    case S3_CHANGED:
        return STORE_CHANGED;
    default:
        return STORE_FAILED;
    }
}

/* The errand was a look at the object: what does it say about the op? */
static void judge_object(struct s3_store *s3, int seat, enum s3_verdict verdict)
{
    struct trip *trip = &s3->trips[seat];
    struct store_op *op = trip->op;
    bool ours =
        verdict == S3_DONE &&
        (op->verb == STORE_PUT ? is_our_put(trip) : s3_reply_is_complete(op, &trip->aux.info));

    end_errand(trip);
    if (ours || (verdict == S3_DONE && trip->fallback == S3_DONE)) {
        op->info = trip->aux.info;
        leave(s3, seat, STORE_DONE);
    } else if (trip->fallback == S3_AGAIN) {
        op->err = trip->fallback_err;
        try_again(s3, seat, &(struct s3_reply){.cause = RETRY_TROUBLE});
    } else {
        leave(s3, seat, answer_of(trip->fallback));
    }
}

static void judge_reason(struct s3_store *s3, int seat, enum s3_verdict verdict)
{
    struct trip *trip = &s3->trips[seat];

    if (verdict == S3_ABSENT) {
        take_over(trip);
        leave(s3, seat, STORE_ABSENT);
    } else if (verdict == S3_DONE && trip->fallback == S3_DONE && trip->aux.info.size) {
        trip->op->info = trip->aux.info;
        end_errand(trip);
        leave(s3, seat, STORE_DONE);
    } else if (verdict == S3_FAILED && trip->http_status >= 400 && trip->http_status != 416) {
        give_up(s3, seat);
    } else { /* it can be read after all */
        end_errand(trip);
        trip->op->err = trip->fallback_err;
        try_again(
            s3, seat,
            &(struct s3_reply){.cause = trip->fallback == S3_DONE ? RETRY_ODD : RETRY_TROUBLE});
    }
}

static void judge_source(struct s3_store *s3, int seat, enum s3_verdict verdict)
{
    struct trip *trip = &s3->trips[seat];
    bool same = verdict == S3_DONE && strcmp(trip->aux.info.etag, trip->op->if_match) == 0;

    if (verdict == S3_FAILED) {
        give_up(s3, seat);
        return;
    }
    end_errand(trip);
    if (same && trip->fallback == S3_CHANGED) {
        trip->unasked = s3->unasked_copies = true;
        again_at_once(s3, seat);
    } else {
        leave(s3, seat, same ? STORE_DONE : STORE_CHANGED);
    }
}

static void settle_end(struct s3_store *s3, int seat, enum s3_verdict verdict)
{
    struct trip *trip = &s3->trips[seat];

    judge_aes(s3, trip, verdict);
    if (trip->errand && trip->op->verb == STORE_HEAD) {
        judge_reason(s3, seat, verdict);
    } else if (trip->errand && is_copy(trip->op->verb)) {
        judge_source(s3, seat, verdict);
    } else if (trip->errand) {
        judge_object(s3, seat, verdict);
    } else if (misspelled(trip, verdict)) {
        trip->bare = true;
        again_at_once(s3, seat);
    } else if (may_want_md5(trip, verdict)) {
        trip->with_md5 = true;
        again_at_once(s3, seat);
    } else if (may_want_aes(s3, trip, verdict)) {
        try_aes(s3, seat);
    } else if (own_echo(trip, verdict) || nameless(trip, verdict)) {
        look_at_object(s3, seat, verdict);
    } else if (hangs_on_source(trip, verdict)) {
        look_at_source(s3, seat, verdict);
    } else if (verdict == S3_FAILED) {
        give_up(s3, seat);
    } else {
        if (trip->resumed) {
            take_over(trip);
            trip->op->info = trip->aux.info;
        }
        s3->bare_etags |=
            verdict == S3_DONE && trip->op->verb == STORE_PUT && trip->op->if_match && trip->bare;
        s3->wants_md5 |= verdict == S3_DONE && trip->with_md5;
        leave(s3, seat, answer_of(verdict));
    }
}

static void settle(struct s3_store *s3, int seat, const struct s3_reply *reply)
{
    switch (reply->verdict) {
    case S3_DONE:
        scheduler_good(&s3->flight);
        retry_good(&s3->link);
        settle_end(s3, seat, reply->verdict);
        break;
    case S3_ABSENT:
    case S3_CHANGED:
    case S3_FAILED:
        settle_end(s3, seat, reply->verdict);
        break;
    case S3_AGAIN:
        try_again(s3, seat, reply);
        break;
    case S3_REGION:
        change_region(s3, seat, reply);
        break;
    case S3_CLOCK:
        set_clock(s3, seat, reply);
        break;
    case S3_EXPIRED:
        renew_creds(s3, seat);
        break;
    case S3_ASK:
        if (s3->trips[seat].errand) /* already an errand: a refused look proves nothing */
            settle_end(s3, seat, S3_ABSENT);
        else
            ask_why(s3, seat);
        break;
    case S3_UNSIZED:
        if (s3->trips[seat].errand) /* the size does not matter, or cannot be told */
            settle_end(s3, seat, S3_DONE);
        else
            ask_size(s3, seat);
        break;
    case S3_UNSURE:
        s3->trips[seat].perhaps_done = true;
        look_at_object(s3, seat, S3_AGAIN);
        break;
    }
}

/* A clock that runs from 1970 makes every certificate look as if it were not valid yet. */
static void blame_clock(struct err *err)
{
    if (strcmp(err->code, "certificate") == 0 && clock_wall() < CLOCK_SOURCE)
        err_hint(err, "this machine's clock is years behind: set it (timedatectl set-ntp true)");
}

/* S3 repeats what it encrypts with. A server that does not know the header leaves it out. */
static void check_encrypted(struct s3_store *s3, const struct store_op *op,
                            const struct http_answer *answer)
{
    bool begins =
        op->verb == STORE_PUT || op->verb == STORE_COPY || op->verb == STORE_UPLOAD_CREATE;

    if (!begins || !s3->encryption[0] || s3->unencrypted || answer->encryption[0])
        return;
    s3->unencrypted = true;
    log_note("%s does not say that it encrypts with %s, as \"encryption\" wants",
             s3->place.endpoint, s3->encryption);
}

/* A server that does not encrypt as asked says "invalid" or "not implemented". */
static void blame_encryption(const struct s3_store *s3, struct store_op *op)
{
    if (s3->encryption[0] && begins_object(op->verb) && op->err.family == ERR_UNSUPPORTED)
        err_hint(&op->err,
                 "the store may not encrypt with \"%s\": check \"encryption\" in the profile",
                 s3->encryption);
}

static void landed(void *arg, struct http_exchange *exchange)
{
    struct s3_store *s3 = arg;
    struct s3_reply reply;
    unsigned seat = 0;

    while (&s3->trips[seat].exchange != exchange)
        seat++;
    struct trip *trip = &s3->trips[seat];
    if (exchange->answer.status)
        retry_alive(&s3->link);
    if (exchange->answer.resent && !trip->errand)
        trip->perhaps_done = true;
    s3_reply_read(&reply, &s3->place, current(trip), &exchange->answer);
    trip->http_status = reply.http_status;
    if (credentials_anonymous(&s3->creds))
        s3_reply_unsigned(&reply, &s3->place, current(trip));
    if (reply.verdict == S3_DONE)
        check_encrypted(s3, current(trip), &exchange->answer);
    if (reply.verdict == S3_FAILED) {
        blame_clock(&current(trip)->err);
        blame_encryption(s3, current(trip));
    }
    s3->bucket_seen = s3->bucket_seen || reply.bucket_exists;
    settle(s3, (int)seat, &reply);
}

/* -- the turn -- */

/* Whether everything in the air moves bytes, so that their rate says something of the link. */
static bool is_moving(const struct s3_store *s3)
{
    for (unsigned i = 0; i < s3->flight.seat_count; i++) {
        const struct scheduler_seat *seat = &s3->flight.seats[i];
        bool moves = seat->op && (seat->op->verb == STORE_UPLOAD_PART ||
                                  (seat->op->verb == STORE_GET && seat->op->buffer));

        if (seat->state != SEAT_FREE && (!moves || seat->state != SEAT_AIR || s3->trips[i].errand))
            return false;
    }
    return true;
}

static void measure(struct s3_store *s3, int64_t now)
{
    uint64_t sent, received;

    http_traffic(s3->http, &sent, &received);
    scheduler_measure(&s3->flight, sent + received, is_moving(s3), now);
}

/* Whether a request in the air has moved more of its bodies than any of its tries before: what is
 * sent again and again does not count. */
static bool has_moved(struct s3_store *s3)
{
    bool moved = false;

    for (unsigned i = 0; i < s3->flight.seat_count; i++) {
        struct trip *trip = &s3->trips[i];
        uint64_t now = trip->have + trip->exchange.sent_at + trip->exchange.answer.received;

        if (s3->flight.seats[i].state != SEAT_AIR || trip->errand || now <= trip->most)
            continue;
        trip->most = now;
        moved = true;
    }
    return moved;
}

/* The request that has waited through the most tries. */
static struct trip *most_tried(struct s3_store *s3)
{
    struct trip *best = NULL;

    for (unsigned i = 0; i < s3->flight.seat_count; i++)
        if (s3->flight.seats[i].state != SEAT_FREE && s3->trips[i].op &&
            (!best || s3->trips[i].op->tries > best->op->tries))
            best = &s3->trips[i];
    return best;
}

static void tell_wait(struct s3_store *s3, struct trip *trip, int64_t now)
{
    double seconds = silence_seconds(&s3->silence, now);
    const struct store_op *op = current(trip);

    if (op->err.text[0])
        log_note("nothing has moved for %.0f s, after %u tries: %s", seconds, trip->op->tries,
                 op->err.text);
    else
        log_note("nothing has moved for %.0f s: waiting for the store, %s s3://%s/%s", seconds,
                 s3_reply_doing(op->verb), s3->place.bucket, op->key ? op->key : "");
}

/* Prints the reason of a wait. */
static void watch_silence(struct s3_store *s3, int64_t now)
{
    struct trip *trip;

    if (scheduler_empty(&s3->flight) || has_moved(s3))
        silence_moved(&s3->silence, now);
    else if (silence_due(&s3->silence, now) && (trip = most_tried(s3)))
        tell_wait(s3, trip, now);
}

static bool is_kept(const struct s3_store *s3, const struct store_op *op)
{
    return op->verb == STORE_UPLOAD_ABORT || op->verb == STORE_DELETE ||
           atomic_load(&s3->base.insisting);
}

static bool stays_seated(const struct s3_store *s3, const struct scheduler_seat *seat)
{
    return is_kept(s3, seat->op) ||
           (seat->op->verb == STORE_UPLOAD_CREATE && seat->state == SEAT_AIR);
}

static void cleanup_starts(struct s3_store *s3, int64_t now)
{
    if (!s3->cleanup_until)
        s3->cleanup_until = now + STORE_INSIST_TIME;
}

static void send_home(struct s3_store *s3, bool cleanup_too, int64_t now)
{
    struct store_op *op, *kept = NULL;

    for (struct store_op *last = s3->flight.last; last && (op = scheduler_unqueue(&s3->flight));) {
        if (cleanup_too || !is_kept(s3, op))
            go_home_cancelled(s3, op);
        else
            scheduler_queue(&s3->flight, kept = op);
        if (op == last)
            break;
    }
    for (unsigned i = 0; i < s3->flight.seat_count; i++) {
        if (s3->flight.seats[i].state == SEAT_FREE)
            continue;
        if (cleanup_too || !stays_seated(s3, &s3->flight.seats[i]))
            leave_cancelled(s3, (int)i);
        else
            kept = s3->flight.seats[i].op;
    }
    if (kept)
        cleanup_starts(s3, now);
}

static void sort_mail(struct s3_store *s3, struct store_op *op, int64_t now)
{
    while (op) {
        struct store_op *next = (struct store_op *)op->msg.next;
        if (s3->cancelled && !is_kept(s3, op)) {
            go_home_cancelled(s3, op);
        } else {
            if (s3->cancelled)
                cleanup_starts(s3, now);
            scheduler_queue(&s3->flight, op);
        }
        op = next;
    }
}

static struct store_op *take_mail(struct s3_store *s3, bool *closing)
{
    pthread_mutex_lock(&s3->mail.lock);
    struct store_op *first = s3->mail.first;
    *closing = s3->mail.closing;
    s3->mail.first = s3->mail.last = NULL;
    pthread_mutex_unlock(&s3->mail.lock);
    return first;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t turn(void *arg, int64_t now)
{
    struct s3_store *s3 = arg;
    bool closing;
    int seat;

    struct store_op *mail = take_mail(s3, &closing);
    s3->cancelled = s3->cancelled || cancel_requested(s3->cancel);
    sort_mail(s3, mail, now);
    if (s3->cancelled)
        send_home(s3, s3->cleanup_until && now >= s3->cleanup_until, now);

    while ((seat = scheduler_board(&s3->flight, now)) != SCHEDULER_NONE)
        take_seat(s3, seat);
    while ((seat = scheduler_due(&s3->flight, now)) != SCHEDULER_NONE)
        start(s3, seat);
    measure(s3, now);
    watch_silence(s3, now);

    if (scheduler_empty(&s3->flight)) {
        if (closing)
            return HTTP_STOP;
        return INT64_MAX; /* mail wakes us */
    }
    return earlier(scheduler_next(&s3->flight), now + CANCEL_TICK);
}

/* -- the table -- */

static void s3_submit(struct store *store, struct store_op *op)
{
    struct s3_store *s3 = (struct s3_store *)store;

    op->msg.next = NULL;
    pthread_mutex_lock(&s3->mail.lock);
    if (s3->mail.last)
        s3->mail.last->msg.next = &op->msg;
    else
        s3->mail.first = op;
    s3->mail.last = op;
    pthread_mutex_unlock(&s3->mail.lock);
    http_wake(s3->http);
}

static void s3_stats(struct store *store, struct store_stats *out)
{
    struct s3_store *s3 = (struct s3_store *)store;

    *out = (struct store_stats){0};
    http_traffic(s3->http, &out->sent, &out->received);
    pthread_mutex_lock(&s3->counts.lock);
    out->requests = s3->counts.requests;
    out->retries = s3->counts.retries;
    str_copy(out->region, sizeof out->region, s3->counts.region);
    pthread_mutex_unlock(&s3->counts.lock);
}

static void s3_free(struct s3_store *s3)
{
    for (unsigned i = 0; s3->trips && i < s3->flight.seat_count; i++) {
        http_exchange_finish(&s3->trips[i].exchange);
        s3_request_finish(&s3->trips[i].request);
        text_finish(&s3->trips[i].lines);
        text_finish(&s3->trips[i].echo);
    }
    free(s3->trips);
    credentials_finish(&s3->creds);
    pthread_mutex_destroy(&s3->mail.lock);
    pthread_mutex_destroy(&s3->counts.lock);
    free(s3);
}

static void s3_destroy(struct store *store)
{
    struct s3_store *s3 = (struct s3_store *)store;

    pthread_mutex_lock(&s3->mail.lock);
    s3->mail.closing = true;
    pthread_mutex_unlock(&s3->mail.lock);
    http_wake(s3->http);
    http_destroy(s3->http);
    s3_free(s3);
}

static const struct store_table TABLE = {s3_submit, s3_stats, s3_destroy};

static void describe(struct s3_store *s3)
{
    const struct s3_endpoint *place = &s3->place;

    s3->base.table = &TABLE;
    snprintf(s3->base.where, sizeof s3->base.where, "s3://%.63s%s%.38s at %.140s", place->bucket,
             place->key_prefix[0] ? "/" : "", place->key_prefix, place->endpoint);
    snprintf(s3->base.identity, sizeof s3->base.identity, "%s/%s%s%s", place->endpoint,
             place->bucket, place->key_prefix[0] ? "/" : "", place->key_prefix);
    s3->base.limits = STORE_LIMITS;
}

static int make_trips(struct s3_store *s3, unsigned connections, struct err *err)
{
    scheduler_init(&s3->flight, connections);
    s3->trips = calloc(connections, sizeof *s3->trips);
    if (!s3->trips)
        return err_memory(err, "the connections to the store");
    for (unsigned i = 0; i < connections; i++) {
        s3_request_init(&s3->trips[i].request);
        s3->trips[i].request.encryption_key = s3->encryption_key;
        text_init(&s3->trips[i].lines, LINES_MAX);
        text_init(&s3->trips[i].echo, ECHO_MAX);
        text_init(&s3->trips[i].exchange.body_text, S3_REPLY_MAX);
    }
    return 0;
}

static int check_ca_file(const struct store_s3_options *options, struct err *err)
{
    if (!options->ca_file || !options->ca_file[0])
        return 0;
    int fd = file_open_regular(AT_FDCWD, options->ca_file, O_RDONLY, 0);

    if (fd < 0)
        return err_set(err, ERR_USAGE, "ca_file", "ca_file %s: %s", options->ca_file,
                       errno == FILE_NOT_REGULAR ? "not a regular file" : strerror(errno));
    close(fd);
    return 0;
}

static int take_encryption(struct s3_store *s3, const struct store_s3_options *options,
                           struct err *err)
{
    const char *way = options->encryption ? options->encryption : "";
    const char *key = options->encryption_key ? options->encryption_key : "";

    if (way[0] && strcmp(way, "AES256") != 0 && strcmp(way, "aws:kms") != 0 &&
        strcmp(way, "aws:kms:dsse") != 0) {
        err_set(err, ERR_USAGE, "encryption", "unknown encryption \"%s\"", way);
        return err_hint(err, "use AES256, aws:kms or aws:kms:dsse");
    }
    if (key[0] && strncmp(way, "aws:kms", 7) != 0) {
        err_set(err, ERR_USAGE, "encryption", "an encryption key is for aws:kms and aws:kms:dsse");
        return err_hint(err, "set \"encryption\" to \"aws:kms\", or leave \"encryption_key\" out");
    }
    if (!store_etag_is_sound(key) || !str_copy(s3->encryption_key, sizeof s3->encryption_key, key))
        return err_set(err, ERR_USAGE, "encryption", "\"%.80s\" is no id or ARN of a key", key);
    str_copy(s3->encryption, sizeof s3->encryption, way);
    return 0;
}

static int configure(struct s3_store *s3, const struct store_s3_options *options, struct err *err)
{
    struct err ignored;

    if (s3_endpoint_init(&s3->place, options->endpoint, options->region, options->bucket,
                         options->addressing, err) < 0 ||
        s3_endpoint_under(&s3->place, options->key_prefix, err) < 0 ||
        credentials_init(&s3->creds, options->access_key, options->secret_key,
                         options->session_token, err) < 0 ||
        check_ca_file(options, err) < 0 || take_encryption(s3, options, err) < 0)
        return ERR_FAIL;
    s3->policy = options->retry ? *options->retry : RETRY_DEFAULT;
    if (options->retries)
        retry_limit(&s3->policy, options->retries);
    s3->stall_time = options->stall_time ? options->stall_time : STORE_STALL_TIME;
    s3->cancel = options->cancel;
    s3->renew = options->renew;
    s3->renew_arg = options->renew_arg;
    s3->sign_payload = options->sign_payload;
    s3->proven = s3->place.https && !options->insecure;
    if (random_fill(&s3->seed, sizeof s3->seed, &ignored))
        s3->seed = (uint64_t)clock_monotonic();
    describe(s3);
    tell_region(s3);
    return make_trips(s3, CONNECTIONS, err);
}

struct store *store_s3_create(const struct store_s3_options *options, struct err *err)
{
    struct s3_store *s3 = calloc(1, sizeof *s3);
    const struct http_driver driver = {s3, turn, landed};

    if (!s3) {
        err_memory(err, "the store");
        return NULL;
    }
    pthread_mutex_init(&s3->mail.lock, NULL);
    pthread_mutex_init(&s3->counts.lock, NULL);
    if (configure(s3, options, err) < 0) {
        s3_free(s3);
        return NULL;
    }
    const struct http_options http = {
        .tls = {.insecure = options->insecure,
                .ca_file = options->ca_file && options->ca_file[0] ? options->ca_file : NULL},
        .connections = s3->flight.seat_count,
        .rate = options->rate,
    };
    if (options->insecure)
        log_print(LOG_ERROR, "insecure: the certificate of %s is not checked", s3->place.endpoint);
    s3->http = http_create(&http, &driver, err);
    if (!s3->http) {
        s3_free(s3);
        return NULL;
    }
    return &s3->base;
}
