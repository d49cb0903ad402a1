/*
 * The region belongs to the bucket, so the session keeps it. A temporary host is for one op: AWS
 * names it until the host name of a new bucket is known to all DNS servers. Only redirects to hosts
 * of AWS are followed, because the request contains the session token and the image.
 */
#include "store/s3/redirect.h"

#include <string.h>

#include "base/codes.h"
#include "base/log.h"
#include "store/s3/attempt.h"
#include "store/s3/aws_host.h"
#include "store/s3/session.h"

void s3_redirect_set_region(struct s3_session *session)
{
    pthread_mutex_lock(&session->counts.lock);
    memcpy(session->counts.region, session->place.region, sizeof session->counts.region);
    pthread_mutex_unlock(&session->counts.lock);
}

/* Sets the region of all later requests. Returns false if it is the present one, or is fixed. */
static bool set_region(struct s3_session *session, const char *region)
{
    if (!s3_endpoint_move(&session->place, region))
        return false;
    s3_redirect_set_region(session);
    log_info("bucket %s is in region %s: using that region", session->place.bucket,
             session->place.region);
    return true;
}

static bool may_detour(const struct s3_session *session, const char *host)
{
    return host[0] && session->place.aws && session->place.https && s3_aws_host_is(host);
}

static void request_region(struct s3_session *session, struct s3_attempt *attempt)
{
    const struct store_op head = {.verb = STORE_HEAD};

    s3_attempt_follow_up(session, attempt, &head, S3_REGION);
}

static void fail_redirect(struct s3_session *session, struct s3_attempt *attempt,
                          const struct s3_reply *reply)
{
    struct err *err = &s3_attempt_request(attempt)->err;
    bool known = strcmp(reply->region, session->place.region) == 0;
    char text[sizeof err->text];

    if (attempt->moved && !known) {
        snprintf(text, sizeof text, "%s", err->text);
        err_set(err, ERR_NETWORK, CODE_SERVICE, "redirected twice: %s", text);
    } else if (reply->region[0]) {
        err_about(err, "%s", reply->region);
    }
    s3_attempt_fail(session, attempt);
}

void s3_redirect_handle(struct s3_session *session, struct s3_attempt *attempt,
                        const struct s3_reply *reply)
{
    /* The response to another op may have changed the region already. */
    bool known = strcmp(reply->region, session->place.region) == 0;

    if (attempt->moved || session->place.fixed) {
        fail_redirect(session, attempt, reply);
    } else if (reply->region[0] && (known || set_region(session, reply->region))) {
        attempt->moved = true;
        s3_attempt_repeat(session, attempt);
    } else if (may_detour(session, reply->host)) {
        attempt->moved = true;
        str_copy(attempt->detour, sizeof attempt->detour, reply->host);
        s3_attempt_repeat(session, attempt);
    } else if (!reply->region[0] && session->place.aws && attempt->sends != S3_SENDS_FOLLOW_UP) {
        request_region(session, attempt);
    } else {
        fail_redirect(session, attempt, reply);
    }
}

bool s3_redirect_awaits_region(const struct s3_attempt *attempt)
{
    return attempt->sends == S3_SENDS_FOLLOW_UP && attempt->fallback == S3_REGION;
}

void s3_redirect_end_region(struct s3_session *session, struct s3_attempt *attempt)
{
    const char *region = attempt->exchange.answer.bucket_region;
    bool known = strcmp(region, session->place.region) == 0;

    s3_attempt_end_follow_up(attempt);
    attempt->op->err = attempt->fallback_err;
    if (region[0] && !known && set_region(session, region)) {
        attempt->moved = true;
        s3_attempt_repeat(session, attempt);
    } else {
        s3_attempt_fail(session, attempt);
    }
}
