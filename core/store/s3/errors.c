/*
 * Several codes and statuses mean the same. So each meaning is one row. Two tables refer to the
 * rows: S3's error codes, and the HTTP statuses of responses without a code. A third table has the
 * faults of the connection.
 */
#include "store/s3/errors.h"

#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "store/s3/hints.h"

/* clang-format off */
enum meaning {
    /* refusals that end an op */
    NO_OBJECT, NO_UPLOAD, NO_RULES, NO_BUCKET, BAD_BUCKET, TAKEN, CONDITION, NOT_MODIFIED, DENIED, KMS_ENCRYPT,
    KMS_DECRYPT, FORBIDDEN, DISABLED, KMS_KEY, ARCHIVED, CLASS, NO_ACLS, NEEDS_DIGEST, HEADER, LOST_HEADER,
    NOT_LOGGED_IN, ACCOUNT, SIGNATURE, ACCESS_KEY, CREDENTIALS, TOKEN, IN_HOST, SMALL_PART,
    TOO_LARGE, LIMITED, BAD_PART, PART_ORDER, RANGE, UNSUPPORTED, NOT_ALLOWED, BAD_REQUEST, UNKNOWN,
    CONFLICT, QUOTA, FULL, REDIRECTED, PROXY_LOGIN, NETWORK_LOGIN,
    /* refusals after which the request is changed or repeated */
    EXPIRED, CLOCK, REGION, ELSEWHERE, SLOW_DOWN, BUSY, SERVER, GATEWAY, GATEWAY_TIMEOUT,
    PROXY_GAVE_UP, FRONT_END, BODY_TIMEOUT, TIMEOUT, CUT_BODY, WRONG_BODY, OTHER_OPERATION,
};

