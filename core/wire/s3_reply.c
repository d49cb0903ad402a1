/*
 * Three tables: S3's error codes, HTTP's statuses where there is no code, and the faults of the
 * transport. Each row is the verdict and the words; around them one reader a verb for what went
 * well.
 */
#include "wire/s3_reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "wire/s3_etag.h"
#include "wire/s3_page.h"
#include "wire/s3_xml.h"

/* -- words -- */

#define HINT_ENDPOINT "check \"endpoint\" in the profile, and that the server is up"
#define HINT_KEYS                                                                                  \
    "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \"access_key\" and \"secret_key\" of "  \
    "the profile; s3dock config show --origin tells which are used"
#define HINT_NO_KEYS                                                                               \
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \"access_key\" and \"secret_key\" in "    \
    "the "                                                                                         \
    "profile"
#define HINT_DENIED "the key is known but may not do this: ask who runs the bucket"
#define HINT_NO_LIST                                                                               \
    HINT_DENIED ". A key without the right to list sees missing objects like this too"
#define HINT_CLOCK  "set this machine's clock (timedatectl set-ntp true)"
#define HINT_REGION "set \"region\" in the profile to the one of the bucket"
#define HINT_BUCKET                                                                                \
    "check \"bucket\" in the profile, or create it; if it is there, check \"addressing\""
#define HINT_IN_PATH "set \"addressing\" in the profile to \"path\""
#define HINT_IN_HOST "set \"addressing\" in the profile to \"virtual\""
#define HINT_PORTAL                                                                                \
    "is there a login page or a proxy between here and the store, or is \"endpoint\" its web "     \
    "console?"
#define HINT_CA                                                                                    \
    "name the authority's certificate with \"ca_file\" in the profile, and check the host name "   \
    "in \"endpoint\""

struct word {
    const char *s3_code; /* or NULL */
    int status;          /* for rows without a code */
    enum s3_verdict verdict;
    enum retry_cause cause;
    enum err_family family;
    const char *code, *words, *hint;
};

