/*
 * The code of the error document decides, or the status when there is none (errors.c). But first
 * the reader checks whether the store itself wrote the response, or a proxy or a login page did.
 */
#include "store/s3/refusal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/partition.h"
#include "base/clock.h"
#include "base/codes.h"
#include "store/s3/error_document.h"
#include "store/s3/hints.h"

/* ---- no response ---- */

/* Returns true for the statuses with which a proxy reports that it cannot reach the store now. */
static bool is_temporary(int proxy_status)
{
    return proxy_status >= 500 || proxy_status == 408 || proxy_status == 429;
}

/* The status of a proxy that did not connect has no information about the bucket. */
static void fail_tunnel(const struct s3_reading *r)
{
    const struct http_answer *answer = r->answer;
    struct err *err = &r->op->err;
    int status = answer->proxy_status;

    r->reply->verdict = is_temporary(status) ? S3_AGAIN : S3_FAILED;
    r->reply->cause = RETRY_SILENCE;
    err_set(err, ERR_NETWORK, "proxy", "%s: the proxy %s does not connect to it (HTTP %d%s)",
            r->place->endpoint, answer->proxy ? answer->proxy : "", status,
            status == 407 ? ", it demands a login" : "");
    if (status == 407)
        err_hint(err, "put the proxy's login into https_proxy: http://USER:PASSWORD@HOST:PORT");
    else if (is_temporary(status))
        err_hint(err, "the proxy cannot reach the store: check the endpoint");
    else
        err_hint(err, "ask the operator of the proxy to allow it, or name the host in no_proxy");
}

/* `hint` NULL: the command line adds the hint, and the proxy behind it. */
static void hint_with_proxy(struct err *err, const char *hint, const char *proxy)
{
    char with_proxy[300] = "";

    if (proxy[0])
        snprintf(with_proxy, sizeof with_proxy, "; the environment sets a proxy: %s", proxy);
    if (hint)
        err_hint(err, "%s%s", hint, with_proxy);
    else
        err_about(err, "%s", with_proxy);
}

void s3_refusal_of_fault(const struct s3_reading *r)
{
    const struct http_answer *answer = r->answer;
    const struct s3_error *error = s3_error_of_fault(answer->fault);
    const char *proxy = answer->proxy ? answer->proxy : "";

    if (answer->fault == HTTP_TUNNEL) {
        fail_tunnel(r);
        return;
    }
    r->reply->verdict = error->verdict;
    r->reply->cause = error->cause;
    err_set(&r->op->err, error->family, error->code, "%s: %s (%s)", r->place->endpoint, error->text,
            answer->detail);
    if (!r->place->https && answer->fault == HTTP_CUT && !answer->status && !proxy[0])
        err_hint(&r->op->err, "%s", HINT_HTTPS);
    else
        hint_with_proxy(&r->op->err, error->hint, proxy);
}

/* ---- not the store's ---- */

/* Over plain http a proxy may respond itself. An S3 server sends x-amz-* headers or XML with each
 * refusal, so a refusal through a proxy without either is the proxy's. Without a proxy it is the
 * store's: some small servers refuse with an empty body. */
static bool is_of_proxy(const struct http_answer *answer, const struct s3_error_document *error)
{
    return answer->by_proxy && answer->status != 407 && !is_temporary(answer->status) &&
           !answer->amz && !error->found && !s3_answer_is_xml(answer);
}

static void fail_proxy(const struct s3_reading *r)
{
    char text[640];

    snprintf(text, sizeof text, "the proxy %s responded (HTTP %d), not the store", r->answer->proxy,
             r->answer->status);
    s3_reading_fail(r, ERR_NETWORK, "proxy", text,
                    "ask the operator of the proxy to allow it, or name the host in no_proxy");
}

/* Returns true for the responses of Go's and nginx's servers to plain HTTP on a TLS port. */
static bool wants_https(const struct s3_reading *r, const struct s3_error_document *error)
{
    const char *body = r->answer->body.size ? (const char *)r->answer->body.data : "";

    return !r->place->https && !error->found && r->answer->status == 400 &&
           (str_find_any_case(body, "to an HTTPS server") ||
            str_find_any_case(body, "to HTTPS port"));
}

/* A 400 to a HEAD is left to the GET that follows it: its response has more. A 413 has its meaning
 * on any page. */
static bool is_web_page(const struct s3_reading *r, const struct s3_error_document *error)
{
    int status = r->answer->status;

    return !error->found && s3_answer_is_web_page(r->answer) && (status < 500 || status == 501) &&
           status != 413 && (r->op->verb != STORE_HEAD || status != 400);
}

/* ---- corrections of the tables' verdict ---- */

/* Returns true if the op names an object or an upload that may be missing. Lists too: their callers
 * take STORE_ABSENT for a missing bucket. */