static const struct s3_error MEANINGS[] = {
    [NO_OBJECT] = {S3_ABSENT, 0, ERR_NOT_FOUND, "key",
        "no such object", NULL},
    [NO_UPLOAD] = {S3_ABSENT, 0, ERR_NOT_FOUND, "upload",
        "no such upload", NULL},
    [NO_RULES] = {S3_ABSENT, 0, ERR_NOT_FOUND, "lifecycle",
        "no lifecycle rules", NULL},
    [NO_BUCKET] = {S3_FAILED, 0, ERR_NOT_FOUND, CODE_BUCKET,
        "there is no such bucket", NULL},
    [BAD_BUCKET] = {S3_FAILED, 0, ERR_USAGE, CODE_BUCKET,
        "the name of the bucket is not valid", NULL},
    [TAKEN] = {S3_FAILED, 0, ERR_CONFLICT, "taken",
        "another account has a bucket of this name", "choose another name"},
    [CONDITION] = {S3_CHANGED, 0, ERR_CONFLICT, "changed",
        "another writer was first", NULL},
    [NOT_MODIFIED] = {S3_FAILED, 0, ERR_NETWORK, "condition",
        "the response is \"not modified\", but the request has no condition", HINT_CACHE},
    [DENIED] = {S3_FAILED, 0, ERR_AUTH, CODE_DENIED,
        "access denied", NULL},
    [KMS_ENCRYPT] = {S3_FAILED, 0, ERR_AUTH, CODE_KMS_KEY,
        "the KMS key may not be used to encrypt",
        "allow kms:GenerateDataKey on the key, and kms:Decrypt, which uploads in parts need too"},
    [KMS_DECRYPT] = {S3_FAILED, 0, ERR_AUTH, CODE_KMS_KEY,
        "the KMS key may not be used to decrypt",
        "allow kms:Decrypt on the key, in the policy of the principal and in that of the key"},
    [FORBIDDEN] = {S3_FAILED, 0, ERR_AUTH, CODE_DENIED,
        "a policy forbids it",
        "the policy of the bucket, the VPC endpoint or the organisation denies it explicitly: it often "
        "demands an encryption, TLS or a VPC"},
    [DISABLED] = {S3_FAILED, 0, ERR_AUTH, "account",
        "the account or its access is not enabled",
        "sign up for S3, or enable the region and the access in the account"},
    [KMS_KEY] = {S3_FAILED, 0, ERR_USAGE, CODE_KMS_KEY,
        "the KMS key cannot be used", NULL},
    [ARCHIVED] = {S3_FAILED, 0, ERR_UNSUPPORTED, CODE_ARCHIVED,
        "the object is archived and must be restored first", NULL},
    [CLASS] = {S3_FAILED, 0, ERR_USAGE, CODE_STORAGE_CLASS,
        "the store does not know this storage class", NULL},
    [NO_ACLS] = {S3_FAILED, 0, ERR_USAGE, CODE_ACL,
        "the bucket has no ACLs", NULL},
    [NEEDS_DIGEST] = {S3_FAILED, 0, ERR_USAGE, CODE_CHECKSUM,
        "the bucket has object lock and demands a digest of each body", NULL},
    [HEADER] = {S3_FAILED, 0, ERR_UNSUPPORTED, CODE_HEADER,
        "the store does not support a header of the request", NULL},
    [LOST_HEADER] = {S3_FAILED, 0, ERR_UNSUPPORTED, CODE_REQUEST,
        "a header of the request is missing", HINT_PROXY},
    [NOT_LOGGED_IN] = {S3_FAILED, 0, ERR_AUTH, CODE_DENIED,
        "access denied", NULL},
    [ACCOUNT] = {S3_FAILED, 0, ERR_AUTH, "account",
        "the account has a problem", "ask the owner of the account"},
    [SIGNATURE] = {S3_FAILED, 0, ERR_AUTH, CODE_SIGNATURE,
        "the store computes another signature: the secret key is wrong", NULL},
    [ACCESS_KEY] = {S3_EXPIRED, 0, ERR_AUTH, CODE_KEY,
        "the store does not know this access key", NULL},
    [CREDENTIALS] = {S3_FAILED, 0, ERR_AUTH, CODE_KEY,
        "the credentials are not valid", NULL},
    [TOKEN] = {S3_EXPIRED, 0, ERR_AUTH, CODE_TOKEN,
        "the session token is not valid", HINT_TOKEN},
    [IN_HOST] = {S3_FAILED, 0, ERR_USAGE, CODE_ADDRESSING,
        "the store wants the bucket in the host name", NULL},
    [SMALL_PART] = {S3_FAILED, 0, ERR_UNSUPPORTED, "part_size",
        "the store demands larger parts", NULL},
    [TOO_LARGE] = {S3_FAILED, 0, ERR_UNSUPPORTED, "size",
        "too large for the store", NULL},
    [LIMITED] = {S3_FAILED, 0, ERR_UNSUPPORTED, "size",
        "a proxy before the store, or the store, refuses bodies of this size", HINT_LIMIT},
    [BAD_PART] = {S3_FAILED, 0, ERR_INTEGRITY, "part",
        "a part is missing in the store, or differs from the uploaded one",
        "run the same command again"},
    [PART_ORDER] = {S3_FAILED, 0, ERR_INTERNAL, "part",
        "the parts are out of order", NULL},
    [RANGE] = {S3_FAILED, 0, ERR_INTEGRITY, "range",
        "the object is shorter than expected", "it may have been replaced or damaged"},
    [UNSUPPORTED] = {S3_FAILED, 0, ERR_UNSUPPORTED, CODE_OPERATION,
        "the store does not support this operation", NULL},
    [NOT_ALLOWED] = {S3_FAILED, 0, ERR_UNSUPPORTED, CODE_OPERATION,
        "the store does not allow this operation", NULL},
    [BAD_REQUEST] = {S3_FAILED, 0, ERR_UNSUPPORTED, CODE_REQUEST,
        "the store does not understand the request", NULL},
    [UNKNOWN] = {S3_FAILED, 0, ERR_UNSUPPORTED, CODE_REQUEST,
        "refused", NULL},
    [CONFLICT] = {S3_FAILED, 0, ERR_CONFLICT, "state",
        "the request conflicts with the state of the object", NULL},
    [QUOTA] = {S3_FAILED, 0, ERR_CONFLICT, "quota",
        "the bucket's quota is used up", "delete old images, or ask for more space"},
    [FULL] = {S3_FAILED, 0, ERR_CONFLICT, "quota",
        "the store is full", NULL},
    [REDIRECTED] = {S3_FAILED, 0, ERR_NETWORK, "redirect",
        "redirected", HINT_PORTAL},
    [PROXY_LOGIN] = {S3_FAILED, 0, ERR_NETWORK, "proxy",
        "the proxy demands a login", NULL},
    [NETWORK_LOGIN] = {S3_FAILED, 0, ERR_NETWORK, "not_s3",
        "the network demands a login", HINT_PORTAL},
    [EXPIRED] = {S3_EXPIRED, 0, ERR_AUTH, CODE_EXPIRED,
        "the session token has expired", HINT_TOKEN},
    [CLOCK] = {S3_CLOCK, 0, ERR_AUTH, "clock",
        "this machine's clock is wrong", HINT_CLOCK},
    [REGION] = {S3_REGION, 0, ERR_USAGE, CODE_REGION,
        "the bucket is in another region", NULL},
    [ELSEWHERE] = {S3_REGION, 0, ERR_NETWORK, CODE_SERVICE,
        "redirected to a host that is not followed", NULL},
    [SLOW_DOWN] = {S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy",
        "the store asks for fewer requests", NULL},
    [BUSY] = {S3_AGAIN, RETRY_THROTTLE, ERR_NETWORK, "busy",
        "the store is busy", NULL},
    [SERVER] = {S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server",
        "internal error of the store", NULL},
    [GATEWAY] = {S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server",
        "bad gateway", NULL},
    [GATEWAY_TIMEOUT] = {S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server",
        "gateway timeout", NULL},
    [PROXY_GAVE_UP] = {S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server",
        "a proxy ended the request", NULL},
    [FRONT_END] = {S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "server",
        "error of the proxy in front of the store", NULL},
    [BODY_TIMEOUT] = {S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, CODE_TIMEOUT,
        "the body of the request arrived too slowly at the store", NULL},
    [TIMEOUT] = {S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, CODE_TIMEOUT,
        "the store timed out", NULL},
    [CUT_BODY] = {S3_AGAIN, RETRY_TROUBLE, ERR_NETWORK, "cut",
        "the body of the request arrived incomplete", NULL},
    [WRONG_BODY] = {S3_AGAIN, RETRY_TROUBLE, ERR_INTEGRITY, "body",
        "the store received other bytes than were sent", NULL},
    [OTHER_OPERATION] = {S3_AGAIN, RETRY_TROUBLE, ERR_CONFLICT, "busy",
        "another operation on the same object is running", NULL},
};
/* clang-format on */

