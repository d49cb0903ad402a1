/* Which requests carry which header, and which values of the options are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"
#include "store/s3/request.h"
#include "store/s3/request_sign.h"
#include "store/s3/store_s3.h"

static const char *const SOUND[S3_OPTION_COUNT] = {
    [S3_ENCRYPTION] = "aws:kms",
    [S3_ENCRYPTION_KEY] = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd",
    [S3_ENCRYPTION_CONTEXT] = "{\"app\":\"s3dock\"}",
    [S3_BUCKET_KEY] = "true",
    [S3_STORAGE_CLASS] = "STANDARD_IA",
    [S3_ACL] = "bucket-owner-full-control",
    [S3_TAGS] = "team=a%20b&kind=image",
    [S3_LOCK_MODE] = "COMPLIANCE",
    [S3_LOCK_UNTIL] = "2030-01-01T00:00:00Z",
    [S3_LEGAL_HOLD] = "ON",
    [S3_REQUEST_PAYER] = "requester",
    [S3_BUCKET_OWNER] = "111122223333",
};

#define ENCRYPTS                                                                                   \
    "x-amz-server-side-encryption: aws:kms|"                                                       \
    "x-amz-server-side-encryption-aws-kms-key-id: "                                                \
    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd|"                                             \
    "x-amz-server-side-encryption-context: eyJhcHAiOiJzM2RvY2sifQ==|"                              \
    "x-amz-server-side-encryption-bucket-key-enabled: true|"
#define CLASS  "x-amz-storage-class: STANDARD_IA|"
#define SHARES "x-amz-acl: bucket-owner-full-control|x-amz-tagging: team=a%20b&kind=image|"
#define LOCKS                                                                                      \
    "x-amz-object-lock-mode: COMPLIANCE|"                                                          \
    "x-amz-object-lock-retain-until-date: 2030-01-01T00:00:00Z|"                                   \
    "x-amz-object-lock-legal-hold: ON|"
#define ALWAYS  "x-amz-request-payer: requester|x-amz-expected-bucket-owner: 111122223333|"
#define SOURCE  "x-amz-source-expected-bucket-owner: 111122223333|"
#define ARCHIVE ENCRYPTS CLASS SHARES LOCKS ALWAYS

static const struct expected {
    enum store_verb verb;
    bool archive;
    const char *headers;
    bool bucket; /* the request names no key */
} CASES[] = {
    {STORE_PUT, true, ARCHIVE},
    {STORE_PUT, false, ENCRYPTS SHARES ALWAYS},
    {STORE_COPY, true, ARCHIVE SOURCE},
    {STORE_UPLOAD_CREATE, true, ARCHIVE},
    {STORE_UPLOAD_PART, false, ALWAYS},
    {STORE_UPLOAD_COPY_PART, false, ALWAYS SOURCE},
    {STORE_UPLOAD_COMPLETE, false, ALWAYS},
    {STORE_UPLOAD_ABORT, false, ALWAYS},
    {STORE_GET, false, ALWAYS},
    {STORE_HEAD, false, ALWAYS},
    {STORE_DELETE, false, ALWAYS},
    {STORE_LIST, false, ALWAYS},
    {STORE_UPLOAD_PARTS, false, ALWAYS},
    {STORE_UPLOADS, false, ALWAYS},
};

static bool is_of_option(const char *name)
{
    return strncmp(name, "x-amz-", 6) == 0 && strcmp(name, "x-amz-copy-source") != 0 &&
           strncmp(name, "x-amz-checksum", 14) != 0;
}

static void expect_headers(const char *const values[S3_OPTION_COUNT], const struct expected *cases,
                           size_t count)
{
    static struct s3_request request;
    struct s3_option_headers options;
    struct s3_endpoint place;
    struct err err = {0};

    assert_int_equal(
        s3_endpoint_init(&place, &(const struct s3_place_options){.bucket = "images"}, &err), 0);
    assert_int_equal(s3_option_headers_init(&options, values, &err), 0);
    s3_request_init(&request);
    request.options = &options;
    for (size_t i = 0; i < count; i++) {
        const struct store_op op = {.verb = cases[i].verb,
                                    .archive = cases[i].archive,
                                    .key = cases[i].bucket ? NULL : "k",
                                    .source = "s",
                                    .upload_id_in = "u",
                                    .part_number = 1};
        char found[1024] = "";

        assert_int_equal(s3_request_build(&request, &place, &op, &err), 0);
        for (unsigned h = 0; h < request.header_count; h++)
            if (is_of_option(request.headers[h].name))
                snprintf(found + strlen(found), sizeof found - strlen(found), "%s: %s|",
                         request.headers[h].name, request.headers[h].value);
        assert_string_equal(found, cases[i].headers);
    }
    s3_request_finish(&request);
    s3_option_headers_finish(&options);
}

