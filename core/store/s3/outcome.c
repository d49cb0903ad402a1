/*
 * s3_reply decides the meaning of a response. This module acts on it: retries with waits, a change
 * of region, clock or credentials, other forms of the request (quirks.h), follow-up requests
 * (follow_up.h), or the end of the op.
 */
#include "store/s3/outcome.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/log.h"
#include "base/random.h"
#include "store/s3/attempt.h"
#include "store/s3/clock_skew.h"
#include "store/s3/follow_up.h"
#include "store/s3/quirks.h"
#include "store/s3/reading.h"
#include "store/s3/redirect.h"
#include "store/s3/reply.h"
#include "store/s3/session.h"

#define RETRY_LOG_TIME  (10 * NS_PER_S)
#define RETRY_SAME_TIME (300 * NS_PER_S)

/* ---- another try ---- */

/* A stall or a slow connect may come from too many requests on the link. */
static bool is_overload(const struct http_answer *answer)
{
    return answer->fault == HTTP_STALLED || answer->fault == HTTP_TIMEOUT;
}

static void give_up_tries(struct s3_session *session, struct s3_attempt *attempt)
{
    if (attempt->counted > 1)
        err_wrap(&s3_attempt_request(attempt)->err, "after %u tries", attempt->op->tries);
    s3_attempt_fail(session, attempt);
}

/* Many requests are under way at once, and each is repeated often: the user sees one retry in
 * RETRY_LOG_TIME. The same failure is logged again only after RETRY_SAME_TIME. */
static bool is_news(struct s3_session *session, const char *text, int64_t now)
{
    bool same = strncmp(session->retry_text, text, sizeof session->retry_text - 1) == 0;

    if (session->retry_logged &&
        now - session->retry_logged < (same ? RETRY_SAME_TIME : RETRY_LOG_TIME))
        return false;
    session->retry_logged = now;
    snprintf(session->retry_text, sizeof session->retry_text, "%.255s", text);
    return true;
}

static void log_retry(struct s3_session *session, struct s3_attempt *attempt, int64_t wait,
                      int64_t now)
{
    const char *text = s3_attempt_request(attempt)->err.text;
    bool shown = !attempt->op->optional && is_news(session, text, now);

    log_print(shown ? LOG_INFO : LOG_DEBUG, "%s; trying again in %.1f s", text,
              (double)wait / (double)NS_PER_S);
}

/* `asked`: the wait of Retry-After, 0: none. */
static void retry_op(struct s3_session *session, struct s3_attempt *attempt, enum retry_cause cause,
                     int64_t asked)
{
    const struct http_answer *answer = &attempt->exchange.answer;
    int64_t now = clock_monotonic(), wait;

    if (cause == RETRY_THROTTLE || is_overload(answer))
        scheduler_slow_down(&session->scheduler, now);
    if (cause == RETRY_SILENCE)
        s3_attempt_keep_read(attempt);
    if (cause == RETRY_SILENCE && answer->status)
        cause = RETRY_TROUBLE; /* the link works, only this response was cut: count the try */
    if (attempt->sends != S3_SENDS_FOLLOW_UP)
        attempt->perhaps_done = true;
    attempt->op->asked = asked;
    wait = attempt->op->once ? RETRY_NEVER
                             : retry_wait(&session->policy, &session->link, cause, attempt->counted,
                                          asked, now, (uint32_t)random_next(&session->seed));
    if (wait == RETRY_NEVER) {
        give_up_tries(session, attempt);
        return;
    }
    if (cause == RETRY_THROTTLE && asked)
        scheduler_hold(&session->scheduler, now + wait);
    log_retry(session, attempt, wait, now);
    scheduler_postpone(&session->scheduler, (int)attempt->slot, now + wait);
}

/* ---- another clock, or other credentials ---- */

static void set_clock(struct s3_session *session, struct s3_attempt *attempt, int64_t server_time)
{
    int64_t now = clock_wall();
    enum clock_skew_answer answer;

    if (attempt->clock_set || !server_time) {
        s3_attempt_fail(session, attempt);
        return;
    }
    answer = clock_skew_judge(now, server_time, session->proven);
    if (answer == CLOCK_SKEW_REFUSED) {
        clock_skew_refuse(now, server_time, session->proven, &s3_attempt_request(attempt)->err);
        s3_attempt_fail(session, attempt);
        return;
    }
    attempt->clock_set = true;
    session->clock_offset = server_time - now;
    pthread_mutex_lock(&session->counts.lock);
    session->counts.clock_offset = session->clock_offset;
    pthread_mutex_unlock(&session->counts.lock);
    if (session->provider)
        provider_set_clock(session->provider, session->clock_offset);
    if (answer == CLOCK_SKEW_FAR)
        log_note("this machine's clock is %.0f hours off; requests are signed with the store's "
                 "time. Set the clock",
                 (double)session->clock_offset / (double)CLOCK_SKEW_NEAR * 24);
    else
        log_info("this machine's clock differs from the store's by %.0f s; requests are signed "
                 "with the store's time",
                 (double)session->clock_offset / (double)NS_PER_S);
    s3_attempt_repeat(session, attempt);
}