static const struct {
    const char *code;
    enum meaning meaning;
} CODES[] = {
    {"NoSuchKey", NO_OBJECT},
    {"NoSuchUpload", NO_UPLOAD},
    {"NoSuchLifecycleConfiguration", NO_RULES},
    {"NoSuchBucket", NO_BUCKET},
    {"InvalidBucketName", BAD_BUCKET},
    {"BucketAlreadyExists", TAKEN},
    {"PreconditionFailed", CONDITION},
    {"AccessDenied", DENIED},
    {"AllAccessDisabled", DISABLED},
    {"NotSignedUp", DISABLED},
    {"OptInRequired", DISABLED},
    {"InvalidObjectState", ARCHIVED},
    {"InvalidStorageClass", CLASS},
    {"AccessControlListNotSupported", NO_ACLS},
    {"MissingSecurityHeader", LOST_HEADER},
    {"KMS.DisabledException", KMS_KEY},
    {"KMS.NotFoundException", KMS_KEY},
    {"KMS.KMSInvalidStateException", KMS_KEY},
    {"KMS.InvalidKeyUsageException", KMS_KEY},
    {"KMS.KeyUnavailableException", KMS_KEY},
    {"AccountProblem", ACCOUNT},
    {"SignatureDoesNotMatch", SIGNATURE},
    {"InvalidAccessKeyId", ACCESS_KEY},
    {"InvalidClientTokenId", ACCESS_KEY},
    {"InvalidSecurity", CREDENTIALS},
    {"ExpiredToken", EXPIRED},
    {"ExpiredTokenException", EXPIRED},
    {"TokenRefreshRequired", EXPIRED},
    {"InvalidToken", TOKEN},
    {"InvalidTokenId", TOKEN},
    {"RequestTimeTooSkewed", CLOCK},
    {"RequestExpired", CLOCK},
    {"AuthorizationHeaderMalformed", REGION},
    {"PermanentRedirect", REGION},
    {"TemporaryRedirect", ELSEWHERE},
    {"IllegalLocationConstraintException", REGION},
    {"InvalidRegion", REGION},
    {"SecondLevelDomainForbidden", IN_HOST}, /* Alibaba */
    {"PathStyleDomainForbidden", IN_HOST},   /* Tencent */
    {"SlowDown", SLOW_DOWN},
    {"SlowDownRead", SLOW_DOWN},
    {"SlowDownWrite", SLOW_DOWN},
    {"Throttling", SLOW_DOWN},
    {"ThrottlingException", SLOW_DOWN},
    {"TooManyRequests", SLOW_DOWN},
    {"RequestLimitExceeded", SLOW_DOWN},
    {"BandwidthLimitExceeded", SLOW_DOWN},
    {"ServiceUnavailable", BUSY},
    {"InternalError", SERVER},
    {"InternalErrors", SERVER},
    {"RequestTimeout", BODY_TIMEOUT},
    {"RequestTimeoutException", BODY_TIMEOUT},
    {"IncompleteBody", CUT_BODY},
    {"BadDigest", WRONG_BODY},
    {"XAmzContentSHA256Mismatch", WRONG_BODY},
    {"OperationAborted", OTHER_OPERATION},
    {"ConditionalRequestConflict", OTHER_OPERATION},
    {"EntityTooSmall", SMALL_PART},
    {"EntityTooLarge", TOO_LARGE},
    {"InvalidPart", BAD_PART},
    {"InvalidPartOrder", PART_ORDER},
    {"InvalidRange", RANGE},
    {"NotImplemented", UNSUPPORTED},
    {"MethodNotAllowed", NOT_ALLOWED},
    {"QuotaExceeded", QUOTA},
    {"XMinioStorageFull", FULL},
    {"InsufficientStorage", FULL},
};

