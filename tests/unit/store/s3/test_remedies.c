/* The commonest refusals of S3: each gets its code, its words and one remedy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"
#include "store/s3/reply.h"

static const struct row {
    enum store_verb verb;
    int status;
    const char *s3_code, *message, *more; /* of the error document */
    const char *code;                     /* "family.code" */
    const char *text, *hint;              /* parts; NULL: the command line has the hint */
} ROWS[] = {
    {STORE_GET, 403, "InvalidAccessKeyId",
     "The AWS Access Key Id you provided does not exist in our records.", "", "auth.key",
     "does not know this access key", NULL},
    {STORE_GET, 403, "InvalidClientTokenId", "The security token included is invalid.", "",
     "auth.key", "does not know this access key", NULL},
    {STORE_GET, 403, "SignatureDoesNotMatch",
     "The request signature we calculated does not match the signature you provided.", "",
     "auth.signature", "the secret key is wrong", NULL},
    {STORE_GET, 400, "ExpiredToken", "The provided token has expired.", "", "auth.expired",
     "has expired", "new temporary credentials"},
    {STORE_GET, 400, "InvalidToken", "The provided token is malformed or otherwise invalid.", "",
     "auth.token", "session token is not valid", "new temporary credentials"},
    {STORE_GET, 403, "InvalidTokenId", "The token is not valid.", "", "auth.token",
     "session token is not valid", "new temporary credentials"},
    {STORE_GET, 403, "AccessDenied", "Access Denied", "", "auth.denied", "access denied",
     "s3:GetObject on arn:aws:s3:::images/k"},
    {STORE_PUT, 403, "AccessDenied",
     "User: arn:aws:iam::1:user/ci is not authorized to perform: s3:PutObject", "", "auth.denied",
     "arn:aws:iam::1:user/ci", "s3:PutObject on arn:aws:s3:::images/k"},
    {STORE_LIST, 403, "AccessDenied", "Access Denied", "", "auth.denied", "access denied",
     "s3:ListBucket on arn:aws:s3:::images:"},
    {STORE_PUT, 403, "AccessDenied",
     "User: u is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:k", "",
     "auth.kms_key", "may not be used to encrypt", "kms:Decrypt"},
    {STORE_GET, 403, "AccessDenied", "User: u is not authorized to perform: kms:Decrypt", "",
     "auth.kms_key", "may not be used to decrypt", "kms:Decrypt"},
    {STORE_PUT, 403, "AccessDenied",
     "User: u is not authorized to perform: s3:PutObject with an explicit deny in a resource-based "
     "policy",
     "", "auth.denied", "a policy forbids it", "encryption, TLS or a VPC"},
    {STORE_GET, 400, "KMS.DisabledException", "arn:aws:kms:k is disabled.", "", "usage.kms_key",
     "arn:aws:kms:k is disabled", NULL},
    {STORE_PUT, 400, "KMS.NotFoundException", "Key arn:aws:kms:k does not exist", "",
     "usage.kms_key", "does not exist", NULL},
    {STORE_PUT, 400, "KMS.KMSInvalidStateException", "k is pending deletion.", "", "usage.kms_key",
     "pending deletion", NULL},
    {STORE_GET, 301, "PermanentRedirect", "moved", "", "usage.region", "another region", NULL},
    {STORE_GET, 400, "AuthorizationHeaderMalformed",
     "The authorization header is malformed; the region 'a' is wrong; expecting 'eu-west-1'", "",
     "usage.region", "another region", NULL},
    {STORE_PUT, 400, "IllegalLocationConstraintException", "incompatible", "", "usage.region",
     "another region", NULL},
    {STORE_GET, 404, "NoSuchBucket", "The specified bucket does not exist", "", "not_found.bucket",
     "no such bucket", NULL},
    {STORE_GET, 403, "RequestTimeTooSkewed", "The difference is too large.", "", "auth.clock",
     "clock is wrong", "timedatectl"},
    {STORE_GET, 403, "InvalidObjectState",
     "The operation is not valid for the object's storage class",
     "<StorageClass>DEEP_ARCHIVE</StorageClass>", "unsupported.archived", "must be restored",
     "storage class DEEP_ARCHIVE. Restore it, wait, and try then: aws s3api restore-object "
     "--bucket images --key k"},
    {STORE_UPLOAD_COPY_PART, 403, "InvalidObjectState",
     "Operation is not valid for the source object's storage class",
     "<StorageClass>GLACIER</StorageClass>", "unsupported.archived", "must be restored",
     "--bucket images --key source"},
    {STORE_UPLOAD_CREATE, 400, "InvalidStorageClass",
     "The storage class you specified is not valid", "", "usage.storage_class",
     "does not know this storage class", NULL},
    {STORE_PUT, 400, "AccessControlListNotSupported", "The bucket does not allow ACLs", "",
     "usage.acl", "has no ACLs", NULL},
    {STORE_PUT, 400, "InvalidRequest",
     "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object "
     "Lock parameters",
     "", "usage.checksum", "demands a digest", NULL},
    {STORE_PUT, 400, "InvalidArgument", "Unsupported header 'x-amz-checksum-crc64nvme' received.",
     "", "unsupported.header", "does not support a header", NULL},
    {STORE_PUT, 501, "NotImplemented",
     "A header you provided implies functionality that is not implemented", "",
     "unsupported.header", "does not support a header", NULL},
    {STORE_GET, 403, "OptInRequired", "The AWS Access Key Id needs a subscription", "",
     "auth.account", "not enabled", "enable the region"},
    {STORE_GET, 403, "NotSignedUp", "Your account is not signed up", "", "auth.account",
     "not enabled", "sign up"},
    {STORE_GET, 403, "AllAccessDisabled", "All access to this object has been disabled", "",
     "auth.account", "not enabled", "enable"},
    {STORE_GET, 400, "MissingSecurityHeader", "Your request is missing a required header.", "",
     "unsupported.request", "header of the request is missing", "proxy"},
};