static const struct word CODES[] = {
    {"NoSuchKey", 0, S3_ABSENT, 0, ERR_NOT_FOUND, "key", "no such object", ""},
    {"NoSuchUpload", 0, S3_ABSENT, 0, ERR_NOT_FOUND, "upload", "no such upload", ""},
    {"NoSuchBucket", 0, S3_FAILED, 0, ERR_NOT_FOUND, "bucket", "there is no such bucket",
     HINT_BUCKET},
    {"InvalidBucketName", 0, S3_FAILED, 0, ERR_USAGE, "bucket", "that is no bucket name",
     HINT_BUCKET},
    {"PreconditionFailed", 0, S3_CHANGED, 0, ERR_CONFLICT, "changed", "somebody else was first",
     ""},
    {"AccessDenied", 0, S3_FAILED, 0, ERR_AUTH, "denied", "access denied", HINT_NO_LIST},
    {"AllAccessDisabled", 0, S3_FAILED, 0, ERR_AUTH, "denied", "access denied", HINT_DENIED},
    {"AccountProblem", 0, S3_FAILED, 0, ERR_AUTH, "denied", "the account has a problem", ""},
    {"SignatureDoesNotMatch", 0, S3_FAILED, 0, ERR_AUTH, "signature",
     "the store computes another signature: the secret key is wrong",
     HINT_KEYS "; a proxy that rewrites requests has the same effect"},
    {"InvalidAccessKeyId", 0, S3_FAILED, 0, ERR_AUTH, "key",
     "the store does not know this access key", HINT_KEYS},
    {"InvalidSecurity", 0, S3_FAILED, 0, ERR_AUTH, "key", "the credentials are not valid",
     HINT_KEYS},
    {"ExpiredToken", 0, S3_EXPIRED, 0, ERR_AUTH, "expired", "the session token has expired",
     "get new temporary credentials"},
    {"ExpiredTokenException", 0, S3_EXPIRED, 0, ERR_AUTH, "expired",
     "the session token has expired", "get new temporary credentials"},
    {"TokenRefreshRequired", 0, S3_EXPIRED, 0, ERR_AUTH, "expired", "the session token has expired",
     "get new temporary credentials"},
    {"InvalidToken", 0, S3_FAILED, 0, ERR_AUTH, "token", "the session token is not valid",
     "get new temporary credentials"},
    {"RequestTimeTooSkewed", 0, S3_CLOCK, 0, ERR_AUTH, "clock", "this machine's clock is wrong",
     HINT_CLOCK},
    {"RequestExpired", 0, S3_CLOCK, 0, ERR_AUTH, "clock", "this machine's clock is wrong",
     HINT_CLOCK},
    {"AuthorizationHeaderMalformed", 0, S3_REGION, 0, ERR_USAGE, "region",
     "the bucket is in another region", HINT_REGION},
    {"PermanentRedirect", 0, S3_REGION, 0, ERR_USAGE, "region", "the bucket is in another region",
     HINT_REGION},
    {"TemporaryRedirect", 0, S3_REGION, 0, ERR_USAGE, "region", "the bucket is in another region",
     HINT_REGION},
    {"IllegalLocationConstraintException", 0, S3_REGION, 0, ERR_USAGE, "region",
     "the bucket is in another region", HINT_REGION},
    {"InvalidRegion", 0, S3_REGION, 0, ERR_USAGE, "region", "the bucket is in another region",
     HINT_REGION},
    {"SecondLevelDomainForbidden", 0, S3_FAILED, 0, ERR_USAGE, "addressing", /* Alibaba */
     "the store wants the bucket in the host name", HINT_IN_HOST},
    {"PathStyleDomainForbidden", 0, S3_FAILED, 0, ERR_USAGE, "addressing", /* Tencent */
     "the store wants the bucket in the host name", HINT_IN_HOST},
    {"SlowDown", 0, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy", "the store asks for less", ""},
    {"SlowDownRead", 0, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy", "the store asks for less",
     ""},
    {"SlowDownWrite", 0, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy", "the store asks for less",
     ""},
    {"Throttling", 0, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy", "the store asks for less", ""},
    {"ThrottlingException", 0, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy",
     "the store asks for less", ""},
    {"TooManyRequests", 0, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy", "the store asks for less",
     ""},
    {"RequestLimitExceeded", 0, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy",
     "the store asks for less", ""},
    {"BandwidthLimitExceeded", 0, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy",
     "the store asks for less", ""},
    {"ServiceUnavailable", 0, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy", "the store is busy",
     ""},
    {"InternalError", 0, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server",
     "the store has trouble of its own", ""},
    {"InternalErrors", 0, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server",
     "the store has trouble of its own", ""},
    {"RequestTimeout", 0, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "timeout",
     "the store waited too long for our bytes", ""},
    {"RequestTimeoutException", 0, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "timeout",
     "the store waited too long for our bytes", ""},
    {"IncompleteBody", 0, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "cut", "bytes were lost on the way",
     ""},
    {"BadDigest", 0, S3_AGAIN, RETRY_TROUBLE, ERR_INTEGRITY, "body",
     "what arrived is not what was sent", ""},
    {"XAmzContentSHA256Mismatch", 0, S3_AGAIN, RETRY_TROUBLE, ERR_INTEGRITY, "body",
     "what arrived is not what was sent", ""},
    {"OperationAborted", 0, S3_AGAIN, RETRY_TROUBLE, ERR_CONFLICT, "busy",
     "another operation on it is under way", ""},
    {"ConditionalRequestConflict", 0, S3_AGAIN, RETRY_TROUBLE, ERR_CONFLICT, "busy",
     "another operation on it is under way", ""},
    {"EntityTooSmall", 0, S3_FAILED, 0, ERR_UNSUPPORTED, "part_size",
     "the store wants larger parts", ""},
    {"EntityTooLarge", 0, S3_FAILED, 0, ERR_UNSUPPORTED, "size", "too large for the store", ""},
    {"InvalidPart", 0, S3_FAILED, 0, ERR_INTEGRITY, "part",
     "the store does not have a part as it was uploaded", "run the same command again"},
    {"InvalidPartOrder", 0, S3_FAILED, 0, ERR_INTERNAL, "part", "parts out of order", ""},
    {"InvalidRange", 0, S3_FAILED, 0, ERR_INTEGRITY, "range",
     "the object is shorter than it should be", "it may have been replaced or damaged"},
    {"NotImplemented", 0, S3_FAILED, 0, ERR_UNSUPPORTED, "operation", "the store cannot do this",
     ""},
    {"MethodNotAllowed", 0, S3_FAILED, 0, ERR_UNSUPPORTED, "operation",
     "the store does not allow this", HINT_ENDPOINT},
    {"QuotaExceeded", 0, S3_FAILED, 0, ERR_CONFLICT, "quota", "the bucket's quota is used up",
     "delete what is not needed, or ask for more"},
    {"XMinioStorageFull", 0, S3_FAILED, 0, ERR_CONFLICT, "quota", "the store is full", ""},
    {"InsufficientStorage", 0, S3_FAILED, 0, ERR_CONFLICT, "quota", "the store is full", ""},
};

static const struct word STATUSES[] = {
    {NULL, 301, S3_REGION, 0, ERR_USAGE, "region", "the bucket is elsewhere", HINT_REGION},
    {NULL, 302, S3_FAILED, 0, ERR_NETWORK, "redirect", "redirected", HINT_PORTAL},
    {NULL, 303, S3_FAILED, 0, ERR_NETWORK, "redirect", "redirected", HINT_PORTAL},
    {NULL, 307, S3_REGION, 0, ERR_USAGE, "region", "the bucket is elsewhere", HINT_REGION},
    {NULL, 308, S3_REGION, 0, ERR_USAGE, "region", "the bucket is elsewhere", HINT_REGION},
    {NULL, 400, S3_FAILED, 0, ERR_UNSUPPORTED, "request",
     "the store does not understand the request", HINT_ENDPOINT},
    {NULL, 401, S3_FAILED, 0, ERR_AUTH, "denied", "access denied", HINT_KEYS},
    {NULL, 403, S3_FAILED, 0, ERR_AUTH, "denied", "access denied", HINT_NO_LIST},
    {NULL, 404, S3_ABSENT, 0, ERR_NOT_FOUND, "key", "no such object", ""},
    {NULL, 405, S3_FAILED, 0, ERR_UNSUPPORTED, "operation", "the store does not allow this",
     HINT_ENDPOINT},
    {NULL, 407, S3_FAILED, 0, ERR_NETWORK, "proxy", "the proxy wants a login", ""},
    {NULL, 408, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "timeout", "the store timed out", ""},
    {NULL, 409, S3_FAILED, 0, ERR_CONFLICT, "state", "the store is in a conflicting state", ""},
    {NULL, 412, S3_CHANGED, 0, ERR_CONFLICT, "changed", "somebody else was first", ""},
    {NULL, 416, S3_FAILED, 0, ERR_INTEGRITY, "range", "the object is shorter than it should be",
     "it may have been replaced or damaged"},
    {NULL, 429, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy", "the store asks for less", ""},
    {NULL, 499, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server", "a proxy gave up", ""},
    {NULL, 500, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server", "the store has trouble of its own",
     ""},
    {NULL, 501, S3_FAILED, 0, ERR_UNSUPPORTED, "operation", "the store cannot do this", ""},
    {NULL, 502, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server", "bad gateway", ""},
    {NULL, 503, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy", "the store is busy", ""},
    {NULL, 504, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server", "gateway timeout", ""},
    {NULL, 507, S3_FAILED, 0, ERR_CONFLICT, "quota", "the store is full", ""},
    {NULL, 520, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server", "the store's front has trouble",
     ""},
    {NULL, 522, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server", "the store's front has trouble",
     ""},
};

/* Whatever is not listed. */
static const struct word UNKNOWN = {NULL,      0,         S3_FAILED, 0, ERR_UNSUPPORTED,
                                    "request", "refused", ""};

static const struct word FAULTS[] = {
    [HTTP_RESOLVE] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "resolve",
                      "the host name is not known", HINT_ENDPOINT},
    [HTTP_PROXY] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "proxy", "the proxy fails",
                    "check http_proxy, https_proxy and no_proxy in the environment"},
    [HTTP_REFUSED] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "refused", "no connection",
                      HINT_ENDPOINT},
    [HTTP_TIMEOUT] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "timeout",
                      "no connection in time", HINT_ENDPOINT ", and firewalls"},
    [HTTP_STALLED] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "stalled",
                      "connected, and then silence", "run the same command again"},
    [HTTP_CUT] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "cut", "the connection was cut",
                  "run the same command again"},
    [HTTP_CERT] = {NULL, 0, S3_FAILED, 0, ERR_USAGE, "certificate",
                   "its certificate is not trusted", HINT_CA},
    [HTTP_CA_FILE] = {NULL, 0, S3_FAILED, 0, ERR_USAGE, "ca_file", "the CA file cannot be used",
                      "check \"ca_file\" in the profile"},
    [HTTP_TLS] = {NULL, 0, S3_FAILED, 0, ERR_USAGE, "tls", "no TLS connection",
                  "does the server speak https on this port? Check \"endpoint\""},
    [HTTP_NO_HTTP] = {NULL, 0, S3_FAILED, 0, ERR_USAGE, "endpoint", "that is no HTTP server",
                      "is it https rather than http? " HINT_ENDPOINT},
    [HTTP_TOO_MUCH] = {NULL, 0, S3_FAILED, 0, ERR_INTEGRITY, "size",
                       "the answer is larger than it may be", ""},
    [HTTP_BROKEN] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "transfer",
                     "the transfer failed", "run the same command again"},
};

