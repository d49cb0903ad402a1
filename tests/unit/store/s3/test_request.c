#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/s3/request.h"
#include "store/s3/request_sign.h"

/* ---- the endpoint ---- */

static const struct {
    const char *endpoint, *region, *bucket, *addressing;
    const char *host, *endpoint_out; /* NULL: refused, with host as the code */
    bool in_host;
} PLACES[] = {
    {NULL, NULL, "images", NULL, "images.s3.us-east-1.amazonaws.com",
     "https://s3.us-east-1.amazonaws.com", true},
    {"", "eu-west-1", "my.images", "auto", "s3.eu-west-1.amazonaws.com",
     "https://s3.eu-west-1.amazonaws.com", false},
    {NULL, "cn-north-1", "images", "path", "s3.cn-north-1.amazonaws.com.cn",
     "https://s3.cn-north-1.amazonaws.com.cn", false},
    {"http://127.0.0.1:9000", NULL, "images", NULL, "127.0.0.1:9000", "http://127.0.0.1:9000",
     false},
    {"http://Host:80/", NULL, "images", NULL, "host", "http://host", false},
    {"https://host:443/base//", NULL, "images", "path", "host", "https://host/base", false},
    {"https://[::1]:8443", NULL, "images", NULL, "[::1]:8443", "https://[::1]:8443", false},
    {"minio.local", NULL, "images", "virtual", "images.minio.local", "https://minio.local", true},
    {"https://images.s3.wasabisys.com", NULL, "images", NULL, "images.s3.wasabisys.com",
     "https://s3.wasabisys.com", true},
    {"https://images.example.com", NULL, "images", "path", "images.example.com",
     "https://images.example.com", false},
    {"https://oss-cn-shanghai.aliyuncs.com", NULL, "images", NULL,
     "images.oss-cn-shanghai.aliyuncs.com", "https://oss-cn-shanghai.aliyuncs.com", true},
    {"https://cos.ap-guangzhou.myqcloud.com", NULL, "images", "path",
     "cos.ap-guangzhou.myqcloud.com", "https://cos.ap-guangzhou.myqcloud.com", false},
    {"ftp://host", NULL, "images", NULL, "endpoint", NULL, false},
    {"https://", NULL, "images", NULL, "endpoint", NULL, false},
    {"https://host:0", NULL, "images", NULL, "endpoint", NULL, false},
    {"https://host:99999", NULL, "images", NULL, "endpoint", NULL, false},
    {"https://user@host", NULL, "images", NULL, "endpoint", NULL, false},
    {"https://host\r\nX: y", NULL, "images", NULL, "endpoint", NULL, false},
    {"https://host/?x", NULL, "images", NULL, "endpoint", NULL, false},
    {NULL, "eu west", "images", NULL, "region", NULL, false},
    {NULL, NULL, "", NULL, "bucket", NULL, false},
    {NULL, NULL, "a/b", NULL, "bucket", NULL, false},
    {NULL, NULL, "..", NULL, "bucket", NULL, false},
    {NULL, NULL, "images", "both", "addressing", NULL, false},
    {"http://h", NULL, "Images", "virtual", "h", "http://h", false},
    {"http://h", NULL, "my.images", "virtual", "my.images.h", "http://h", true},
    {"https://h", NULL, "my.images", "virtual", "h", "https://h", false},
    {"http://10.0.0.1:80", NULL, "images", "virtual", "10.0.0.1", "http://10.0.0.1", false},
    {NULL, "aws-global", "images", NULL, "images.s3.amazonaws.com", "https://s3.amazonaws.com",
     true},
    {NULL, "us-isob-east-1", "images", NULL, "images.s3.us-isob-east-1.sc2s.sgov.gov",
     "https://s3.us-isob-east-1.sc2s.sgov.gov", true},
    {"https://lb-1.us-east-1.elb.amazonaws.com", NULL, "images", NULL,
     "lb-1.us-east-1.elb.amazonaws.com", "https://lb-1.us-east-1.elb.amazonaws.com", false},
    {"https://s3-lb.us-east-1.elb.amazonaws.com", NULL, "images", NULL,
     "s3-lb.us-east-1.elb.amazonaws.com", "https://s3-lb.us-east-1.elb.amazonaws.com", false},
    {"https://s3.dualstack.us-west-2.amazonaws.com", NULL, "images", NULL,
     "images.s3.dualstack.us-west-2.amazonaws.com", "https://s3.dualstack.us-west-2.amazonaws.com",
     true},
    {"https://bucket.vpce-1a2b.s3.us-west-2.vpce.amazonaws.com", NULL, "bucket", NULL,
     "bucket.bucket.vpce-1a2b.s3.us-west-2.vpce.amazonaws.com",
     "https://bucket.vpce-1a2b.s3.us-west-2.vpce.amazonaws.com", true},
    {NULL, "EU-west-1", "images", NULL, "region", NULL, false},
    {NULL, NULL, "images--use1-az4--x-s3", NULL, "bucket", NULL, false},
    {NULL, NULL, "m.mrap", NULL, "bucket", NULL, false},
    {NULL, NULL, "arn:aws:s3-outposts:us-west-2:1:outpost/op-1", NULL, "bucket", NULL, false},
};

