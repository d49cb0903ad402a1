/*
 * An attempt is reused for the next op of its slot, with its buffers. The body of an op is hashed
 * once, not once a try. Each try signs anew, because the time is a part of the signature.
 */
#include "store/s3/attempt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/again.h"
#include "base/clock.h"
#include "base/codes.h"
#include "flow/cancel.h"
#include "store/s3/request_sign.h"
#include "store/s3/session.h"

#define STALL_LONG 20 /* times the stall time: a server may copy or complete 5 GiB for minutes */
#define LINES_MAX  (64 * KIB)
#define RESUME_MIN (64 * KIB)     /* a cut try that received this much is not counted */
#define PARK_TIME  (NS_PER_S / 2) /* between two checks of the provider; it wakes the loop, too */

#define UNSIGNED   "UNSIGNED-PAYLOAD"
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* Attempts are prepared when they are first used: a store that sends one request at a time uses one
 * of them, and the memory of the others stays untouched. */
static void prepare_attempt(const struct s3_session *session, struct s3_attempt *attempt)
{
    if (attempt->is_prepared)
        return;
    attempt->is_prepared = true;
    attempt->slot = (unsigned)(attempt - session->attempts);
    s3_request_init(&attempt->request);
    attempt->request.options = &session->options;
    attempt->request.checksum = session->checksum;
    text_init(&attempt->lines, LINES_MAX);
    text_init(&attempt->read_back, S3_READ_BACK_MAX);
    text_init(&attempt->exchange.body_text, S3_REPLY_MAX);
}

void s3_attempt_finish(struct s3_attempt *attempt)
{
    http_exchange_finish(&attempt->exchange);
    s3_request_finish(&attempt->request);
    text_finish(&attempt->lines);
    text_finish(&attempt->read_back);
}

struct store_op *s3_attempt_request(struct s3_attempt *attempt)
{
    return attempt->sends == S3_SENDS_OWN ? attempt->op : &attempt->other;
}

void s3_attempt_begin(struct s3_session *session, struct s3_attempt *attempt)
{
    struct store_op *op;

    prepare_attempt(session, attempt);
    op = session->scheduler.slots[attempt->slot].op;
    attempt->op = op;
    attempt->sends = S3_SENDS_OWN;
    attempt->began = clock_monotonic();
    attempt->have = attempt->most = 0;
    attempt->counted = 0;
    attempt->http_status = 0;
    attempt->perhaps_done = attempt->moved = attempt->clock_set = attempt->keys_replaced = false;
    attempt->moved_to_host = false;
    attempt->text_start = op->text ? op->text->size : 0;
    attempt->parked = false;
    attempt->payload_hash[0] = attempt->etag[0] = attempt->detour[0] = '\0';
    attempt->request.form = session->form;
    op->tries = 0;
    op->asked = 0;
    op->failure = STORE_NO_ANSWER;
    op->server_time = 0;
    op->err.text[0] = '\0';
    op->info = (struct store_info){0};
}

/* ---- sending ---- */

static void hash_payload(const struct s3_session *session, struct s3_attempt *attempt)
{
    uint8_t digest[SHA256_SIZE];

    if (attempt->request.body.size == 0) {
        memcpy(attempt->payload_hash, EMPTY_HASH, sizeof EMPTY_HASH);
    } else if (session->place.https && !session->sign_payload) {
        memcpy(attempt->payload_hash, UNSIGNED, sizeof UNSIGNED);
    } else {
        sha256_of(attempt->request.body, digest);
        hex_encode(digest, sizeof digest, attempt->payload_hash);
    }
}

/* A follow-up request has a body of its own. The document of a new bucket depends on the region,
 * which the try before may have changed. */
static bool needs_hash(const struct s3_attempt *attempt)
{
    return attempt->sends == S3_SENDS_FOLLOW_UP || attempt->op->verb == STORE_BUCKET_CREATE ||
           !attempt->payload_hash[0];
}

static int build_request(struct s3_session *session, struct s3_attempt *attempt, struct err *err)
{
    const struct s3_endpoint *place = &session->place;
    struct s3_request *request = &attempt->request;

    request->detour = attempt->detour[0] ? attempt->detour : NULL;
    if (s3_request_build(request, place, s3_attempt_request(attempt), err) < 0)
        return ERR_FAIL;
    if (needs_hash(attempt))
        hash_payload(session, attempt);
    snprintf(attempt->url, sizeof attempt->url, "%s://%s%s%s%s", place->https ? "https" : "http",
             request->host, request->path, request->query[0] ? "?" : "", request->query);
    return 0;
}