/* What an error document says. */
struct error_document {
    bool found;
    char code[64], message[256], region[S3_REGION_SIZE];
};

static bool on_error_field(void *arg, unsigned depth, const char *parent, const char *name,
                           const char *text)
{
    struct error_document *error = arg;

    /* <Error><Code>.. and, of some clones, <ErrorResponse><Error><Code>.. */
    if (depth > 3 || strcmp(parent, "Error") != 0)
        return true;
    if (strcmp(name, "Code") == 0)
        error->found = str_copy(error->code, sizeof error->code, text);
    else if (strcmp(name, "Message") == 0)
        snprintf(error->message, sizeof error->message, "%s", text);
    else if (strcmp(name, "Region") == 0)
        str_copy(error->region, sizeof error->region, text);
    return true;
}

static void read_error(struct error_document *error, struct view body)
{
    struct err ignored;

    *error = (struct error_document){0};
    if (body.size > 0)
        (void)s3_xml_read(body, NULL, on_error_field, error, &ignored);
}

static bool is_html_type(const struct http_answer *answer)
{
    return strncasecmp(answer->content_type, "text/html", 9) == 0;
}

/* A login page, a console, a proxy's excuse. The type alone says little: there are stores that call
 * all that they answer text/html. */
static bool looks_like_html(const struct http_answer *answer)
{
    const char *body = answer->body.size ? (const char *)answer->body.data : "";

    body += strspn(body, " \t\r\n"); /* NUL-terminated: it is a text's */
    if (!*body)
        return is_html_type(answer) && answer->content_length != 0 && !answer->request_id[0];
    if (is_html_type(answer) && strncasecmp(body, "<?xml", 5) != 0)
        return true;
    return strncasecmp(body, "<!doctype html", 14) == 0 || strncasecmp(body, "<html", 5) == 0 ||
           (strncasecmp(body, "<?xml", 5) == 0 && strcasestr(body, "<html"));
}