/* Returns whether other credentials may help. An unknown access key is not a typing error if the
 * server has accepted it before. Without a token, an error of the token is not the cause. */
static bool may_replace_keys(const struct s3_session *session, struct s3_attempt *attempt)
{
    const struct err *err = &s3_attempt_request(attempt)->err;

    if (attempt->keys_replaced || !session->provider)
        return false;
    if (attempt->creds_serial != session->keys.serial)
        return true; /* the provider has another set since this request was signed */
    if (err_is(err, ERR_AUTH, CODE_KEY))
        return session->accepted == attempt->creds_serial;
    return session->keys.set.session_token[0] || err_is(err, ERR_AUTH, CODE_EXPIRED);
}

static void replace_keys(struct s3_session *session, struct s3_attempt *attempt)
{
    if (!may_replace_keys(session, attempt)) {
        s3_attempt_fail(session, attempt);
        return;
    }
    provider_reject(session->provider, attempt->creds_serial);
    attempt->keys_replaced = true;
    s3_attempt_repeat(session, attempt);
}

/* ---- the end of an op, or of a follow-up request ---- */

static void end_op(struct s3_session *session, struct s3_attempt *attempt, enum s3_verdict verdict)
{
    if (attempt->sends == S3_SENDS_REST) {
        s3_attempt_take_over(attempt);
        attempt->op->info = attempt->other.info;
    }
    s3_quirks_note_end(session, attempt, verdict);
    s3_attempt_end(session, attempt, s3_answer_of(verdict));
}

static void handle_follow_up(struct s3_session *session, struct s3_attempt *attempt,
                             enum s3_verdict verdict)
{
    struct s3_next next = s3_follow_up_judge(session, attempt, verdict);

    switch (next.act) {
    case S3_NEXT_END:
        s3_attempt_end(session, attempt, next.answer);
        break;
    case S3_NEXT_FAIL:
        s3_attempt_fail(session, attempt);
        break;
    case S3_NEXT_REPEAT:
        s3_attempt_repeat(session, attempt);
        break;
    case S3_NEXT_RETRY:
        retry_op(session, attempt, next.cause, 0);
        break;
    }
}

/* A verdict that ends the request. */
static void handle_end(struct s3_session *session, struct s3_attempt *attempt,
                       enum s3_verdict verdict)
{
    s3_quirks_note_aes(session, attempt, verdict);
    if (s3_quirks_move_to_host(session, attempt, verdict))
        s3_attempt_repeat(session, attempt);
    else if (attempt->sends == S3_SENDS_FOLLOW_UP)
        handle_follow_up(session, attempt, verdict);
    else if (s3_quirks_change(session, attempt, verdict))
        s3_attempt_repeat(session, attempt);
    else if (s3_follow_up_needed(session, attempt, verdict))
        return;
    else if (verdict == S3_FAILED)
        s3_attempt_fail(session, attempt);
    else
        end_op(session, attempt, verdict);
}

/* A refused HEAD carries no reason. A 404 needs none once the bucket is known to exist. A refused
 * follow-up request proves nothing. */
static void handle_unexplained(struct s3_session *session, struct s3_attempt *attempt)
{
    if (attempt->sends == S3_SENDS_FOLLOW_UP)
        handle_end(session, attempt, S3_ABSENT);
    else if (attempt->http_status == 404 && session->bucket_seen)
        s3_attempt_end(session, attempt, STORE_ABSENT);
    else
        s3_follow_up_reason(session, attempt);
}

/* A follow-up request needs no size. */
static void handle_unsized(struct s3_session *session, struct s3_attempt *attempt)
{
    if (attempt->sends == S3_SENDS_FOLLOW_UP)
        handle_end(session, attempt, S3_DONE);
    else
        s3_follow_up_size(session, attempt);
}

