/*
 * Five forms: the bucket in the host name (Alibaba, Tencent), a new bucket without its region,
 * If-Match without quotes (Ceph), Content-MD5 for every body (buckets with a default retention),
 * AES256 (bucket policies). follow_up.c has the sixth: a copy without its condition (Swift), which
 * needs a request for the source.
 */
#include "store/s3/quirks.h"

#include <string.h>

#include "base/codes.h"
#include "base/log.h"
#include "store/s3/attempt.h"
#include "store/s3/reading.h"
#include "store/s3/session.h"

/* Ceph compares If-Match of a write with the ETag without quotes, and always refuses the standard
 * spelling. So a refusal is final only after both spellings were refused. */
static bool may_want_bare_etag(const struct s3_attempt *attempt, enum s3_verdict verdict)
{
    return verdict == S3_CHANGED && attempt->op->verb == STORE_PUT && attempt->op->if_match &&
           !attempt->request.form.bare_etags;
}

/* AWS and MinIO refuse bodies without a digest in a bucket with a default retention. Their codes
 * for it are used for other refusals too, so each such refusal is tried once with the digest. */
static bool may_want_md5(const struct s3_attempt *attempt, enum s3_verdict verdict)
{
    enum store_verb verb = attempt->op->verb;

    return verdict == S3_FAILED && attempt->sends != S3_SENDS_FOLLOW_UP &&
           !attempt->request.has_digest && attempt->http_status == 400 &&
           (verb == STORE_PUT || verb == STORE_UPLOAD_PART);
}

/* A bucket policy that demands encryption denies other writes without a reason. AES256 needs no
 * right and no key of its own, so a denied write is tried once with it. Not after a refusal of KMS
 * (auth.kms_key): the bucket encrypts, and AES256 would replace the key that its owner chose. Not
 * if AWS reports that no policy allows the write ("because no identity-based policy allows
 * ..."). */
static bool may_want_aes(const struct s3_session *session, const struct s3_attempt *attempt,
                         enum s3_verdict verdict)
{
    bool is_useless = session->aes_tried && !session->form.aes256;

    return verdict == S3_FAILED && attempt->sends != S3_SENDS_FOLLOW_UP &&
           !session->options.values[S3_ENCRYPTION] && !session->options.values[S3_CUSTOMER_KEY] &&
           !attempt->request.form.aes256 && !is_useless && attempt->http_status == 403 &&
           err_is(&attempt->op->err, ERR_AUTH, CODE_DENIED) &&
           !strstr(attempt->op->err.text, " because no ") && s3_creates_object(attempt->op->verb);
}

/* Alibaba OSS, Tencent COS and proxies before them accept the bucket in the host name only. */
bool s3_quirks_move_to_host(struct s3_session *session, struct s3_attempt *attempt,
                            enum s3_verdict verdict)
{
    bool known = session->place.in_host; /* from the response to another op */

    if (verdict != S3_FAILED || attempt->moved_to_host ||
        !err_is(&s3_attempt_request(attempt)->err, ERR_USAGE, CODE_ADDRESSING) ||
        !s3_endpoint_to_host(&session->place))
        return false;
    attempt->moved_to_host = true;
    if (!known)
        log_info("the store wants bucket %s in the host name: using %s", session->place.bucket,
                 session->place.host);
    return true;
}

/* Stores that are not AWS have other names of regions, or no regions. */
static bool may_refuse_location(const struct s3_session *session, const struct s3_attempt *attempt,
                                enum s3_verdict verdict)
{
    return verdict == S3_FAILED && attempt->op->verb == STORE_BUCKET_CREATE &&
           attempt->http_status == 400 && attempt->request.body.size && !session->place.aws;
}

bool s3_quirks_change(const struct s3_session *session, struct s3_attempt *attempt,
                      enum s3_verdict verdict)
{
    struct s3_form *form = &attempt->request.form;

    if (may_want_bare_etag(attempt, verdict)) {
        form->bare_etags = true;
    } else if (may_want_md5(attempt, verdict)) {
        form->content_md5 = true;
    } else if (may_refuse_location(session, attempt, verdict)) {
        form->no_location = true;
    } else if (may_want_aes(session, attempt, verdict)) {
        form->aes256 = true;
        attempt->fallback_err = attempt->op->err;
    } else {
        return false;
    }
    return true;
}

/* Servers check conditions after the policy. So a refusal because of a condition proves that the
 * policy allowed the write. */
void s3_quirks_note_aes(struct s3_session *session, struct s3_attempt *attempt,
                        enum s3_verdict verdict)
{
    if (session->aes_tried || !attempt->request.form.aes256 ||
        attempt->sends == S3_SENDS_FOLLOW_UP || may_want_md5(attempt, verdict))
        return;
    session->aes_tried = true;
    session->form.aes256 = verdict != S3_FAILED;
    if (verdict == S3_FAILED)
        attempt->op->err = attempt->fallback_err;
    else
        log_info("the bucket accepts encrypted objects only: requesting AES256 for later objects");
}

void s3_quirks_note_end(struct s3_session *session, const struct s3_attempt *attempt,
                        enum s3_verdict verdict)
{
    const struct s3_form *form = &attempt->request.form;

    if (verdict != S3_DONE)
        return;
    session->form.bare_etags |=
        form->bare_etags && attempt->op->verb == STORE_PUT && attempt->op->if_match;
    session->form.content_md5 |= form->content_md5;
}