static const char *verb_words(enum store_verb verb)
{
    static const char *const WORDS[] = {
        [STORE_HEAD] = "looking at",
        [STORE_GET] = "reading",
        [STORE_PUT] = "writing",
        [STORE_DELETE] = "deleting",
        [STORE_COPY] = "copying to",
        [STORE_LIST] = "listing",
        [STORE_UPLOAD_CREATE] = "starting the upload of",
        [STORE_UPLOAD_PART] = "uploading a part of",
        [STORE_UPLOAD_COPY_PART] = "copying a part to",
        [STORE_UPLOAD_COMPLETE] = "completing the upload of",
        [STORE_UPLOAD_ABORT] = "aborting the upload of",
        [STORE_UPLOAD_PARTS] = "listing the parts of",
        [STORE_UPLOADS] = "listing the uploads of",
    };
    return WORDS[verb];
}

/* The verdict of a row, and its words in op->err. `detail` adds the other side's own. */
static void judge(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                  const struct word *word, const char *detail)
{
    reply->verdict = word->verdict;
    reply->cause = word->cause;
    err_set(&op->err, word->family, word->code, "%s s3://%s/%s: %s%s%s%s", verb_words(op->verb),
            place->bucket, op->key ? op->key : "", word->words, detail[0] ? " (" : "", detail,
            detail[0] ? ")" : "");
    if (word->hint[0])
        err_hint(&op->err, "%s", word->hint);
}

