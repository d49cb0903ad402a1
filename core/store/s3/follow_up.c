/*
 * An op has at most one follow-up request at a time, in its own slot. The op's verb decides which
 * question it was: HEAD: reason or size; a copy: its source; any other verb: the object.
 */
#include "store/s3/follow_up.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/hash.h"
#include "store/s3/attempt.h"
#include "store/s3/session.h"

#define DATES_DIFFER (2 * NS_PER_S) /* dates of HTTP have whole seconds */

enum store_answer s3_answer_of(enum s3_verdict verdict)
{
    switch (verdict) {
    case S3_DONE:
        return STORE_DONE;
    case S3_ABSENT:
        return STORE_ABSENT;
    case S3_CHANGED:
        return STORE_CHANGED;
    case S3_SAME:
        return STORE_SAME;
    default:
        return STORE_FAILED;
    }
}

static bool is_copy(enum store_verb verb)
{
    return verb == STORE_COPY || verb == STORE_UPLOAD_COPY_PART;
}

static bool is_small_put(const struct store_op *op)
{
    return op->verb == STORE_PUT && op->body.size <= S3_READ_BACK_MAX;
}

/* ---- planning ---- */

static void get_first_byte(struct s3_session *session, struct s3_attempt *attempt,
                           enum s3_verdict fallback)
{
    const struct store_op get = {.verb = STORE_GET, .key = attempt->op->key, .length = 1};

    s3_attempt_follow_up(session, attempt, &get, fallback);
}

void s3_follow_up_reason(struct s3_session *session, struct s3_attempt *attempt)
{
    get_first_byte(session, attempt, S3_AGAIN);
}

/* Some servers and proxies omit Content-Length in the response to a HEAD. Content-Range has it. */
void s3_follow_up_size(struct s3_session *session, struct s3_attempt *attempt)
{
    get_first_byte(session, attempt, S3_DONE);
}

/* A small document is read back whole: where the store encrypts, an ETag is no MD5. */
void s3_follow_up_object(struct s3_session *session, struct s3_attempt *attempt,
                         enum s3_verdict fallback)
{
    struct store_op look = {.verb = STORE_HEAD, .key = attempt->op->key};

    if (is_small_put(attempt->op)) {
        look.verb = STORE_GET;
        look.text = &attempt->read_back;
    }
    s3_attempt_follow_up(session, attempt, &look, fallback);
}

/* Returns true if an earlier try of this op may be the cause of "absent" or "changed". */
static bool may_be_own_effect(const struct s3_attempt *attempt, enum s3_verdict verdict)
{
    if (!attempt->perhaps_done)
        return false;
    if (attempt->op->verb == STORE_UPLOAD_COMPLETE)
        return verdict == S3_ABSENT || verdict == S3_CHANGED;
    return attempt->op->verb == STORE_PUT && verdict == S3_CHANGED;
}

/* Returns true if the upload was completed, and the response had no ETag. */
static bool has_no_etag(const struct s3_attempt *attempt, enum s3_verdict verdict)
{
    return verdict == S3_DONE && attempt->op->verb == STORE_UPLOAD_COMPLETE &&
           !attempt->op->info.etag[0];
}

/* Swift always refuses a conditional copy from an object of parts: Swift compares another ETag than
 * it reports. So a refusal is final only if the source has another ETag. Otherwise the copy is
 * repeated without the condition. Its result is accepted if the source is unchanged after it. */
static bool depends_on_source(const struct s3_attempt *attempt, enum s3_verdict verdict)
{
    const struct store_op *op = attempt->op;
    bool unconditional = attempt->request.form.unconditional_copy;

    return is_copy(op->verb) && op->if_match && verdict == (unconditional ? S3_DONE : S3_CHANGED);
}

bool s3_follow_up_needed(struct s3_session *session, struct s3_attempt *attempt,
                         enum s3_verdict verdict)
{
    const struct store_op head = {.verb = STORE_HEAD, .key = attempt->op->source};

    if (may_be_own_effect(attempt, verdict) || has_no_etag(attempt, verdict))
        s3_follow_up_object(session, attempt, verdict);
    else if (depends_on_source(attempt, verdict))
        s3_attempt_follow_up(session, attempt, &head, verdict);
    else
        return false;
    return true;
}

/* ---- judging ---- */