static bool may_be_absent(const struct store_op *op)
{
    return op->verb != STORE_UPLOAD_CREATE && (op->verb != STORE_PUT || op->if_match);
}

static bool has_condition(const struct store_op *op)
{
    return op->if_match || op->if_none_match || op->verb == STORE_UPLOAD_COMPLETE;
}

/* Callers cannot handle a verdict that does not belong to the request. A proxy or a broken server
 * sent it. */
static void correct_unrelated(const struct s3_reading *r, const char *detail)
{
    static const struct s3_error NO_BUCKET = {
        S3_FAILED, 0, ERR_NOT_FOUND, CODE_BUCKET, "there is no such bucket", NULL};
    static const struct s3_error NO_CONDITION = {
        S3_FAILED,
        0,
        ERR_NETWORK,
        "condition",
        "refused because of a condition that the request does not have",
        HINT_CACHE};

    if (r->reply->verdict == S3_ABSENT && !may_be_absent(r->op))
        s3_reading_set(r, &NO_BUCKET, detail);
    else if (r->reply->verdict == S3_CHANGED && r->op->unless && !r->op->if_match)
        r->reply->verdict = S3_SAME; /* 412, as to a write, in place of 304 */
    else if (r->reply->verdict == S3_CHANGED && !has_condition(r->op))
        s3_reading_set(r, &NO_CONDITION, detail);
}

/* Returns true for refusals whose reason only a GET reports. */
static bool is_unexplained(const struct s3_reading *r)
{
    int status = r->answer->status;

    return r->op->verb == STORE_HEAD && (status == 400 || status == 403 || status == 404);
}

static void correct_verdict(const struct s3_reading *r, const struct s3_error_document *error)
{
    const struct http_answer *answer = r->answer;
    struct s3_reply *reply = r->reply;
    enum store_verb verb = r->op->verb;

    if (answer->bucket_region[0] && strcmp(answer->bucket_region, r->place->region) != 0 &&
        (answer->status == 302 || answer->status == 400 || answer->status == 403) && !error->found)
        reply->verdict = S3_REGION; /* a HEAD in the wrong region, or a redirect to the right one */
    else if (is_unexplained(r))
        reply->verdict = S3_ASK;
    /* To delete a missing object is no failure. */
    if (reply->verdict == S3_ABSENT && (verb == STORE_DELETE || verb == STORE_UPLOAD_ABORT))
        reply->verdict = S3_DONE;
    if (verb == STORE_BUCKET_CREATE && strcmp(reply->s3_code, "BucketAlreadyOwnedByYou") == 0)
        reply->verdict = S3_DONE;
    /* This 409 while completing must not be repeated: the upload is lost, another writer won. */
    if (verb == STORE_UPLOAD_COMPLETE && strcmp(reply->s3_code, "ConditionalRequestConflict") == 0)
        reply->verdict = S3_CHANGED;
}

/* ---- hints with names ---- */

/* Returns the action of IAM that a request needs. */
static const char *action_of(enum store_verb verb)
{
    switch (verb) {
    case STORE_HEAD:
    case STORE_GET:
        return "s3:GetObject";
    case STORE_DELETE:
        return "s3:DeleteObject";
    case STORE_LIST:
        return "s3:ListBucket";
    case STORE_UPLOADS:
        return "s3:ListBucketMultipartUploads";
    case STORE_UPLOAD_PARTS:
        return "s3:ListMultipartUploadParts";
    case STORE_UPLOAD_ABORT:
        return "s3:AbortMultipartUpload";
    case STORE_COPY:
    case STORE_UPLOAD_COPY_PART:
        return "s3:PutObject, s3:GetObject";
    case STORE_BUCKET_CREATE:
        return "s3:CreateBucket";
    case STORE_LIFECYCLE:
        return "s3:GetLifecycleConfiguration";
    default:
        return "s3:PutObject";
    }
}

/* Writes the resource as a policy spells it: "arn:aws:s3:::bucket/key". */
static void write_resource(const struct s3_reading *r, char *out, size_t size)
{
    const struct s3_endpoint *place = r->place;
    bool of_bucket = r->op->verb == STORE_LIST || r->op->verb == STORE_UPLOADS ||
                     r->op->verb == STORE_BUCKET_CREATE || r->op->verb == STORE_LIFECYCLE;
    const char *key = r->op->key ? r->op->key : "";
    char arn[32] = "";

    if (!place->fixed)
        snprintf(arn, sizeof arn, "arn:%s:s3:::", aws_partition_of(place->region)->name);
    if (of_bucket)
        snprintf(out, size, "%s%s", arn, place->bucket);
    else
        snprintf(out, size, "%s%s%s%.60s%.120s", arn, place->bucket,
                 place->fixed ? "/object/" : "/", place->key_prefix, key);
}