static void act_on(struct s3_session *session, struct s3_attempt *attempt,
                   const struct s3_reply *reply)
{
    if (s3_redirect_awaits_region(attempt)) {
        s3_redirect_end_region(session, attempt);
        return;
    }
    switch (reply->verdict) {
    case S3_DONE:
    case S3_SAME:
        session->accepted = attempt->creds_serial;
        scheduler_note_success(&session->scheduler);
        retry_good(&session->link);
        handle_end(session, attempt, reply->verdict);
        break;
    case S3_ABSENT:
    case S3_CHANGED:
    case S3_FAILED:
        handle_end(session, attempt, reply->verdict);
        break;
    case S3_AGAIN:
        retry_op(session, attempt, reply->cause, reply->asked);
        break;
    case S3_REGION:
        s3_redirect_handle(session, attempt, reply);
        break;
    case S3_CLOCK:
        set_clock(session, attempt, reply->server_time);
        break;
    case S3_EXPIRED:
        replace_keys(session, attempt);
        break;
    case S3_ASK:
        handle_unexplained(session, attempt);
        break;
    case S3_UNSIZED:
        handle_unsized(session, attempt);
        break;
    case S3_UNSURE:
        attempt->perhaps_done = true;
        s3_follow_up_object(session, attempt, S3_AGAIN);
        break;
    }
}

/* ---- hints that only the session can give ---- */

/* With a clock that starts in 1970, every certificate seems to be not valid yet. */
static void hint_at_clock(struct err *err)
{
    if (err_is(err, ERR_USAGE, CODE_CERTIFICATE) && clock_wall() < CLOCK_SOURCE)
        err_hint(err, "this machine's clock is years behind: set it (timedatectl set-ntp true)");
}

/* Adds the source of refused keys, and for expired ones how to get others. */
static void name_keys(const struct s3_session *session, struct err *err)
{
    const struct credentials *set = &session->keys.set;
    size_t used = strlen(err->text);

    if (!set->source[0])
        return;
    if (err_is(err, ERR_AUTH, CODE_EXPIRED))
        err_hint(err, "%s; those in use are of %s", credentials_remedy(set->kind), set->source);
    else if (err_is(err, ERR_AUTH, CODE_KEY) || err_is(err, ERR_AUTH, CODE_SIGNATURE) ||
             err_is(err, ERR_AUTH, CODE_TOKEN))
        snprintf(err->text + used, sizeof err->text - used, "; the keys are those of %s%s",
                 set->source,
                 credentials_quoted(set) ? ", where quotation marks are a part of them" : "");
}

/* Servers without the requested encryption report "invalid" or "not implemented". */
static void hint_at_encryption(const struct s3_session *session, struct store_op *op)
{
    if (session->options.values[S3_ENCRYPTION] && s3_creates_object(op->verb) &&
        op->err.family == ERR_UNSUPPORTED)
        err_hint(&op->err,
                 "the store may not support the encryption %s that the configuration asks for",
                 session->options.values[S3_ENCRYPTION]);
}

/* AWS denies access to a bucket of another account without a reason. */
static void hint_at_owner(const struct s3_session *session, struct store_op *op)
{
    const char *owner = session->options.values[S3_BUCKET_OWNER];

    if (owner && err_is(&op->err, ERR_AUTH, CODE_DENIED))
        err_hint(&op->err,
                 "the bucket may belong to another account than %s, which the configuration "
                 "expects; or the key lacks the right",
                 owner);
}

/* S3 repeats the encryption in its response. A server that does not know the header omits it. */
static void check_encrypted(struct s3_session *session, const struct store_op *op,
                            const struct http_answer *answer)
{
    if (!s3_creates_object(op->verb) || !session->options.values[S3_ENCRYPTION] ||
        session->encryption_ignored || answer->encryption[0])
        return;
    session->encryption_ignored = true;
    log_note("%s did not confirm the encryption %s that the configuration asks for",
             session->place.endpoint, session->options.values[S3_ENCRYPTION]);
}

void s3_outcome_handle(struct s3_session *session, struct s3_attempt *attempt)
{
    const struct http_answer *answer = &attempt->exchange.answer;
    struct store_op *op = s3_attempt_request(attempt);
    struct s3_reply reply = {0};

    if (answer->status)
        retry_alive(&session->link);
    if (answer->resent && attempt->sends != S3_SENDS_FOLLOW_UP)
        attempt->perhaps_done = true;
    s3_reply_read(&reply, &session->place, op, answer);
    attempt->http_status = reply.http_status;
    if (credentials_anonymous(&session->keys.set))
        s3_reply_unsigned(&reply, &session->place, op);
    if (reply.verdict == S3_DONE)
        check_encrypted(session, op, answer);
    if (reply.verdict == S3_FAILED || reply.verdict == S3_EXPIRED)
        name_keys(session, &op->err);
    if (reply.verdict == S3_FAILED) {
        hint_at_clock(&op->err);
        hint_at_encryption(session, op);
        hint_at_owner(session, op);
    }
    session->bucket_seen = session->bucket_seen || reply.bucket_exists;
    act_on(session, attempt, &reply);
}