static void fail(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                 enum err_family family, const char *code, const char *words, const char *hint)
{
    const struct word word = {NULL, 0, S3_FAILED, 0, family, code, words, hint};
    judge(reply, place, op, &word, "");
}

/* Something that should not come from a healthy store, and may be gone at the next try. */
static void odd(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                const char *code, const char *words)
{
    const struct word word = {NULL, 0, S3_AGAIN, RETRY_TROUBLE, ERR_INTEGRITY, code, words, ""};
    judge(reply, place, op, &word, "");
}

/* The server answers, but not for our bucket: asking again would not help. */
static void misplaced(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                      const struct err *err)
{
    const struct word word = {NULL, 0, S3_FAILED, 0, ERR_USAGE, err->code, err->text, HINT_IN_PATH};
    judge(reply, place, op, &word, "");
}

/* -- what did not go well -- */

/* "120", or a date, which is measured against the answer's own. */
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

static void portal(struct s3_reply *reply, const struct s3_place *place, struct store_op *op)
{
    char words[640];

    snprintf(words, sizeof words, "%s answered with a web page and not as a store",
             place->endpoint);
    fail(reply, place, op, ERR_NETWORK, "not_s3", words, HINT_PORTAL);
}

static void unreachable(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                        const struct http_answer *answer)
{
    const struct word *word = &FAULTS[answer->fault];

    reply->verdict = word->verdict;
    reply->cause = word->cause;
    err_set(&op->err, word->family, word->code, "%s: %s (%s)", place->endpoint, word->words,
            answer->detail);
    err_hint(&op->err, "%s", word->hint);
}

static const struct word *find_word(int status, const struct error_document *error)
{
    for (size_t i = 0; error->found && i < ARRAY_SIZE(CODES); i++)
        if (strcmp(CODES[i].s3_code, error->code) == 0)
            return &CODES[i];
    for (size_t i = 0; i < ARRAY_SIZE(STATUSES); i++)
        if (STATUSES[i].status == status)
            return &STATUSES[i];
    return status >= 500 ? find_word(500, error) : &UNKNOWN;
}

/* Deleting what is not there is done, too. */
static void settle_absent(struct s3_reply *reply, const struct store_op *op)
{
    if (reply->verdict == S3_ABSENT && (op->verb == STORE_DELETE || op->verb == STORE_UPLOAD_ABORT))
        reply->verdict = S3_DONE;
}

/* A 409 while completing is not to be repeated: the upload is lost, somebody else wrote. */
static void settle_conflict(struct s3_reply *reply, const struct store_op *op)
{
    if (op->verb == STORE_UPLOAD_COMPLETE && strcmp(op->s3_code, "ConditionalRequestConflict") == 0)
        reply->verdict = S3_CHANGED;
}

/* Only the server knows why, and a HEAD does not let it say. */
static bool unexplained(const struct store_op *op, const struct http_answer *answer)
{
    switch (answer->status) {
    case 400:
    case 403:
    case 404:
        return op->verb == STORE_HEAD;
    default:
        return false;
    }
}