/* Some codes have several meanings. The message selects one: the first row that fits. */
static const struct {
    const char *code, *part; /* a part of the message */
    enum meaning meaning;
} REFINED[] = {
    {"AccessDenied", "kms:GenerateDataKey", KMS_ENCRYPT},
    {"AccessDenied", "kms:Decrypt", KMS_DECRYPT},
    {"AccessDenied", "explicit deny", FORBIDDEN},
    {"InvalidRequest", "Content-MD5 OR x-amz-checksum-", NEEDS_DIGEST},
    {"InvalidRequest", "Content-MD5 HTTP header is required", NEEDS_DIGEST},
    {"InvalidArgument", "nsupported header", HEADER},
    {"NotImplemented", "header you provided implies functionality", HEADER},
    {"NotImplemented", "nsupported header", HEADER},
};

static const struct {
    int status;
    enum meaning meaning;
} STATUSES[] = {
    {301, REGION},      {302, REDIRECTED},    {303, REDIRECTED},    {304, NOT_MODIFIED},
    {307, ELSEWHERE},   {308, REGION},        {400, BAD_REQUEST},   {401, NOT_LOGGED_IN},
    {403, DENIED},      {404, NO_OBJECT},     {405, NOT_ALLOWED},   {407, PROXY_LOGIN},
    {408, TIMEOUT},     {409, CONFLICT},      {412, CONDITION},     {413, LIMITED},
    {416, RANGE},       {429, SLOW_DOWN},     {499, PROXY_GAVE_UP}, {500, SERVER},
    {501, UNSUPPORTED}, {502, GATEWAY},       {503, BUSY},          {504, GATEWAY_TIMEOUT},
    {507, FULL},        {511, NETWORK_LOGIN}, {520, FRONT_END},     {522, FRONT_END},
};