static void endpoints_are_read_as_people_write_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(PLACES); i++) {
        struct s3_endpoint place;
        struct err err = {0};
        const struct s3_place_options options = {.endpoint = PLACES[i].endpoint,
                                                 .region = PLACES[i].region,
                                                 .bucket = PLACES[i].bucket,
                                                 .addressing = PLACES[i].addressing};
        int result = s3_endpoint_init(&place, &options, &err);
        if (!PLACES[i].endpoint_out) {
            assert_int_equal(result, ERR_FAIL);
            assert_int_equal(err.family, ERR_USAGE);
            assert_string_equal(err.code, PLACES[i].host);
            continue;
        }
        assert_int_equal(result, 0);
        assert_string_equal(place.host, PLACES[i].host);
        assert_string_equal(place.endpoint, PLACES[i].endpoint_out);
        assert_int_equal(place.in_host, PLACES[i].in_host);
    }
}

static int open_place(struct s3_endpoint *place, const char *endpoint, const char *bucket,
                      const char *addressing)
{
    struct err err;

    return s3_endpoint_init(place,
                            &(const struct s3_place_options){
                                .endpoint = endpoint, .bucket = bucket, .addressing = addressing},
                            &err);
}

static void names_that_no_bucket_has_are_refused(void **state)
{
    static const struct {
        const char *name;
        bool exists, exists_on_aws;
        const char *hint; /* on AWS */
    } cases[] = {{"images", true, true, NULL},        {"my.images", true, true, NULL},
                 {"ab", false, false, "the name"},    {"10.0.0.1", false, false, "the name"},
                 {"Images", true, false, "endpoint"}, {"my_images", true, false, "endpoint"},
                 {"images-", true, false, "endpoint"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = {0};

        assert_int_equal(s3_bucket_check_exists(cases[i].name, false, &err) == 0, cases[i].exists);
        assert_int_equal(s3_bucket_check_exists(cases[i].name, true, &err) == 0,
                         cases[i].exists_on_aws);
        if (!cases[i].exists_on_aws)
            assert_non_null(strstr(err.hint, cases[i].hint));
        if (!cases[i].exists)
            assert_null(strstr(err.hint, "endpoint"));
    }
}

static void moves_to_a_region_that_is_one(void **state)
{
    struct s3_endpoint place;

    (void)state;
    assert_int_equal(open_place(&place, NULL, "images", NULL), 0);
    assert_false(s3_endpoint_move(&place, "us-east-1"));
    assert_false(s3_endpoint_move(&place, "evil.example.com/"));
    assert_false(s3_endpoint_move(&place, ""));
    assert_true(s3_endpoint_move(&place, "eu-west-3"));
    assert_string_equal(place.host, "images.s3.eu-west-3.amazonaws.com");

    assert_int_equal(open_place(&place, "http://h:1", "images", NULL), 0);
    assert_true(s3_endpoint_move(&place, "eu-west-3"));
    assert_string_equal(place.host, "h:1");
    assert_string_equal(place.region, "eu-west-3");
}

/* ---- the URL ---- */

static const struct {
    struct store_op op;
    const char *method, *path, *query, *headers;
} SPELLINGS[] = {
    {{.verb = STORE_HEAD, .key = "a/b"}, "HEAD", "/images/a/b", "", ""},
    {{.verb = STORE_HEAD, .key = "a b+c&d=e%f~g/\xc3\xbc//"},
     "HEAD",
     "/images/a%20b%2Bc%26d%3De%25f~g/%C3%BC//",
     "",
     ""},
    {{.verb = STORE_GET, .key = "k"}, "GET", "/images/k", "", ""},
    {{.verb = STORE_GET, .key = "k", .offset = 5, .length = 10, .if_match = "\"e\""},
     "GET",
     "/images/k",
     "",
     "range: bytes=5-14|if-match: \"e\"|"},
    {{.verb = STORE_GET, .key = "k", .unless = "\"e\""},
     "GET",
     "/images/k",
     "",
     "if-none-match: \"e\"|"},
    {{.verb = STORE_GET, .key = "k", .offset = 5}, "GET", "/images/k", "", "range: bytes=5-|"},
    {{.verb = STORE_PUT, .key = "k", .if_none_match = true, .content_type = "application/json"},
     "PUT",
     "/images/k",
     "",
     "content-md5: 1B2M2Y8AsgTpgAmY7PhCfg==|content-type: application/json|if-none-match: *|"},
    {{.verb = STORE_DELETE, .key = "k"}, "DELETE", "/images/k", "", ""},
    {{.verb = STORE_COPY, .key = "k", .source = "o ld/x", .if_match = "\"e\""},
     "PUT",
     "/images/k",
     "",
     "x-amz-copy-source: /images/o%20ld/x|x-amz-copy-source-if-match: \"e\"|"},
    {{.verb = STORE_LIST, .key = "a b/", .delimiter = '/', .token = "t+="},
     "GET",
     "/images",
     "continuation-token=t%2B%3D&delimiter=%2F&list-type=2&max-keys=1000&prefix=a%20b%2F",
     ""},
    {{.verb = STORE_UPLOAD_CREATE, .key = "k"}, "POST", "/images/k", "uploads=", ""},
    {{.verb = STORE_UPLOAD_PART, .key = "k", .upload_id_in = "u~/1", .part_number = 7},
     "PUT",
     "/images/k",
     "partNumber=7&uploadId=u~%2F1",
     ""},
    {{.verb = STORE_UPLOAD_COPY_PART,
      .key = "k",
      .upload_id_in = "u",
      .part_number = 7,
      .source = "s",
      .offset = 3,
      .length = 4},
     "PUT",
     "/images/k",
     "partNumber=7&uploadId=u",
     "x-amz-copy-source: /images/s|x-amz-copy-source-range: bytes=3-6|"},
    {{.verb = STORE_UPLOAD_ABORT, .key = "k", .upload_id_in = "u"},
     "DELETE",
     "/images/k",
     "uploadId=u",
     ""},
    {{.verb = STORE_UPLOAD_PARTS, .key = "k", .upload_id_in = "u", .token = "12"},
     "GET",
     "/images/k",
     "part-number-marker=12&uploadId=u",
     ""},
    {{.verb = STORE_UPLOADS, .key = "a/"}, "GET", "/images", "prefix=a%2F&uploads=", ""},
    {{.verb = STORE_UPLOADS, .key = "a/", .token = "a/b\nu&1"},
     "GET",
     "/images",
     "key-marker=a%2Fb&prefix=a%2F&upload-id-marker=u%261&uploads=",
     ""},
    {{.verb = STORE_LIFECYCLE}, "GET", "/images", "lifecycle=", ""},
};

static void every_question_has_its_spelling(void **state)
{
    static struct s3_request request;
    struct s3_endpoint place;
    struct err err;

    (void)state;
    assert_int_equal(open_place(&place, "http://h:1", "images", NULL), 0);
    s3_request_init(&request);
    for (size_t i = 0; i < ARRAY_SIZE(SPELLINGS); i++) {
        char headers[512] = "";
        assert_int_equal(s3_request_build(&request, &place, &SPELLINGS[i].op, &err), 0);
        assert_string_equal(request.method, SPELLINGS[i].method);
        assert_string_equal(request.path, SPELLINGS[i].path);
        assert_string_equal(request.query, SPELLINGS[i].query);
        for (unsigned h = 0; h < request.header_count; h++) {
            strcat(headers, request.headers[h].name);
            strcat(headers, ": ");
            strcat(headers, request.headers[h].value);
            strcat(headers, "|");
        }
        assert_string_equal(headers, SPELLINGS[i].headers);
    }
    s3_request_finish(&request);
}

static void everything_may_lie_in_a_folder(void **state)
{
    static struct s3_request request;
    const struct store_op head = {.verb = STORE_HEAD, .key = "images/k"};
    const struct store_op copy = {.verb = STORE_COPY, .key = "b", .source = "a"};
    const struct store_op list = {.verb = STORE_LIST, .key = "images/"};
    const struct store_op uploads = {.verb = STORE_UPLOADS, .key = "x"};
    static const char *const bad[] = {"/", "/a", "a//b", "..", "a/../b", ".", "./a", "a\n"};
    struct s3_endpoint place;
    struct err err;

    (void)state;
    assert_int_equal(open_place(&place, "http://h", "outer", NULL), 0);
    assert_int_equal(s3_endpoint_under(&place, "", &err), 0);
    assert_string_equal(place.key_prefix, "");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(s3_endpoint_under(&place, bad[i], &err), ERR_FAIL);
    assert_int_equal(s3_endpoint_under(&place, "in ner", &err), 0);
    s3_request_init(&request);
    assert_int_equal(s3_request_build(&request, &place, &head, &err), 0);
    assert_string_equal(request.path, "/outer/in%20ner/images/k");
    assert_int_equal(s3_request_build(&request, &place, &copy, &err), 0);
    assert_string_equal(request.path, "/outer/in%20ner/b");
    assert_string_equal(request.headers[0].value, "/outer/in%20ner/a");
    assert_int_equal(s3_request_build(&request, &place, &list, &err), 0);
    assert_non_null(strstr(request.query, "prefix=in%20ner%2Fimages%2F"));
    assert_int_equal(s3_request_build(&request, &place, &uploads, &err), 0);
    assert_non_null(strstr(request.query, "prefix=in%20ner%2Fx"));
    s3_request_finish(&request);
}

static void the_bucket_may_be_in_the_host(void **state)
{
    static struct s3_request request;
    const struct store_op head = {.verb = STORE_HEAD, .key = "k"};
    const struct store_op list = {.verb = STORE_LIST, .key = ""};
    struct s3_endpoint place;
    struct err err;

    (void)state;
    assert_int_equal(open_place(&place, "https://h/base", "images", "virtual"), 0);
    s3_request_init(&request);
    assert_int_equal(s3_request_build(&request, &place, &head, &err), 0);
    assert_string_equal(request.path, "/base/k");
    assert_int_equal(s3_request_build(&request, &place, &list, &err), 0);
    assert_string_equal(request.path, "/base/");
    s3_request_finish(&request);
}

static void completing_lists_the_parts_and_escapes(void **state)
{
    static struct s3_request request;
    const struct store_part parts[] = {{1, "\"a\""}, {2, "<&>"}};
    const struct store_op op = {.verb = STORE_UPLOAD_COMPLETE,
                                .key = "k",
                                .upload_id_in = "u",
                                .parts = parts,
                                .part_count = 2};
    struct s3_endpoint place;
    struct err err;

    (void)state;
    assert_int_equal(open_place(&place, "http://h", "images", NULL), 0);
    s3_request_init(&request);
    for (int twice = 0; twice < 2; twice++) {
        assert_int_equal(s3_request_build(&request, &place, &op, &err), 0);
        assert_string_equal(
            (const char *)request.body.data,
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part>"
            "<Part><PartNumber>2</PartNumber><ETag>&lt;&amp;&gt;</ETag></Part>"
            "</CompleteMultipartUpload>");
        assert_true(request.has_body);
    }
    s3_request_finish(&request);
}

static void the_longest_key_fits_and_no_longer_one(void **state)
{
    static struct s3_request request;
    static const char *const bad[] = {"", "..", ".", "a/../b", "a/.", "../a"};
    char key[STORE_KEY_MAX + 2];
    struct s3_endpoint place;
    struct err err;

    (void)state;
    memset(key, '\xff', sizeof key);
    key[STORE_KEY_MAX] = '\0';
    struct store_op op = {.verb = STORE_COPY, .key = key, .source = key};
    assert_int_equal(open_place(&place, "http://h", "images", NULL), 0);
    s3_request_init(&request);
    assert_int_equal(s3_request_build(&request, &place, &op, &err), 0);
    assert_int_equal(strlen(request.path), strlen("/images/") + 3 * STORE_KEY_MAX);
    op = (struct store_op){.verb = STORE_LIST, .key = key, .token = key, .delimiter = '/'};
    assert_int_equal(s3_request_build(&request, &place, &op, &err), 0);

    key[STORE_KEY_MAX] = 'x';
    key[STORE_KEY_MAX + 1] = '\0';
    op = (struct store_op){.verb = STORE_HEAD, .key = key};
    assert_int_equal(s3_request_build(&request, &place, &op, &err), ERR_FAIL);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        op.key = bad[i];
        assert_int_equal(s3_request_build(&request, &place, &op, &err), ERR_FAIL);
        assert_string_equal(err.code, "key");
    }
    s3_request_finish(&request);
}