static void refused(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                    const struct http_answer *answer)
{
    struct error_document error;
    char detail[384];

    read_error(&error, answer->body);
    str_copy(op->s3_code, sizeof op->s3_code, error.code);
    if (!error.found && looks_like_html(answer) &&
        (answer->status < 500 || answer->status == 501)) {
        portal(reply, place, op);
        return;
    }
    if (error.found)
        snprintf(detail, sizeof detail, "%s%s%s", error.code, error.message[0] ? ": " : "",
                 error.message);
    else
        snprintf(detail, sizeof detail, "HTTP %d%s%s", answer->status,
                 answer->location[0] ? ", to " : "", answer->location);
    judge(reply, place, op, find_word(answer->status, &error), detail);
    reply->asked = read_retry_after(answer);
    reply->server_time = op->server_time;
    str_copy(reply->region, sizeof reply->region,
             answer->bucket_region[0] ? answer->bucket_region : error.region);
    reply->bucket_exists = error.found && reply->verdict == S3_ABSENT;

    if (answer->bucket_region[0] && strcmp(answer->bucket_region, place->region) != 0 &&
        (answer->status == 400 || answer->status == 403) && !error.found)
        reply->verdict = S3_REGION; /* a HEAD in the wrong region */
    else if (unexplained(op, answer))
        reply->verdict = S3_ASK;
    settle_absent(reply, op);
    settle_conflict(reply, op);
}

/* -- what went well -- */

static bool read_info(struct store_op *op, const struct http_answer *answer)
{
    op->info = (struct store_info){0};
    (void)clock_parse_http(answer->last_modified, &op->info.modified);
    return str_copy(op->info.etag, sizeof op->info.etag, answer->etag) && answer->etag[0];
}

struct range {
    uint64_t first, last, total;
    bool total_known;
};

/* Digits up to `end`, which is passed over; false when there are none, or too many. */
static bool read_number(const char **text, char end, uint64_t *out)
{
    char *after;

    if ((*text)[0] < '0' || (*text)[0] > '9')
        return false;
    errno = 0;
    *out = strtoull(*text, &after, 10);
    if (errno != 0 || *after != end)
        return false;
    *text = after + (end != '\0');
    return true;
}

/* "bytes 0-99/1000", or a star for the total when the store does not know. */
static bool read_range(const char *text, struct range *range)
{
    if (strncmp(text, "bytes ", 6) != 0)
        return false;
    text += 6;
    if (!read_number(&text, '-', &range->first) || !read_number(&text, '/', &range->last) ||
        range->last < range->first)
        return false;
    range->total_known = strcmp(text, "*") != 0;
    return !range->total_known || read_number(&text, '\0', &range->total);
}

static void got_range(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                      const struct http_answer *answer)
{
    struct range range = {0};

    if (answer->status == 200 && op->offset == 0 && answer->received == op->length) {
        op->info.size = op->length; /* it was the whole object that was asked for */
        return;
    }
    if (answer->status != 206) {
        fail(reply, place, op, ERR_INTEGRITY, "range", "the store ignores ranges and sends it all",
             "is there a proxy or cache between here and the store?");
        return;
    }
    if (!read_range(answer->content_range, &range) || range.first != op->offset ||
        (op->length && range.last - range.first != op->length - 1) ||
        (range.total_known && range.total <= range.last) ||
        answer->received != range.last - range.first + 1) {
        fail(reply, place, op, ERR_INTEGRITY, "range",
             "the store sent another range than asked for",
             "the object may be shorter than it should be, or a proxy interferes");
        return;
    }
    op->info.size = range.total_known ? range.total : 0;
}

static void got_object(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                       const struct http_answer *answer)
{
    if (is_html_type(answer) && !answer->request_id[0]) {
        portal(reply, place, op);
        return;
    }
    (void)read_info(op, answer);
    if (op->offset || op->length)
        got_range(reply, place, op, answer);
    else
        op->info.size = answer->received;
}

