/*
 * Three tables: S3's error codes, HTTP's statuses where there is no code, and the faults of the
 * transport.
 */
#include "store/s3/errors.h"

#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"

#define HINT_DENIED "the key is known but may not do this: ask the owner of the bucket"
#define HINT_NO_LIST                                                                               \
    HINT_DENIED ". A key without the right to list sees missing objects like this too"
#define HINT_CLOCK "set this machine's clock (timedatectl set-ntp true)"
#define HINT_PROXY "check http_proxy, https_proxy and no_proxy in the environment"

static const struct s3_word CODES[] = {
    {"NoSuchKey", 0, S3_ABSENT, 0, ERR_NOT_FOUND, "key", "no such object", ""},
    {"NoSuchUpload", 0, S3_ABSENT, 0, ERR_NOT_FOUND, "upload", "no such upload", ""},
    {"NoSuchBucket", 0, S3_FAILED, 0, ERR_NOT_FOUND, CODE_BUCKET, "there is no such bucket", ""},
    {"InvalidBucketName", 0, S3_FAILED, 0, ERR_USAGE, CODE_BUCKET, "that is no bucket name", ""},
    {"PreconditionFailed", 0, S3_CHANGED, 0, ERR_CONFLICT, "changed", "somebody else was first",
     ""},
    {"AccessDenied", 0, S3_FAILED, 0, ERR_AUTH, CODE_DENIED, "access denied", HINT_NO_LIST},
    {"AllAccessDisabled", 0, S3_FAILED, 0, ERR_AUTH, CODE_DENIED, "access denied", HINT_DENIED},
    {"AccountProblem", 0, S3_FAILED, 0, ERR_AUTH, CODE_DENIED, "the account has a problem", ""},
    {"SignatureDoesNotMatch", 0, S3_FAILED, 0, ERR_AUTH, CODE_SIGNATURE,
     "the store computes another signature: the secret key is wrong", ""},
    {"InvalidAccessKeyId", 0, S3_FAILED, 0, ERR_AUTH, CODE_KEY,
     "the store does not know this access key", ""},
    {"InvalidSecurity", 0, S3_FAILED, 0, ERR_AUTH, CODE_KEY, "the credentials are not valid", ""},
    {"ExpiredToken", 0, S3_EXPIRED, 0, ERR_AUTH, CODE_EXPIRED, "the session token has expired",
     "get new temporary credentials"},
    {"ExpiredTokenException", 0, S3_EXPIRED, 0, ERR_AUTH, CODE_EXPIRED,
     "the session token has expired", "get new temporary credentials"},
    {"TokenRefreshRequired", 0, S3_EXPIRED, 0, ERR_AUTH, CODE_EXPIRED,
     "the session token has expired", "get new temporary credentials"},
    {"InvalidToken", 0, S3_FAILED, 0, ERR_AUTH, "token", "the session token is not valid",
     "get new temporary credentials"},
    {"RequestTimeTooSkewed", 0, S3_CLOCK, 0, ERR_AUTH, "clock", "this machine's clock is wrong",
     HINT_CLOCK},
    {"RequestExpired", 0, S3_CLOCK, 0, ERR_AUTH, "clock", "this machine's clock is wrong",
     HINT_CLOCK},
    {"AuthorizationHeaderMalformed", 0, S3_REGION, 0, ERR_USAGE, CODE_REGION,
     "the bucket is in another region", ""},
    {"PermanentRedirect", 0, S3_REGION, 0, ERR_USAGE, CODE_REGION,
     "the bucket is in another region", ""},
    {"TemporaryRedirect", 0, S3_REGION, 0, ERR_USAGE, CODE_REGION,
     "the bucket is in another region", ""},
    {"IllegalLocationConstraintException", 0, S3_REGION, 0, ERR_USAGE, CODE_REGION,
     "the bucket is in another region", ""},
    {"InvalidRegion", 0, S3_REGION, 0, ERR_USAGE, CODE_REGION, "the bucket is in another region",
     ""},
    {"SecondLevelDomainForbidden", 0, S3_FAILED, 0, ERR_USAGE, CODE_ADDRESSING, /* Alibaba */
     "the store wants the bucket in the host name", ""},
    {"PathStyleDomainForbidden", 0, S3_FAILED, 0, ERR_USAGE, CODE_ADDRESSING, /* Tencent */
     "the store wants the bucket in the host name", ""},
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
    {"RequestTimeout", 0, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, CODE_TIMEOUT,
     "the store waited too long for our bytes", ""},
    {"RequestTimeoutException", 0, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, CODE_TIMEOUT,
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
    {"NotImplemented", 0, S3_FAILED, 0, ERR_UNSUPPORTED, CODE_OPERATION, "the store cannot do this",
     ""},
    {"MethodNotAllowed", 0, S3_FAILED, 0, ERR_UNSUPPORTED, CODE_OPERATION,
     "the store does not allow this", ""},
    {"QuotaExceeded", 0, S3_FAILED, 0, ERR_CONFLICT, "quota", "the bucket's quota is used up",
     "delete what is not needed, or ask for more"},
    {"XMinioStorageFull", 0, S3_FAILED, 0, ERR_CONFLICT, "quota", "the store is full", ""},
    {"InsufficientStorage", 0, S3_FAILED, 0, ERR_CONFLICT, "quota", "the store is full", ""},
};

static const struct s3_word STATUSES[] = {
    {NULL, 301, S3_REGION, 0, ERR_USAGE, CODE_REGION, "the bucket is elsewhere", ""},
    {NULL, 302, S3_FAILED, 0, ERR_NETWORK, "redirect", "redirected", HINT_PORTAL},
    {NULL, 303, S3_FAILED, 0, ERR_NETWORK, "redirect", "redirected", HINT_PORTAL},
    {NULL, 304, S3_FAILED, 0, ERR_NETWORK, "condition",
     "\"not modified\" is no answer to a request without a condition", HINT_CACHE},
    {NULL, 307, S3_REGION, 0, ERR_USAGE, CODE_REGION, "the bucket is elsewhere", ""},
    {NULL, 308, S3_REGION, 0, ERR_USAGE, CODE_REGION, "the bucket is elsewhere", ""},
    {NULL, 400, S3_FAILED, 0, ERR_UNSUPPORTED, CODE_REQUEST,
     "the store does not understand the request", ""},
    {NULL, 401, S3_FAILED, 0, ERR_AUTH, CODE_DENIED, "access denied", ""},
    {NULL, 403, S3_FAILED, 0, ERR_AUTH, CODE_DENIED, "access denied", HINT_NO_LIST},
    {NULL, 404, S3_ABSENT, 0, ERR_NOT_FOUND, "key", "no such object", ""},
    {NULL, 405, S3_FAILED, 0, ERR_UNSUPPORTED, CODE_OPERATION, "the store does not allow this", ""},
    {NULL, 407, S3_FAILED, 0, ERR_NETWORK, "proxy", "the proxy wants a login", ""},
    {NULL, 408, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, CODE_TIMEOUT, "the store timed out", ""},
    {NULL, 409, S3_FAILED, 0, ERR_CONFLICT, "state", "the store is in a conflicting state", ""},
    {NULL, 412, S3_CHANGED, 0, ERR_CONFLICT, "changed", "somebody else was first", ""},
    {NULL, 416, S3_FAILED, 0, ERR_INTEGRITY, "range", "the object is shorter than it should be",
     "it may have been replaced or damaged"},
    {NULL, 429, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy", "the store asks for less", ""},
    {NULL, 499, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server", "a proxy gave up", ""},
    {NULL, 500, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server", "the store has trouble of its own",
     ""},
    {NULL, 501, S3_FAILED, 0, ERR_UNSUPPORTED, CODE_OPERATION, "the store cannot do this", ""},
    {NULL, 502, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server", "bad gateway", ""},
    {NULL, 503, S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy", "the store is busy", ""},
    {NULL, 504, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server", "gateway timeout", ""},
    {NULL, 507, S3_FAILED, 0, ERR_CONFLICT, "quota", "the store is full", ""},
    {NULL, 511, S3_FAILED, 0, ERR_NETWORK, "not_s3", "the network wants a login", HINT_PORTAL},
    {NULL, 520, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server", "the store's front has trouble",
     ""},
    {NULL, 522, S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server", "the store's front has trouble",
     ""},
};

/* Whatever is not listed. */
static const struct s3_word UNKNOWN = {NULL,         0,         S3_FAILED, 0, ERR_UNSUPPORTED,
                                       CODE_REQUEST, "refused", ""};

static const struct s3_word FAULTS[] = {
    [HTTP_RESOLVE] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, CODE_RESOLVE,
                      "the host name is not known", ""},
    [HTTP_PROXY] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "proxy", "the proxy fails",
                    HINT_PROXY},
    [HTTP_TUNNEL] = {NULL, 0, S3_FAILED, 0, ERR_NETWORK, "proxy", "the proxy does not connect",
                     HINT_PROXY},
    [HTTP_REFUSED] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, CODE_REFUSED, "no connection",
                      ""},
    [HTTP_TIMEOUT] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, CODE_TIMEOUT,
                      "no connection in time", ""},
    [HTTP_STALLED] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "stalled",
                      "connected, and then silence", "run the same command again"},
    [HTTP_CUT] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "cut", "the connection was cut",
                  "run the same command again"},
    [HTTP_CERT] = {NULL, 0, S3_FAILED, 0, ERR_USAGE, CODE_CERTIFICATE,
                   "its certificate is not trusted", ""},
    [HTTP_CA_FILE] = {NULL, 0, S3_FAILED, 0, ERR_USAGE, CODE_CA_FILE, "the CA file cannot be used",
                      ""},
    [HTTP_TLS] =
        {NULL, 0, S3_FAILED, 0, ERR_USAGE, "tls", "no TLS connection",
         "does the server speak https on this port? If not, write http:// in the endpoint"},
    [HTTP_NO_HTTP] = {NULL, 0, S3_FAILED, 0, ERR_USAGE, CODE_ENDPOINT, "that is no HTTP server",
                      HINT_HTTPS},
    [HTTP_TOO_MUCH] = {NULL, 0, S3_FAILED, 0, ERR_INTEGRITY, "size",
                       "the answer is larger than it may be", HINT_CACHE},
    [HTTP_BROKEN] = {NULL, 0, S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "transfer",
                     "the transfer failed", "run the same command again"},
};

const struct s3_word *s3_error_of_code(const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(CODES); i++)
        if (strcmp(CODES[i].s3_code, code) == 0)
            return &CODES[i];
    return NULL;
}

const struct s3_word *s3_word_of_status(int status)
{
    for (size_t i = 0; i < ARRAY_SIZE(STATUSES); i++)
        if (STATUSES[i].status == status)
            return &STATUSES[i];
    return status >= 500 ? s3_word_of_status(500) : &UNKNOWN;
}

const struct s3_word *s3_word_of_fault(enum http_fault fault)
{
    return &FAULTS[fault];
}