static bool takes_long(enum store_verb verb)
{
    return verb == STORE_UPLOAD_COMPLETE || verb == STORE_COPY || verb == STORE_UPLOAD_COPY_PART;
}

static void fill_exchange(const struct s3_session *session, struct s3_attempt *attempt,
                          unsigned lines)
{
    struct http_exchange *exchange = &attempt->exchange;
    const struct store_op *op = s3_attempt_request(attempt);
    bool data = op->verb == STORE_GET;
    bool ranged = data && (op->offset || op->length);

    exchange->method = attempt->request.method;
    exchange->url = attempt->url;
    exchange->header_lines = attempt->lines.data;
    exchange->header_count = lines;
    exchange->body = attempt->request.body;
    exchange->has_body = attempt->request.has_body;
    exchange->data_status = !data ? 0 : ranged ? 206 : 200;
    exchange->data_200 = ranged && op->offset == 0;
    exchange->data_range[0] = '\0';
    if (ranged)
        snprintf(exchange->data_range, sizeof exchange->data_range, "bytes %" PRIu64 "-",
                 op->offset);
    exchange->data_to = data ? op->buffer : NULL;
    exchange->data_size = data && op->buffer ? (size_t)op->length : 0;
    exchange->data_text = data && !op->buffer ? op->text : NULL;
    exchange->stall_time = session->stall_time * (takes_long(op->verb) ? STALL_LONG : 1);
}

/* Removes from op->text the bytes that an earlier try added. */
static void drop_read_text(struct s3_attempt *attempt)
{
    struct text *text = attempt->op->text;

    if (attempt->sends != S3_SENDS_FOLLOW_UP && attempt->op->verb == STORE_GET && text &&
        !text->failed && text->size > attempt->text_start) {
        text->size = attempt->text_start;
        text->data[text->size] = '\0';
    }
}

static void count_try(struct s3_session *session, struct s3_attempt *attempt)
{
    attempt->op->tries++;
    attempt->counted++;
    pthread_mutex_lock(&session->counts.lock);
    session->counts.requests++;
    session->counts.retries += attempt->op->tries > 1 && attempt->sends != S3_SENDS_FOLLOW_UP;
    pthread_mutex_unlock(&session->counts.lock);
}

static int send_request(struct s3_session *session, struct s3_attempt *attempt, struct err *err)
{
    unsigned lines = 0;

    drop_read_text(attempt);
    text_clear(&attempt->read_back);
    text_clear(&attempt->lines);
    if (build_request(session, attempt, err) < 0 ||
        s3_request_sign(&attempt->request, &session->place, &session->keys.set,
                        attempt->payload_hash, clock_wall() + session->clock_offset,
                        &attempt->lines, &lines, err) < 0)
        return ERR_FAIL;
    attempt->creds_serial = session->keys.serial;
    fill_exchange(session, attempt, lines);
    count_try(session, attempt);
    return http_start(session->http, &attempt->exchange, err);
}

/* Ends the op, because there are no valid keys. In place of CODE_REJECTED of the provider, the
 * error of the store is kept: it has more details. Other errors get a code that allows a later run
 * to resume the upload: the run may have other keys. */
static void fail_keys(struct s3_session *session, struct s3_attempt *attempt, struct err *err)
{
    if (!attempt->keys_replaced || !err_is(err, ERR_AUTH, CODE_REJECTED)) {
        err_wrap(err, "cannot refresh the credentials");
        if (!again_may_help(err)) {
            err->family = ERR_AUTH;
            str_copy(err->code, sizeof err->code, CODE_EXPIRED);
        }
        s3_attempt_request(attempt)->err = *err;
    }
    s3_attempt_fail(session, attempt);
}

/* Updates the keys of the session. False: no keys may be used now; the attempt waits or has
 * ended. */
static bool update_keys(struct s3_session *session, struct s3_attempt *attempt)
{
    struct err err;
    int answer =
        session->provider ? provider_get(session->provider, &session->keys, &err) : PROVIDER_READY;

    attempt->parked = answer == PROVIDER_WAIT;
    if (answer == PROVIDER_WAIT)
        scheduler_postpone(&session->scheduler, (int)attempt->slot, clock_monotonic() + PARK_TIME);
    else if (answer != PROVIDER_READY)
        fail_keys(session, attempt, &err);
    return answer == PROVIDER_READY;
}