static void got_head(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                     const struct http_answer *answer)
{
    if (!read_info(op, answer) || answer->content_length < 0) {
        if (looks_like_html(answer))
            portal(reply, place, op);
        else
            odd(reply, place, op, "answer", "the store sent neither ETag nor size");
        return;
    }
    op->info.size = (uint64_t)answer->content_length;
}

static void got_etag(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                     const struct http_answer *answer)
{
    if (read_info(op, answer))
        return;
    if (looks_like_html(answer))
        portal(reply, place, op);
    else
        odd(reply, place, op, "answer", "the store sent no ETag");
}

/* The documents of Copy, Complete and Create: a root that must be the right one, and one field. */
struct small_document {
    const char *root, *field;
    char *out;
    size_t size;
    bool optional, found;
};

static bool on_small_field(void *arg, unsigned depth, const char *parent, const char *name,
                           const char *text)
{
    struct small_document *document = arg;

    (void)parent;
    if (depth == 2 && strcmp(name, document->field) == 0)
        document->found = str_copy(document->out, document->size, text) && text[0];
    return true;
}

static bool read_small(struct small_document *document, struct view body)
{
    char root[S3_XML_NAME];
    struct err ignored;

    return s3_xml_read(body, root, on_small_field, document, &ignored) == 0 &&
           strcmp(root, document->root) == 0 && (document->found || document->optional);
}

/* 200, but the truth is in the document: an answer, an error, or nothing that can be read. */
static void got_document(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                         const struct http_answer *answer, struct small_document *document)
{
    struct error_document error;

    op->info = (struct store_info){0};
    if (read_small(document, answer->body)) {
        s3_etag_quote(op->info.etag);
        return;
    }
    read_error(&error, answer->body);
    if (error.found) {
        struct http_answer as_error = *answer;
        as_error.status = 500; /* for codes we do not know: worth another try */
        refused(reply, place, op, &as_error);
        return;
    }
    if (looks_like_html(answer)) {
        portal(reply, place, op);
        return;
    }
    odd(reply, place, op, "answer", "the store said 200 and then nothing that can be understood");
    if (op->verb == STORE_UPLOAD_COMPLETE)
        reply->verdict = S3_UNSURE;
}

/* Takes the key prefix off; false for a key that is not under it. */
static bool strip_keys(struct store_page *page, const struct s3_place *place)
{
    size_t size = strlen(place->key_prefix);

    for (size_t i = 0; size && i < page->count; i++) {
        char *key = page->entries[i].key;

        if (strncmp(key, place->key_prefix, size) != 0)
            return false;
        memmove(key, key + size, strlen(key + size) + 1);
    }
    return true;
}

static void got_page(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                     const struct http_answer *answer)
{
    struct store_page page = {0};
    struct err err;

    if (looks_like_html(answer)) {
        portal(reply, place, op);
    } else if (s3_page_read(&page, op->verb, op->token, answer->body, &err) < 0) {
        if (err.family == ERR_USAGE)
            misplaced(reply, place, op, &err);
        else
            odd(reply, place, op, "listing", err.text);
        store_page_finish(&page);
    } else if (op->verb != STORE_UPLOAD_PARTS && !strip_keys(&page, place)) {
        odd(reply, place, op, "listing", "the store lists keys that were not asked for");
        store_page_finish(&page);
    } else if (op->page) {
        *op->page = page;
    } else {
        store_page_finish(&page);
    }
}

