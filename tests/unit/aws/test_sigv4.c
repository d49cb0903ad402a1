/* The signer with AWS's published test suite (aws-sig-v4-test-suite) and the examples of the S3
 * documentation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/sigv4.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static int64_t at(int year, int month, int day, int hour, int minute)
{
    const struct civil civil = {
        .year = year, .month = month, .day = day, .hour = hour, .minute = minute};
    int64_t seconds;

    assert_true(clock_seconds(&civil, &seconds));
    return seconds * NS_PER_S;
}

static const char *signature_of(const char *authorization)
{
    const char *signature = strstr(authorization, "Signature=");
    assert_non_null(signature);
    return signature + strlen("Signature=");
}

/* ---- the suite: service "service", 2015-08-30 12:36 ---- */

#define HOST                                                                                       \
    {                                                                                              \
        "host", "example.amazonaws.com"                                                            \
    }
#define DATE                                                                                       \
    {                                                                                              \
        "x-amz-date", "20150830T123600Z"                                                           \
    }

static const struct vector {
    const char *name, *method, *path, *query;
    struct sigv4_header headers[8];
    const char *body;
    const char *signature;
} SUITE[] = {
    {"get-vanilla",
     "GET",
     "/",
     "",
     {HOST, DATE},
     "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "/",
     "Param1=value1&Param2=value2",
     {HOST, DATE},
     "",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-unreserved",
     "GET",
     "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     "",
     {HOST, DATE},
     "",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-utf8",
     "GET",
     "/%E1%88%B4",
     "",
     {HOST, DATE},
     "",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-vanilla-utf8-query",
     "GET",
     "/",
     "%E1%88%B4=bar",
     {HOST, DATE},
     "",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-header-value-trim",
     "GET",
     "/",
     "",
     {HOST, {"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}, DATE},
     "",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-header-value-order",
     "GET",
     "/",
     "",
     {HOST,
      {"my-header1", "value4"},
      {"my-header1", "value1"},
      {"my-header1", "value3"},
      {"my-header1", "value2"},
      DATE},
     "",
     "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-key-duplicate",
     "GET",
     "/",
     "",
     {HOST, {"my-header1", "value2"}, {"my-header1", "value2"}, {"my-header1", "value1"}, DATE},
     "",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"post-vanilla",
     "POST",
     "/",
     "",
     {HOST, DATE},
     "",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-vanilla-query",
     "POST",
     "/",
     "Param1=value1",
     {HOST, DATE},
     "",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-header-key-sort",
     "POST",
     "/",
     "",
     {DATE, {"my-header1", "value1"}, HOST},
     "",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case",
     "POST",
     "/",
     "",
     {HOST, {"my-header1", "VALUE1"}, DATE},
     "",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-x-www-form-urlencoded",
     "POST",
     "/",
     "",
     {{"content-type", "application/x-www-form-urlencoded"}, HOST, DATE},
     "Param1=value1",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
};

static void sign_vector(const struct vector *vector, char authorization[SIGV4_AUTHORIZATION_MAX])
{
    const struct sigv4_key key = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                  "us-east-1", "service"};
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    struct sigv4_request request = {.method = vector->method,
                                    .path = vector->path,
                                    .query = vector->query,
                                    .headers = vector->headers,
                                    .payload_hash = hex};
    struct err err;

    while (request.header_count < ARRAY_SIZE(vector->headers) &&
           vector->headers[request.header_count].name)
        request.header_count++;
    sha256_of(view_str(vector->body), digest);
    hex_encode(digest, sizeof digest, hex);
    assert_int_equal(sigv4_sign(&request, &key, at(2015, 8, 30, 12, 36), authorization, &err), 0);
}

static void signs_the_published_suite(void **state)
{
    char authorization[SIGV4_AUTHORIZATION_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(SUITE); i++) {
        sign_vector(&SUITE[i], authorization);
        if (strcmp(signature_of(authorization), SUITE[i].signature) != 0)
            fail_msg("%s: %s", SUITE[i].name, authorization);
    }
}

static void writes_the_whole_header(void **state)
{
    char authorization[SIGV4_AUTHORIZATION_MAX];

    (void)state;
    sign_vector(&SUITE[0], authorization);
    assert_string_equal(
        authorization,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

/* ---- S3's examples: bucket examplebucket, 2013-05-24 ---- */

#define S3_HOST                                                                                    \
    {                                                                                              \
        "host", "examplebucket.s3.amazonaws.com"                                                   \
    }
#define S3_DATE                                                                                    \
    {                                                                                              \
        "x-amz-date", "20130524T000000Z"                                                           \
    }
#define S3_HASH(hash)                                                                              \
    {                                                                                              \
        "x-amz-content-sha256", hash                                                               \
    }
#define PUT_HASH "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"

static const struct s3_example {
    const char *name, *method, *path, *query;
    struct sigv4_header headers[8];
    unsigned header_count;
    const char *hash, *signature;
} EXAMPLES[] = {
    {"GET object, range",
     "GET",
     "/test.txt",
     "",
     {S3_HOST, {"range", "bytes=0-9"}, S3_HASH(EMPTY), S3_DATE},
     4,
     EMPTY,
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"PUT object",
     "PUT",
     "/test%24file.text",
     "",
     {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
      S3_HOST,
      S3_DATE,
      {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
      S3_HASH(PUT_HASH)},
     5,
     PUT_HASH,
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
    {"GET bucket lifecycle",
     "GET",
     "/",
     "lifecycle=",
     {S3_HOST, S3_DATE, S3_HASH(EMPTY)},
     3,
     EMPTY,
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"GET bucket, list",
     "GET",
     "/",
     "max-keys=2&prefix=J",
     {S3_HOST, S3_DATE, S3_HASH(EMPTY)},
     3,
     EMPTY,
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static void signs_the_examples_of_s3(void **state)
{
    const struct sigv4_key key = {"AKIAIOSFODNN7EXAMPLE",
                                  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", "s3"};
    char authorization[SIGV4_AUTHORIZATION_MAX];
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(EXAMPLES); i++) {
        const struct s3_example *example = &EXAMPLES[i];
        const struct sigv4_request request = {example->method,       example->path,
                                              example->query,        example->headers,
                                              example->header_count, example->hash};
        assert_int_equal(sigv4_sign(&request, &key, at(2013, 5, 24, 0, 0), authorization, &err), 0);
        if (strcmp(signature_of(authorization), example->signature) != 0)
            fail_msg("%s: %s", example->name, authorization);
    }
}

static void refuses_what_is_too_large(void **state)
{
    struct sigv4_header headers[SIGV4_HEADERS_MAX + 1];
    const struct sigv4_key key = {"a", "b", "us-east-1", "s3"};
    struct sigv4_request request = {"GET", "/", "", headers, SIGV4_HEADERS_MAX + 1, EMPTY};
    char authorization[SIGV4_AUTHORIZATION_MAX], name[SIGV4_AUTHORIZATION_MAX / 2];
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
        headers[i] = (struct sigv4_header){"a", "b"};
    assert_int_equal(sigv4_sign(&request, &key, 0, authorization, &err), ERR_FAIL);

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    headers[0].name = headers[1].name = headers[2].name = name;
    headers[1].name = name + 1;
    headers[2].name = name + 2;
    request.header_count = 3;
    assert_int_equal(sigv4_sign(&request, &key, 0, authorization, &err), ERR_FAIL);
    assert_string_equal(err.code, "signature");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_the_published_suite),
        cmocka_unit_test(writes_the_whole_header),
        cmocka_unit_test(signs_the_examples_of_s3),
        cmocka_unit_test(refuses_what_is_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