/* Names the missing right. A bucket policy may also demand a header; AWS does not report which. */
static void hint_at_right(const struct s3_reading *r)
{
    char resource[400];
    const char *more = "";

    if (s3_creates_object(r->op->verb))
        more = ". If its policy accepts encrypted objects only, set the encryption that it demands";
    else if (r->op->verb == STORE_GET || r->op->verb == STORE_HEAD)
        more = ". For a key without the right to list, missing objects are denied, too";
    write_resource(r, resource, sizeof resource);
    err_hint(&r->op->err, "the key is known but lacks %s on %s: ask the owner of the bucket%s",
             action_of(r->op->verb), resource, more);
}

static void hint_at_restore(const struct s3_reading *r, const struct s3_error_document *error)
{
    const struct store_op *op = r->op;
    bool copy = op->verb == STORE_COPY || op->verb == STORE_UPLOAD_COPY_PART;

    err_hint(
        &r->op->err,
        "it has the storage class %s. Restore it, wait, and try then: aws s3api restore-object "
        "--bucket %s --key %s%s --restore-request Days=7",
        error->storage_class[0] ? error->storage_class : "of an archive", r->place->bucket,
        r->place->key_prefix, (copy ? op->source : op->key) ? (copy ? op->source : op->key) : "");
}

/* ---- the refusal ---- */

/* Retry-After is a number of seconds, or a date, which is compared with the response's own. */
static int64_t read_retry_after(const struct http_answer *answer)
{
    int64_t at, sent;
    char *end;
    long seconds = strtol(answer->retry_after, &end, 10);

    if (end != answer->retry_after && *end == '\0')
        return seconds > 0 && seconds < 86400 ? seconds * NS_PER_S : 0;
    if (clock_parse_http(answer->retry_after, &at) && clock_parse_http(answer->date, &sent) &&
        at > sent)
        return at - sent;
    return 0;
}

static void write_detail(char *out, size_t size, const struct http_answer *answer,
                         const struct s3_error_document *error)
{
    if (error->found)
        snprintf(out, size, "%s%s%s", error->code, error->message[0] ? ": " : "", error->message);
    else
        snprintf(out, size, "HTTP %d%s%s", answer->status, answer->location[0] ? ", to " : "",
                 answer->location);
}

/* The host is in the document, or in the header Location. */
static void read_temporary_host(const struct s3_reading *r, const struct s3_error_document *error)
{
    static const char SCHEME[] = "https://";
    const char *location = r->answer->location;
    const char *host = error->endpoint;
    size_t size;

    if (!host[0] && strncmp(location, SCHEME, sizeof SCHEME - 1) == 0)
        host = location + sizeof SCHEME - 1;
    size = strcspn(host, "/");
    if (size < sizeof r->reply->host &&
        strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") == size)
        snprintf(r->reply->host, sizeof r->reply->host, "%.*s", (int)size, host);
}

static void read_store_refusal(const struct s3_reading *r, const struct s3_error_document *error)
{
    const struct s3_error *known =
        error->found ? s3_error_of_code(error->code, error->message) : NULL;
    const struct s3_error *found = known ? known : s3_error_of_status(r->answer->status);
    const struct http_answer *answer = r->answer;
    struct s3_reply *reply = r->reply;
    char detail[384];

    write_detail(detail, sizeof detail, answer, error);
    s3_reading_set(r, found, detail);
    correct_unrelated(r, detail);
    if (!r->op->server_time)
        r->op->server_time = error->server_time;
    reply->asked = read_retry_after(answer);
    reply->server_time = r->op->server_time;
    str_copy(reply->region, sizeof reply->region,
             answer->bucket_region[0] ? answer->bucket_region : error->region);
    if (answer->status == 307)
        read_temporary_host(r, error);
    reply->bucket_exists = error->found && reply->verdict == S3_ABSENT;
    if (s3_error_is_denial(found))
        hint_at_right(r);
    else if (err_is(&r->op->err, ERR_UNSUPPORTED, CODE_ARCHIVED))
        hint_at_restore(r, error);
    correct_verdict(r, error);
}

void s3_refusal_read(const struct s3_reading *r)
{
    struct s3_error_document error;

    s3_error_document_read(&error, r->answer->body);
    str_copy(r->reply->s3_code, sizeof r->reply->s3_code, error.code);
    if (wants_https(r, &error))
        s3_reading_fail(r, ERR_USAGE, CODE_ENDPOINT, "the server wants https on this port",
                        HINT_HTTPS);
    else if (is_of_proxy(r->answer, &error))
        fail_proxy(r);
    else if (is_web_page(r, &error))
        s3_reading_web_page(r);
    else
        read_store_refusal(r, &error);
}