static void succeeded(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                      const struct http_answer *answer)
{
    char *etag = op->info.etag;
    struct small_document copy = {"CopyObjectResult", "ETag", etag, STORE_ETAG_MAX, false, false};
    struct small_document part = {"CopyPartResult", "ETag", etag, STORE_ETAG_MAX, false, false};
    /* Ceph completes with an empty ETag: the caller may look it up. */
    struct small_document whole = {
        "CompleteMultipartUploadResult", "ETag", etag, STORE_ETAG_MAX, true, false};
    struct small_document upload = {
        "InitiateMultipartUploadResult", "UploadId", op->upload_id, STORE_UPLOAD_MAX, false, false};

    reply->verdict = S3_DONE;
    reply->bucket_exists = true;
    switch (op->verb) {
    case STORE_HEAD:
        got_head(reply, place, op, answer);
        break;
    case STORE_GET:
        got_object(reply, place, op, answer);
        break;
    case STORE_PUT:
    case STORE_UPLOAD_PART:
        got_etag(reply, place, op, answer);
        break;
    case STORE_DELETE:
    case STORE_UPLOAD_ABORT:
        if (looks_like_html(answer))
            portal(reply, place, op);
        break;
    case STORE_COPY:
        got_document(reply, place, op, answer, &copy);
        break;
    case STORE_UPLOAD_COPY_PART:
        got_document(reply, place, op, answer, &part);
        break;
    case STORE_UPLOAD_COMPLETE:
        got_document(reply, place, op, answer, &whole);
        break;
    case STORE_UPLOAD_CREATE:
        got_document(reply, place, op, answer, &upload);
        break;
    case STORE_LIST:
    case STORE_UPLOAD_PARTS:
    case STORE_UPLOADS:
        got_page(reply, place, op, answer);
        break;
    }
}

/* An answer that broke off: with an error status, or with the wrong one for a range, the status is
 * what matters; and a 200 document that broke off is as good as none. */
static bool usable(const struct store_op *op, const struct http_answer *answer)
{
    if (answer->fault == HTTP_FINE)
        return true;
    if (answer->status >= 300)
        return true;
    return op->verb == STORE_GET && answer->status == 200 && answer->fault == HTTP_TOO_MUCH &&
           (op->offset || op->length);
}

void s3_reply_read(struct s3_reply *reply, const struct s3_place *place, struct store_op *op,
                   const struct http_answer *answer)
{
    *reply = (struct s3_reply){.verdict = S3_FAILED};
    op->http_status = answer->status;
    op->s3_code[0] = '\0';
    op->server_time = 0;
    (void)clock_parse_http(answer->date, &op->server_time);

    if (!usable(op, answer))
        unreachable(reply, place, op, answer);
    else if (answer->status >= 200 && answer->status < 300)
        succeeded(reply, place, op, answer);
    else
        refused(reply, place, op, answer);
}

void s3_reply_unsigned(const struct s3_reply *reply, const struct s3_place *place,
                       struct store_op *op)
{
    const char *code = op->s3_code;

    if ((reply->verdict != S3_FAILED && reply->verdict != S3_ASK) || op->err.family != ERR_AUTH)
        return;
    err_set(&op->err, ERR_AUTH, "unsigned",
            "%s s3://%s/%s: the request went unsigned: there are no credentials (%s%sHTTP %d)",
            verb_words(op->verb), place->bucket, op->key ? op->key : "", code, code[0] ? ", " : "",
            op->http_status);
    err_hint(&op->err, HINT_NO_KEYS);
}

/* -- was it us? -- */

static bool expected_etag(const struct store_op *op, char out[STORE_ETAG_MAX])
{
    struct digest *md5 = digest_create(DIGEST_MD5);
    bool known = md5 != NULL;

    for (unsigned i = 0; known && i < op->part_count; i++)
        known = s3_etag_add(md5, op->parts[i].etag);
    if (known)
        s3_etag_end(md5, op->part_count, out);
    digest_destroy(md5);
    return known;
}

bool s3_reply_is_complete(const struct store_op *op, const struct store_info *info)
{
    char expected[STORE_ETAG_MAX], suffix[16];
    const char *dash = strrchr(info->etag, '-');

    if (op->length && info->size != op->length)
        return false;
    if (expected_etag(op, expected) && strcasecmp(expected, info->etag) == 0)
        return true;
    snprintf(suffix, sizeof suffix, "-%u", op->part_count);
    return op->length && dash && strncmp(dash, suffix, strlen(suffix)) == 0 &&
           strspn(dash + strlen(suffix), "\"") == strlen(dash + strlen(suffix));
}
