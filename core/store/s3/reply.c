/*
 * Decides whether a response is usable, and whether it is a success or a refusal. result.c and
 * refusal.c read the two kinds. Then the failure is classified for callers.
 */
#include "store/s3/reply.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "store/s3/error_document.h"
#include "store/s3/reading.h"
#include "store/s3/refusal.h"
#include "store/s3/result.h"

/* Returns true if the response can be read although it may have been cut. With an error status, or
 * the wrong status for a range, the status is enough. A 200 document that was cut is worthless. */
static bool is_usable(const struct store_op *op, const struct http_answer *answer)
{
    if (answer->fault == HTTP_FINE || answer->status >= 300)
        return true;
    return op->verb == STORE_GET && answer->status == 200 && answer->fault == HTTP_TOO_MUCH &&
           (op->offset || op->length);
}

static bool is_rejection(const char *s3_code)
{
    static const char *const CODES[] = {"InvalidArgument", "InvalidPart", "InvalidRequest",
                                        "EntityTooSmall", "MethodNotAllowed"};

    for (size_t i = 0; i < ARRAY_SIZE(CODES); i++)
        if (strcmp(s3_code, CODES[i]) == 0)
            return true;
    return false;
}

/* Returns the class of a failure that the store itself, or a proxy, reported. */
static enum store_failure failure_of(const struct s3_reply *reply, enum err_family family)
{
    const char *code = reply->s3_code;

    if (strcmp(code, "AccessDenied") == 0 || (reply->http_status == 403 && !code[0]))
        return STORE_FORBIDDEN;
    if (strcmp(code, "NotImplemented") == 0 || reply->http_status == 501)
        return STORE_UNSUPPORTED;
    if (is_rejection(code) || family == ERR_UNSUPPORTED)
        return STORE_REJECTED;
    return reply->http_status >= 500 || family == ERR_NETWORK ? STORE_BUSY : STORE_REFUSED;
}

/* Returns true if the object still has the ETag of op->unless. */
static bool is_same(const struct store_op *op, const struct http_answer *answer)
{
    return op->verb == STORE_GET && op->unless && answer->status == 304;
}

static void read_same(const struct s3_reading *r)
{
    r->reply->verdict = S3_SAME;
    r->reply->bucket_exists = true;
    str_copy(r->op->info.etag, sizeof r->op->info.etag, r->op->unless);
}

/* A success status may come with an error document. It counts as status 500, so that unknown codes
 * are tried again. */
static void read_response(const struct s3_reading *r)
{
    struct s3_error_document error = {.found = false};
    bool success = r->answer->status >= 200 && r->answer->status < 300;

    if (success)
        s3_error_document_read(&error, r->answer->body);
    if (error.found) {
        struct http_answer as_error = *r->answer;
        struct s3_reading refusal = *r;

        as_error.status = 500;
        refusal.answer = &as_error;
        s3_refusal_read(&refusal);
    } else if (success) {
        s3_result_read(r);
    } else if (is_same(r->op, r->answer)) {
        read_same(r);
    } else {
        s3_refusal_read(r);
    }
}

void s3_reply_read(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                   const struct http_answer *answer)
{
    const struct s3_reading reading = {place, answer, op, reply};

    *reply = (struct s3_reply){.verdict = S3_FAILED, .http_status = answer->status};
    op->failure = STORE_NO_ANSWER;
    op->server_time = 0;
    (void)clock_parse_http(answer->date, &op->server_time);
    if (!is_usable(op, answer)) {
        s3_refusal_of_fault(&reading);
        if (answer->fault == HTTP_TOO_MUCH) /* a repetition would bring the same response */
            op->failure = STORE_REFUSED;
    } else {
        read_response(&reading);
        op->failure = failure_of(reply, op->err.family);
    }
}

void s3_reply_unsigned(const struct s3_reply *reply, const struct s3_endpoint *place,
                       struct store_op *op)
{
    const char *code = reply->s3_code;

    if ((reply->verdict != S3_FAILED && reply->verdict != S3_ASK) || op->err.family != ERR_AUTH)
        return;
    err_set(&op->err, ERR_AUTH, CODE_UNSIGNED,
            "%s s3://%s/%s: the request went unsigned: there are no credentials (%s%sHTTP %d)",
            s3_doing(op->verb), place->bucket, op->key ? op->key : "", code, code[0] ? ", " : "",
            reply->http_status);
}

bool s3_reply_is_complete(const struct store_op *op, const struct store_info *info)
{
    char expected[STORE_ETAG_MAX], suffix[16];
    const char *dash = strrchr(info->etag, '-');

    if (op->length && info->size != op->length)
        return false;
    if (store_etag_of_parts(expected, op->parts, op->part_count) &&
        strcasecmp(expected, info->etag) == 0)
        return true;
    snprintf(suffix, sizeof suffix, "-%u", op->part_count);
    return op->length && dash && strncmp(dash, suffix, strlen(suffix)) == 0 &&
           strspn(dash + strlen(suffix), "\"") == strlen(dash + strlen(suffix));
}