static void each_request_carries_its_headers(void **state)
{
    (void)state;
    expect_headers(SOUND, CASES, ARRAY_SIZE(CASES));
}

#define CUSTOMER_KEY "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define TRIO(name)                                                                                 \
    name "server-side-encryption-customer-algorithm: AES256|" name                                 \
         "server-side-encryption-customer-key: " CUSTOMER_KEY "|" name                             \
         "server-side-encryption-customer-key-md5: hRasmdxgYDKV3nvbahU1MA==|"

static void a_customer_key_goes_to_objects_only(void **state)
{
    static const char *const values[S3_OPTION_COUNT] = {[S3_CUSTOMER_KEY] = CUSTOMER_KEY};
    static const struct expected cases[] = {
        {STORE_PUT, false, TRIO("x-amz-")},
        {STORE_COPY, false, TRIO("x-amz-") TRIO("x-amz-copy-source-")},
        {STORE_UPLOAD_CREATE, false, TRIO("x-amz-")},
        {STORE_UPLOAD_PART, false, TRIO("x-amz-")},
        {STORE_UPLOAD_COPY_PART, false, TRIO("x-amz-") TRIO("x-amz-copy-source-")},
        {STORE_UPLOAD_COMPLETE, false, TRIO("x-amz-")},
        {STORE_UPLOAD_PARTS, false, TRIO("x-amz-")},
        {STORE_GET, false, TRIO("x-amz-")},
        {STORE_HEAD, false, TRIO("x-amz-")},
        {STORE_HEAD, false, "", .bucket = true},
        {STORE_UPLOAD_ABORT, false, ""},
        {STORE_DELETE, false, ""},
        {STORE_LIST, false, ""},
        {STORE_UPLOADS, false, ""},
    };

    (void)state;
    expect_headers(values, cases, ARRAY_SIZE(cases));
}

static void a_customer_key_is_not_sent_in_plain_text(void **state)
{
    const struct store_s3_options options = {.endpoint = "http://localhost:9000",
                                             .bucket = "images",
                                             .headers = {[S3_CUSTOMER_KEY] = CUSTOMER_KEY}};
    struct err err = {0};

    (void)state;
    assert_null(store_s3_create(&options, &err));
    assert_string_equal(err.code, "encryption");
    assert_non_null(strstr(err.text, "https"));
}