void s3_attempt_send(struct s3_session *session, struct s3_attempt *attempt)
{
    scheduler_start(&session->scheduler, (int)attempt->slot);
    if (!update_keys(session, attempt))
        return;
    if (send_request(session, attempt, &attempt->op->err) < 0)
        s3_attempt_end(session, attempt, STORE_FAILED);
}

void s3_attempt_repeat(struct s3_session *session, struct s3_attempt *attempt)
{
    scheduler_postpone(&session->scheduler, (int)attempt->slot, clock_monotonic());
}

/* ---- other requests ---- */

void s3_attempt_follow_up(struct s3_session *session, struct s3_attempt *attempt,
                          const struct store_op *request, enum s3_verdict fallback)
{
    attempt->fallback = fallback;
    attempt->fallback_err = attempt->op->err;
    attempt->other = *request;
    attempt->sends = S3_SENDS_FOLLOW_UP;
    attempt->payload_hash[0] = '\0';
    s3_attempt_repeat(session, attempt);
}

void s3_attempt_end_follow_up(struct s3_attempt *attempt)
{
    attempt->sends = S3_SENDS_OWN;
    attempt->payload_hash[0] = '\0';
}

/* Returns true if the response's Content-Range begins where the request did. */
static bool is_range_asked(const struct http_exchange *exchange)
{
    size_t size = strlen(exchange->data_range);

    return size && strncasecmp(exchange->answer.content_range, exchange->data_range, size) == 0;
}

void s3_attempt_keep_read(struct s3_attempt *attempt)
{
    struct store_op *op = attempt->op;
    const struct http_answer *answer = &attempt->exchange.answer;

    if (attempt->sends == S3_SENDS_FOLLOW_UP || op->verb != STORE_GET || !op->buffer ||
        !is_range_asked(&attempt->exchange))
        return;
    if (!attempt->etag[0])
        (void)store_etag_take(attempt->etag, answer->etag);
    if (!attempt->etag[0] || answer->received == 0 ||
        attempt->have + answer->received >= op->length)
        return;
    if (answer->received >= RESUME_MIN)
        attempt->counted = 0;
    attempt->have += answer->received;
    attempt->other = *op;
    attempt->other.offset = op->offset + attempt->have;
    attempt->other.length = op->length - attempt->have;
    attempt->other.buffer = op->buffer + attempt->have;
    attempt->other.if_match = op->if_match ? op->if_match : attempt->etag;
    attempt->other.unless = NULL;
    attempt->sends = S3_SENDS_REST;
}

void s3_attempt_take_over(struct s3_attempt *attempt)
{
    if (attempt->sends == S3_SENDS_OWN)
        return;
    attempt->op->err = attempt->other.err;
    attempt->op->failure = attempt->other.failure;
    attempt->op->server_time = attempt->other.server_time;
}

/* ---- ending ---- */

static void return_op(struct store_op *op, enum store_answer answer)
{
    op->answer = answer;
    inbox_post(op->inbox, &op->msg);
}

void s3_op_cancel(const struct cancel *cancel, struct store_op *op)
{
    if (cancel_check(cancel, &op->err) == 0)
        err_set(&op->err, ERR_CANCELLED, "cancelled", "cancelled");
    op->failure = STORE_NO_ANSWER;
    return_op(op, STORE_FAILED);
}

static struct store_op *free_slot(struct s3_session *session, struct s3_attempt *attempt)
{
    struct store_op *op = scheduler_release(&session->scheduler, (int)attempt->slot);

    silence_moved(&session->silence, clock_monotonic());
    http_drop(session->http, &attempt->exchange);
    attempt->op = NULL;
    return op;
}

void s3_attempt_end(struct s3_session *session, struct s3_attempt *attempt,
                    enum store_answer answer)
{
    return_op(free_slot(session, attempt), answer);
}

void s3_attempt_fail(struct s3_session *session, struct s3_attempt *attempt)
{
    s3_attempt_take_over(attempt);
    s3_attempt_end(session, attempt, STORE_FAILED);
}

void s3_attempt_cancel(struct s3_session *session, struct s3_attempt *attempt)
{
    s3_op_cancel(session->cancel, free_slot(session, attempt));
}