/* Returns true if the object has the bytes of the op, so this op counts as its writer. */
static bool is_our_put(const struct s3_attempt *attempt)
{
    const struct store_op *op = attempt->op;
    uint8_t digest[MD5_SIZE];
    char hex[MD5_HEX_SIZE], etag[MD5_HEX_SIZE + 2];

    if (is_small_put(op))
        return view_equals(text_view(&attempt->read_back), op->body);
    md5_of(op->body, digest);
    hex_encode(digest, sizeof digest, hex);
    snprintf(etag, sizeof etag, "\"%s\"", hex);
    return attempt->other.info.size == op->body.size &&
           strcasecmp(attempt->other.info.etag, etag) == 0;
}

/* Returns true if the ETag has the form of AWS for an object of parts: "...-12". */
static bool names_part_count(const char *etag)
{
    const char *dash = strrchr(etag, '-');
    size_t digits = dash ? strspn(dash + 1, "0123456789") : 0;

    return digits && strcmp(dash + 1 + digits, "\"") == 0;
}

/* Stores with ETags of another form do not name the parts. There, an object of the right size that
 * was written since the op began counts as its result. */
static bool is_our_whole(const struct s3_attempt *attempt)
{
    const struct store_op *op = attempt->op, *other = &attempt->other;
    int64_t ago = other->server_time - other->info.modified;

    if (s3_reply_is_complete(op, &other->info))
        return true;
    return op->length && other->info.size == op->length && other->info.modified &&
           other->server_time && !names_part_count(other->info.etag) &&
           ago <= clock_monotonic() - attempt->began + DATES_DIFFER;
}

static struct s3_next judge_object(struct s3_attempt *attempt, enum s3_verdict verdict)
{
    struct store_op *op = attempt->op;
    bool ours =
        verdict == S3_DONE && (op->verb == STORE_PUT ? is_our_put(attempt) : is_our_whole(attempt));

    s3_attempt_end_follow_up(attempt);
    if (ours || (verdict == S3_DONE && attempt->fallback == S3_DONE)) {
        op->info = attempt->other.info;
        return (struct s3_next){S3_NEXT_END, .answer = STORE_DONE};
    }
    if (attempt->fallback == S3_AGAIN) {
        op->err = attempt->fallback_err;
        return (struct s3_next){S3_NEXT_RETRY, .cause = RETRY_TROUBLE};
    }
    return (struct s3_next){S3_NEXT_END, .answer = s3_answer_of(attempt->fallback)};
}

/* Returns the result of the op after a follow-up GET. With the fallback S3_DONE, the GET was sent
 * for the size; otherwise for the reason of a refusal. */
static struct s3_next judge_head(struct s3_attempt *attempt, enum s3_verdict verdict)
{
    bool for_size = attempt->fallback == S3_DONE;
    int status = attempt->http_status;

    if (verdict == S3_ABSENT) {
        s3_attempt_take_over(attempt);
        return (struct s3_next){S3_NEXT_END, .answer = STORE_ABSENT};
    }
    if (verdict == S3_DONE && for_size && attempt->other.info.size) {
        attempt->op->info = attempt->other.info;
        s3_attempt_end_follow_up(attempt);
        return (struct s3_next){S3_NEXT_END, .answer = STORE_DONE};
    }
    if (verdict == S3_FAILED && status >= 400 && status != 416)
        return (struct s3_next){S3_NEXT_FAIL};
    s3_attempt_end_follow_up(attempt); /* the object can be read: repeat the HEAD */
    attempt->op->err = attempt->fallback_err;
    return (struct s3_next){S3_NEXT_RETRY, .cause = for_size ? RETRY_ODD : RETRY_TROUBLE};
}

static struct s3_next judge_source(struct s3_session *session, struct s3_attempt *attempt,
                                   enum s3_verdict verdict)
{
    bool same = verdict == S3_DONE && strcmp(attempt->other.info.etag, attempt->op->if_match) == 0;

    if (verdict == S3_FAILED)
        return (struct s3_next){S3_NEXT_FAIL};
    s3_attempt_end_follow_up(attempt);
    if (same && attempt->fallback == S3_CHANGED) {
        attempt->request.form.unconditional_copy = session->form.unconditional_copy = true;
        return (struct s3_next){S3_NEXT_REPEAT};
    }
    return (struct s3_next){S3_NEXT_END, .answer = same ? STORE_DONE : STORE_CHANGED};
}

struct s3_next s3_follow_up_judge(struct s3_session *session, struct s3_attempt *attempt,
                                  enum s3_verdict verdict)
{
    if (attempt->op->verb == STORE_HEAD)
        return judge_head(attempt, verdict);
    if (is_copy(attempt->op->verb))
        return judge_source(session, attempt, verdict);
    return judge_object(attempt, verdict);
}