static void wrong_values_are_refused(void **state)
{
    static const struct {
        enum s3_option option;
        const char *value, *code;
    } cases[] = {
        {S3_ENCRYPTION, "rot13", "encryption"},
        {S3_ENCRYPTION, "AES256", "encryption"}, /* with a key */
        {S3_ENCRYPTION, "", "encryption"},
        {S3_ENCRYPTION_KEY, "a b", "encryption"},
        {S3_ENCRYPTION_CONTEXT, "[]", "encryption"},
        {S3_ENCRYPTION_CONTEXT, "{", "encryption"},
        {S3_STORAGE_CLASS, "GLACIER", "storage_class"},
        {S3_STORAGE_CLASS, "DEEP_ARCHIVE", "storage_class"},
        {S3_STORAGE_CLASS, "standard\n", "storage_class"},
        {S3_ACL, "mine", "acl"},
        {S3_TAGS, "a", "tags"},
        {S3_TAGS, "=b", "tags"},
        {S3_TAGS, "a=b c", "tags"},
        {S3_TAGS, "a=&b=&c=&d=&e=&f=&g=&h=&i=&j=&k=", "tags"},
        {S3_LOCK_MODE, "STRICT", "lock"},
        {S3_LOCK_MODE, "", "lock"},
        {S3_LOCK_UNTIL, "tomorrow", "lock"},
        {S3_BUCKET_OWNER, "1234", "bucket_owner"},
        {S3_BUCKET_OWNER, "11112222333a", "bucket_owner"},
        {S3_CUSTOMER_KEY, "c2hvcnQ=", "encryption"},
        {S3_CUSTOMER_KEY, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", "encryption"},
        {S3_CUSTOMER_KEY, CUSTOMER_KEY, "encryption"}, /* with SSE-KMS */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *values[S3_OPTION_COUNT];
        struct s3_option_headers options;
        struct err err = {0};

        memcpy(values, SOUND, sizeof values);
        values[cases[i].option] = cases[i].value;
        assert_int_equal(s3_option_headers_init(&options, values, &err), ERR_FAIL);
        assert_int_equal(err.family, ERR_USAGE);
        assert_string_equal(err.code, cases[i].code);
        s3_option_headers_finish(&options);
    }
}

static void options_that_need_credentials_are_refused_without(void **state)
{
    static struct s3_request request;
    const char *const values[S3_OPTION_COUNT] = {[S3_REQUEST_PAYER] = "requester"};
    const struct store_op op = {.verb = STORE_GET, .key = "k"};
    static const struct credentials anonymous;
    struct s3_option_headers options;
    struct s3_endpoint place;
    struct text lines;
    struct err err = {0};
    unsigned count = 0;

    (void)state;
    assert_int_equal(
        s3_endpoint_init(&place, &(const struct s3_place_options){.bucket = "images"}, &err), 0);
    assert_int_equal(s3_option_headers_init(&options, values, &err), 0);
    s3_request_init(&request);
    text_init(&lines, 64 * KIB);
    request.options = &options;
    assert_int_equal(s3_request_build(&request, &place, &op, &err), 0);
    assert_int_equal(
        s3_request_sign(&request, &place, &anonymous, "UNSIGNED-PAYLOAD", 0, &lines, &count, &err),
        ERR_FAIL);
    assert_string_equal(err.code, "combination");
    text_finish(&lines);
    s3_request_finish(&request);
    s3_option_headers_finish(&options);
}

/* ---- digests ---- */

static const struct {
    const char *word, *endpoint;
    enum store_verb verb;
    size_t size;
    const char *header;
} DIGESTS[] = {
    {NULL, NULL, STORE_PUT, 9, "x-amz-checksum-crc64nvme: rosUhgp5mIg="},
    {"auto", NULL, STORE_UPLOAD_PART, 9, ""},
    {"auto", NULL, STORE_UPLOAD_CREATE, 0, ""},
    {"auto", "http://h", STORE_PUT, 9, "content-md5: JfnnlDI7RTiF9RgfG2JNCw=="},
    {"auto", "http://h", STORE_PUT, 70000, ""},
    {"auto", "http://h", STORE_UPLOAD_PART, 9, ""},
    {"auto", "http://h", STORE_UPLOAD_CREATE, 0, ""},
    {"when_required", NULL, STORE_PUT, 9, "content-md5: JfnnlDI7RTiF9RgfG2JNCw=="},
    {"when_required", NULL, STORE_UPLOAD_PART, 9, ""},
    {"md5", "http://h", STORE_UPLOAD_PART, 9, "content-md5: JfnnlDI7RTiF9RgfG2JNCw=="},
    {"crc32c", "http://h", STORE_PUT, 9, "x-amz-checksum-crc32c: 4waSgw=="},
    {"crc32c", "http://h", STORE_UPLOAD_PART, 9, ""},
    {"sha256", "http://h", STORE_PUT, 9,
     "x-amz-checksum-sha256: FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="},
    {"sha256", "http://h", STORE_UPLOAD_PART, 9, ""},
    {"none", NULL, STORE_PUT, 9, ""},
};

static bool is_digest(const char *name)
{
    return strcmp(name, "content-md5") == 0 || strncmp(name, "x-amz-checksum-", 15) == 0;
}

static void the_option_selects_the_digest(void **state)
{
    static struct s3_request request;
    static char body[70000] = "123456789";

    (void)state;
    s3_request_init(&request);
    for (size_t i = 0; i < ARRAY_SIZE(DIGESTS); i++) {
        const struct store_op op = {.verb = DIGESTS[i].verb,
                                    .key = "k",
                                    .upload_id_in = "u",
                                    .part_number = 1,
                                    .body = view_of(body, DIGESTS[i].size)};
        struct s3_endpoint place;
        struct err err = {0};
        char found[128] = "";

        assert_int_equal(s3_endpoint_init(&place,
                                          &(const struct s3_place_options){
                                              .endpoint = DIGESTS[i].endpoint, .bucket = "images"},
                                          &err),
                         0);
        assert_int_equal(s3_checksum_read(DIGESTS[i].word, &request.checksum, &err), 0);
        assert_int_equal(s3_request_build(&request, &place, &op, &err), 0);
        for (unsigned h = 0; h < request.header_count && !found[0]; h++)
            if (is_digest(request.headers[h].name))
                snprintf(found, sizeof found, "%s: %s", request.headers[h].name,
                         request.headers[h].value);
        assert_string_equal(found, DIGESTS[i].header);
        assert_int_equal(request.has_digest, found[0] && op.verb != STORE_UPLOAD_CREATE);
    }
    s3_request_finish(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_carries_its_headers),
        cmocka_unit_test(a_customer_key_goes_to_objects_only),
        cmocka_unit_test(a_customer_key_is_not_sent_in_plain_text),
        cmocka_unit_test(wrong_values_are_refused),
        cmocka_unit_test(options_that_need_credentials_are_refused_without),
        cmocka_unit_test(the_option_selects_the_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