static void signs_what_it_sends(void **state)
{
    static struct s3_request request;
    const struct store_op op = {.verb = STORE_GET, .key = "k", .length = 10};
    struct credentials creds = {"AKID", "secret", "token"};
    struct s3_endpoint place;
    struct text lines;
    struct err err;
    unsigned count = 0;
    char joined[4096] = "";

    (void)state;
    assert_int_equal(open_place(&place, "http://h:1", "images", NULL), 0);
    s3_request_init(&request);
    text_init(&lines, 64 * KIB);
    assert_int_equal(s3_request_build(&request, &place, &op, &err), 0);
    assert_int_equal(
        s3_request_sign(&request, &place, &creds, "UNSIGNED-PAYLOAD", 0, &lines, &count, &err), 0);
    const char *line = lines.data;
    for (unsigned i = 0; i < count; i++, line += strlen(line) + 1) {
        strcat(joined, line);
        strcat(joined, "|");
    }
    assert_non_null(strstr(joined, "host: h:1|range: bytes=0-9|x-amz-date: 19700101T000000Z|"
                                   "x-amz-content-sha256: UNSIGNED-PAYLOAD|"
                                   "x-amz-security-token: token|Authorization: "));
    assert_non_null(strstr(joined, "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date;"
                                   "x-amz-security-token, "));

    creds = (struct credentials){0};
    text_clear(&lines);
    count = 0;
    assert_int_equal(
        s3_request_sign(&request, &place, &creds, "UNSIGNED-PAYLOAD", 0, &lines, &count, &err), 0);
    assert_int_equal(count, 2);
    text_finish(&lines);
    s3_request_finish(&request);
}