static void each_refusal_has_its_remedy(void **state)
{
    struct s3_endpoint place;
    struct err err;

    (void)state;
    assert_int_equal(
        s3_endpoint_init(&place, &(const struct s3_place_options){.bucket = "images"}, &err), 0);
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        const struct row *row = &ROWS[i];
        struct store_op op = {.verb = row->verb, .key = "k", .source = "source"};
        struct http_answer answer = {
            .status = row->status, .amz = true, .content_type = "application/xml"};
        struct s3_reply reply;
        char body[1024], code[64];

        snprintf(body, sizeof body,
                 "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>%s</Message>%s</Error>",
                 row->s3_code, row->message, row->more);
        answer.body = view_str(body);
        s3_reply_read(&reply, &place, &op, &answer);
        snprintf(code, sizeof code, "%s.%s", err_family_name(op.err.family), op.err.code);
        assert_string_equal(code, row->code);
        if (!strstr(op.err.text, row->text) || !strstr(op.err.text, row->s3_code))
            fail_msg("%s: %s", row->s3_code, op.err.text);
        /* a push continues without the copy */
        if (row->verb == STORE_UPLOAD_COPY_PART)
            assert_int_equal(op.failure, STORE_REJECTED);
        if (row->hint ? !strstr(op.err.hint, row->hint) : op.err.hint[0] != '\0')
            fail_msg("%s: hint: %s", row->s3_code, op.err.hint);
    }
}

static void a_region_may_be_in_the_message_alone(void **state)
{
    struct s3_endpoint place;
    struct store_op op = {.verb = STORE_GET, .key = "k"};
    const struct http_answer answer = {
        .status = 400,
        .amz = true,
        .content_type = "application/xml",
        .body = view_str("<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'a' "
                         "is wrong; expecting 'eu-west-1'</Message></Error>")};
    struct s3_reply reply;
    struct err err;

    (void)state;
    assert_int_equal(s3_endpoint_init(&place,
                                      &(const struct s3_place_options){.endpoint = "http://h",
                                                                       .bucket = "images"},
                                      &err),
                     0);
    s3_reply_read(&reply, &place, &op, &answer);
    assert_int_equal(reply.verdict, S3_REGION);
    assert_string_equal(reply.region, "eu-west-1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_refusal_has_its_remedy),
        cmocka_unit_test(a_region_may_be_in_the_message_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