/* clang-format off */
static const struct s3_error FAULTS[] = {
    [HTTP_RESOLVE] = {S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, CODE_RESOLVE,
        "the host name is not known", NULL},
    [HTTP_PROXY] = {S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "proxy",
        "the proxy fails", HINT_PROXY},
    [HTTP_TUNNEL] = {S3_FAILED, 0, ERR_NETWORK, "proxy",
        "the proxy does not connect", HINT_PROXY},
    [HTTP_REFUSED] = {S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, CODE_REFUSED,
        "no connection", NULL},
    [HTTP_TIMEOUT] = {S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, CODE_TIMEOUT,
        "no connection in time", NULL},
    [HTTP_STALLED] = {S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "stalled",
        "connected, but no bytes arrive", "run the same command again"},
    [HTTP_CUT] = {S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "cut",
        "the connection was cut", "run the same command again"},
    [HTTP_CERT] = {S3_FAILED, 0, ERR_USAGE, CODE_CERTIFICATE,
        "its certificate is not trusted", NULL},
    [HTTP_CA_FILE] = {S3_FAILED, 0, ERR_USAGE, CODE_CA_FILE,
        "the CA file cannot be used", NULL},
    [HTTP_NO_AUTHORITIES] = {S3_FAILED, 0, ERR_LOCAL, CODE_AUTHORITIES,
        "this machine has no usable certificates of authorities", NULL},
    [HTTP_OWN_CERT] = {S3_FAILED, 0, ERR_USAGE, CODE_CLIENT_CERT,
        "the server demands a client certificate, or the one that is set cannot be used", NULL},
    [HTTP_TLS] = {S3_FAILED, 0, ERR_USAGE, "tls",
        "no TLS connection", HINT_HTTP},
    [HTTP_NO_HTTP] = {S3_FAILED, 0, ERR_USAGE, CODE_ENDPOINT,
        "the peer is not an HTTP server", HINT_HTTPS},
    [HTTP_TOO_MUCH] = {S3_FAILED, 0, ERR_INTEGRITY, CODE_TOO_LARGE,
        "the response is larger than the limit", HINT_CACHE},
    [HTTP_BROKEN] = {S3_AGAIN, RETRY_SILENCE, ERR_NETWORK, "transfer",
        "the transfer failed", "run the same command again"},
};
/* clang-format on */

const struct s3_error *s3_error_of_code(const char *code, const char *message)
{
    for (size_t i = 0; i < ARRAY_SIZE(REFINED); i++)
        if (strcmp(REFINED[i].code, code) == 0 && strstr(message, REFINED[i].part))
            return &MEANINGS[REFINED[i].meaning];
    for (size_t i = 0; i < ARRAY_SIZE(CODES); i++)
        if (strcmp(CODES[i].code, code) == 0)
            return &MEANINGS[CODES[i].meaning];
    return NULL;
}

bool s3_error_is_denial(const struct s3_error *error)
{
    return error == &MEANINGS[DENIED];
}

const struct s3_error *s3_error_of_status(int status)
{
    for (size_t i = 0; i < ARRAY_SIZE(STATUSES); i++)
        if (STATUSES[i].status == status)
            return &MEANINGS[STATUSES[i].meaning];
    return &MEANINGS[status >= 500 ? SERVER : UNKNOWN];
}

const struct s3_error *s3_error_of_fault(enum http_fault fault)
{
    return &FAULTS[fault];
}