static void no_value_becomes_two_headers(void **state)
{
    static struct s3_request request;
    static const char *const bad[] = {"\"e\"\r\nx-injected: yes", "\"e\"\n", "a\x7f", "\x01"};
    const struct credentials creds = {"AKID", "secret", ""};
    struct s3_endpoint place;
    struct text lines;
    struct err err;

    (void)state;
    assert_int_equal(open_place(&place, "http://h", "images", NULL), 0);
    s3_request_init(&request);
    text_init(&lines, 64 * KIB);
    for (size_t i = 0; i < 3 * ARRAY_SIZE(bad); i++) {
        static const enum store_verb verbs[] = {STORE_GET, STORE_PUT, STORE_UPLOAD_COPY_PART};
        const struct store_op op = {.verb = verbs[i % 3],
                                    .key = "k",
                                    .source = "s",
                                    .upload_id_in = "u",
                                    .if_match = bad[i / 3]};
        unsigned count = 0;
        int result = s3_request_build(&request, &place, &op, &err);

        if (result == 0)
            result = s3_request_sign(&request, &place, &creds, "UNSIGNED-PAYLOAD", 0, &lines,
                                     &count, &err);
        assert_int_equal(result, ERR_FAIL);
        assert_string_equal(err.code, "header");
        assert_int_equal(lines.size, 0);
    }
    text_finish(&lines);
    s3_request_finish(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_are_read_as_people_write_them),
        cmocka_unit_test(names_that_no_bucket_has_are_refused),
        cmocka_unit_test(moves_to_a_region_that_is_one),
        cmocka_unit_test(every_question_has_its_spelling),
        cmocka_unit_test(everything_may_lie_in_a_folder),
        cmocka_unit_test(the_bucket_may_be_in_the_host),
        cmocka_unit_test(completing_lists_the_parts_and_escapes),
        cmocka_unit_test(the_longest_key_fits_and_no_longer_one),
        cmocka_unit_test(signs_what_it_sends),
        cmocka_unit_test(no_value_becomes_two_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
