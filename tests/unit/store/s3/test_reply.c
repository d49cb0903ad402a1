#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "store/s3/page.h"
#include "store/s3/reply.h"

#define ERROR(code)                                                                                \
    "<?xml version=\"1.0\"?><Error><Code>" code "</Code><Message>m</Message></Error>"

static struct s3_endpoint place(void)
{
    struct s3_endpoint place;
    struct err err;

    assert_int_equal(s3_endpoint_init(&place,
                                      &(const struct s3_place_options){.endpoint = "http://h:1",
                                                                       .bucket = "images"},
                                      &err),
                     0);
    return place;
}

static struct s3_reply read_reply(struct store_op *op, const struct http_answer *answer)
{
    const struct s3_endpoint here = place();
    struct s3_reply reply;

    op->key = "k";
    s3_reply_read(&reply, &here, op, answer);
    return reply;
}

static const struct refusal {
    enum store_verb verb;
    int status;
    const char *body;
    enum s3_verdict verdict;
    enum err_family family;
    const char *code;
} REFUSALS[] = {
    {STORE_GET, 404, ERROR("NoSuchKey"), S3_ABSENT, 0, NULL},
    {STORE_GET, 404, "", S3_ABSENT, 0, NULL},
    {STORE_GET, 404, ERROR("NoSuchBucket"), S3_FAILED, ERR_NOT_FOUND, "bucket"},
    {STORE_LIFECYCLE, 404, ERROR("NoSuchLifecycleConfiguration"), S3_ABSENT, 0, NULL},
    {STORE_LIFECYCLE, 403, ERROR("AccessDenied"), S3_FAILED, ERR_AUTH, "denied"},
    {STORE_LIFECYCLE, 501, ERROR("NotImplemented"), S3_FAILED, ERR_UNSUPPORTED, "operation"},
    {STORE_HEAD, 404, "", S3_ASK, 0, NULL},
    {STORE_HEAD, 403, "", S3_ASK, 0, NULL},
    {STORE_HEAD, 400, "", S3_ASK, 0, NULL},
    {STORE_HEAD, 500, "", S3_AGAIN, ERR_NETWORK, "server"},
    {STORE_DELETE, 404, ERROR("NoSuchKey"), S3_DONE, 0, NULL},
    {STORE_DELETE, 404, ERROR("NoSuchBucket"), S3_FAILED, ERR_NOT_FOUND, "bucket"},
    {STORE_UPLOAD_ABORT, 404, ERROR("NoSuchUpload"), S3_DONE, 0, NULL},
    {STORE_UPLOAD_PART, 404, ERROR("NoSuchUpload"), S3_ABSENT, 0, NULL},
    {STORE_PUT, 412, ERROR("PreconditionFailed"), S3_CHANGED, 0, NULL},
    {STORE_PUT, 412, "", S3_CHANGED, 0, NULL},
    {STORE_PUT, 409, ERROR("ConditionalRequestConflict"), S3_AGAIN, ERR_CONFLICT, "busy"},
    {STORE_UPLOAD_COMPLETE, 409, ERROR("ConditionalRequestConflict"), S3_CHANGED, 0, NULL},
    {STORE_PUT, 403, ERROR("RequestTimeTooSkewed"), S3_CLOCK, ERR_AUTH, "clock"},
    {STORE_PUT, 400, ERROR("AuthorizationHeaderMalformed"), S3_REGION, ERR_USAGE, "region"},
    {STORE_PUT, 301, "", S3_REGION, ERR_USAGE, "region"},
    {STORE_PUT, 503, ERROR("SlowDown"), S3_AGAIN, ERR_NETWORK, "busy"},
    {STORE_PUT, 400, ERROR("RequestTimeout"), S3_AGAIN, ERR_NETWORK, "timeout"},
    {STORE_PUT, 599, "", S3_AGAIN, ERR_NETWORK, "server"},
    {STORE_PUT, 418, "", S3_FAILED, ERR_UNSUPPORTED, "request"},
    {STORE_PUT, 403, ERROR("InventedToday"), S3_FAILED, ERR_AUTH, "denied"},
    {STORE_PUT, 403, "<html><body>Blocked", S3_FAILED, ERR_NETWORK, "not_s3"},
    {STORE_PUT, 413, "", S3_FAILED, ERR_UNSUPPORTED, "size"},
    {STORE_UPLOAD_PART, 413, "<html>nginx", S3_FAILED, ERR_UNSUPPORTED, "size"},
    {STORE_PUT, 502, "<html>bad gateway", S3_AGAIN, ERR_NETWORK, "server"},
    {STORE_UPLOAD_COMPLETE, 400, ERROR("EntityTooSmall"), S3_FAILED, ERR_UNSUPPORTED, "part_size"},
    {STORE_UPLOAD_COMPLETE, 400, ERROR("InvalidPart"), S3_FAILED, ERR_INTEGRITY, "part"},
    {STORE_UPLOAD_COMPLETE, 200, ERROR("InternalError"), S3_AGAIN, ERR_NETWORK, "server"},
    {STORE_UPLOAD_COMPLETE, 200, ERROR("InventedToday"), S3_AGAIN, ERR_NETWORK, "server"},
    {STORE_UPLOAD_COMPLETE, 200, ERROR("NoSuchUpload"), S3_ABSENT, 0, NULL},
    {STORE_UPLOAD_COMPLETE, 200, "   \n\n  ", S3_UNSURE, 0, NULL},
    {STORE_UPLOAD_COMPLETE, 200, "", S3_UNSURE, 0, NULL},
    {STORE_UPLOAD_COMPLETE, 200, "<CompleteMultipartUploadRes", S3_UNSURE, 0, NULL},
    {STORE_COPY, 200, ERROR("SlowDown"), S3_AGAIN, ERR_NETWORK, "busy"},
    {STORE_COPY, 200, "", S3_AGAIN, ERR_INTEGRITY, "answer"},
    {STORE_COPY, 200, "<CopyObjectResult/>", S3_AGAIN, ERR_INTEGRITY, "answer"},
    {STORE_COPY, 200, "<html>hello", S3_FAILED, ERR_NETWORK, "not_s3"},
    {STORE_UPLOAD_CREATE, 200,
     "<InitiateMultipartUploadResult><UploadId/>"
     "</InitiateMultipartUploadResult>",
     S3_AGAIN, ERR_INTEGRITY, "answer"},
    {STORE_LIST, 200, "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>", S3_FAILED,
     ERR_USAGE, "addressing"},
    {STORE_LIST, 403, ERROR("SecondLevelDomainForbidden"), S3_FAILED, ERR_USAGE, "addressing"},
    {STORE_LIST, 403, ERROR("PathStyleDomainForbidden"), S3_FAILED, ERR_USAGE, "addressing"},
    {STORE_LIST, 200, "<ListPartsResult/>", S3_AGAIN, ERR_INTEGRITY, "listing"},
    {STORE_PUT, 200, "", S3_AGAIN, ERR_INTEGRITY, "answer"}, /* no ETag */
    {STORE_PUT, 511, "", S3_FAILED, ERR_NETWORK, "not_s3"},
    {STORE_GET, 304, "", S3_FAILED, ERR_NETWORK, "condition"},
    /* 200 with an error */
    {STORE_DELETE, 200, ERROR("AccessDenied"), S3_FAILED, ERR_AUTH, "denied"},
    {STORE_UPLOAD_ABORT, 200, ERROR("SlowDown"), S3_AGAIN, ERR_NETWORK, "busy"},
    {STORE_UPLOAD_PART, 200, ERROR("SlowDown"), S3_AGAIN, ERR_NETWORK, "busy"},
    {STORE_LIST, 200, ERROR("InternalError"), S3_AGAIN, ERR_NETWORK, "server"},
};

static void every_refusal_has_a_class_and_a_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(REFUSALS); i++) {
        struct store_op op = {.verb = REFUSALS[i].verb,
                              .if_none_match = REFUSALS[i].verdict == S3_CHANGED};
        const struct http_answer answer = {.status = REFUSALS[i].status,
                                           .body = view_str(REFUSALS[i].body)};
        struct s3_reply reply = read_reply(&op, &answer);
        if (reply.verdict != REFUSALS[i].verdict)
            fail_msg("row %zu: verdict %d", i, (int)reply.verdict);
        if (!REFUSALS[i].code)
            continue;
        assert_int_equal(op.err.family, REFUSALS[i].family);
        assert_string_equal(op.err.code, REFUSALS[i].code);
        assert_true(op.err.text[0]);
    }
}

/* Some stores send text/html for all responses. So do login pages. */
static void a_web_page_is_not_recognised_by_its_type_alone(void **state)
{
    static const struct {
        enum store_verb verb;
        int status;
        const char *body, *request_id;
        int64_t length;
        enum s3_verdict verdict;
    } cases[] = {
        {STORE_GET, 404, ERROR("NoSuchKey"), "", 200, S3_ABSENT},
        {STORE_GET, 404, ERROR("NoSuchKey"), "0A1B", 200, S3_ABSENT},
        {STORE_HEAD, 404, "", "0A1B", 0, S3_ASK},
        {STORE_HEAD, 404, "", "", 0, S3_ASK},
        {STORE_HEAD, 404, "", "", 4711, S3_FAILED},
        {STORE_GET, 404, "<p>Please log in", "", 16, S3_FAILED},
        {STORE_GET, 403, "<?xml version=\"1.0\"?><!DOCTYPE html><html/>", "", 43, S3_FAILED},
        {STORE_GET, 200, "", "", 4711, S3_FAILED},
        {STORE_GET, 200, "", "0A1B", 4711, S3_DONE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct store_op op = {.verb = cases[i].verb};
        struct http_answer answer = {.status = cases[i].status,
                                     .body = view_str(cases[i].body),
                                     .content_length = cases[i].length,
                                     .content_type = "text/html; charset=utf-8",
                                     .etag = "\"0123\""};
        struct s3_reply reply;

        snprintf(answer.request_id, sizeof answer.request_id, "%s", cases[i].request_id);
        reply = read_reply(&op, &answer);
        if (reply.verdict != cases[i].verdict)
            fail_msg("row %zu: verdict %d", i, (int)reply.verdict);
        if (reply.verdict == S3_FAILED)
            assert_string_equal(op.err.code, "not_s3");
    }
}

static void only_a_conditional_read_can_be_unchanged(void **state)
{
    static const struct {
        enum store_verb verb;
        int status;
        const char *unless, *if_match, *body;
        enum s3_verdict verdict;
    } cases[] = {
        {STORE_GET, 304, "\"e\"", NULL, "", S3_SAME},
        {STORE_GET, 304, "\"e\"", "\"e\"", "", S3_SAME},
        {STORE_GET, 304, NULL, NULL, "", S3_FAILED},
        {STORE_PUT, 304, NULL, "\"e\"", "", S3_FAILED},
        {STORE_GET, 412, "\"e\"", NULL, ERROR("PreconditionFailed"), S3_SAME},
        {STORE_GET, 412, "\"e\"", NULL, "", S3_SAME},
        {STORE_GET, 412, "\"e\"", "\"f\"", ERROR("PreconditionFailed"), S3_CHANGED},
        {STORE_GET, 412, NULL, NULL, ERROR("PreconditionFailed"), S3_FAILED},
        {STORE_GET, 404, "\"e\"", NULL, ERROR("NoSuchKey"), S3_ABSENT},
        {STORE_GET, 403, "\"e\"", NULL, ERROR("AccessDenied"), S3_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct store_op op = {
            .verb = cases[i].verb, .unless = cases[i].unless, .if_match = cases[i].if_match};
        const struct http_answer answer = {.status = cases[i].status,
                                           .body = view_str(cases[i].body)};

        if (read_reply(&op, &answer).verdict != cases[i].verdict)
            fail_msg("row %zu", i);
    }
}

static void every_fault_of_the_transport_too(void **state)
{
    (void)state;
    for (int fault = HTTP_RESOLVE; fault <= HTTP_BROKEN; fault++) {
        struct store_op op = {.verb = STORE_PUT};
        const struct http_answer answer = {.fault = (enum http_fault)fault, .detail = "why"};
        struct s3_reply reply = read_reply(&op, &answer);
        assert_true(reply.verdict == S3_AGAIN || reply.verdict == S3_FAILED);
        assert_int_equal(reply.cause, reply.verdict == S3_AGAIN ? RETRY_SILENCE : 0);
        assert_true(fault == HTTP_TUNNEL || strstr(op.err.text, "why"));
        assert_non_null(strstr(op.err.text, "http://h:1"));
        /* as a folder reports it: readers of documents depend on it */
        assert_int_equal(fault == HTTP_TOO_MUCH, err_is(&op.err, ERR_INTEGRITY, CODE_TOO_LARGE));
    }
}

static void an_error_that_broke_off_still_counts(void **state)
{
    struct store_op op = {.verb = STORE_PUT};
    const struct http_answer answer = {
        .fault = HTTP_CUT, .status = 403, .body = view_str("<Error><Code>Acc")};

    (void)state;
    assert_int_equal(read_reply(&op, &answer).verdict, S3_FAILED);
    assert_int_equal(op.err.family, ERR_AUTH);
}

static const struct {
    uint64_t offset, length, received;
    int status;
    int64_t content_length;
    const char *content_range;
    bool good;
    uint64_t size;
} RANGES[] = {
    {0, 10, 10, 206, 10, "bytes 0-9/100", true, 100},
    {90, 10, 10, 206, 10, "bytes 90-99/100", true, 100},
    {90, 10, 10, 206, 10, "bytes 90-99/*", true, 0},
    {90, 0, 10, 206, 10, "bytes 90-99/100", true, 100},
    {0, 10, 10, 200, 10, "", true, 10}, /* the whole of it, unasked */
    {0, 10, 0, 200, 100, "", false, 0},
    {5, 10, 0, 200, 10, "", false, 0},
    {90, 10, 10, 206, 10, "bytes 91-100/200", false, 0},
    {90, 10, 9, 206, 9, "bytes 90-98/99", false, 0},
    {90, 10, 9, 206, 10, "bytes 90-99/100", false, 0},
    {90, 10, 10, 206, 10, "bytes 90-99/99", false, 0},
    {0, 10, 10, 206, 10, "", true, 0}, /* the requested length: the reference clients accept it */
    {0, 10, 9, 206, 9, "", false, 0},
    {7, 0, 9, 206, 9, "", false, 0},
    {7, 16, 16, 200, 16, "bytes 7-22/67", true, 67}, /* rclone serve s3 */
    {0, 16, 16, 200, 16, "Bytes 0-15/67", true, 67},
    {7, 60, 60, 203, 60, "bytes 7-66/67", true, 67},
    {7, 16, 16, 200, 16, "bytes 8-23/67", false, 0},
    {7, 16, 16, 200, 16, "", false, 0},
    {0, 10, 10, 206, 10, "bytes 9-0/10", false, 0},
    {0, 10, 10, 206, 10, "bytes -9/10", false, 0},
    {0, 10, 10, 206, 10, "bytes */10", false, 0},
    {0, 10, 10, 206, 10, "items 0-9/10", false, 0},
    {0, 10, 10, 206, 10, "bytes 0-99999999999999999999999999999/10", false, 0},
};

static void a_range_is_the_one_asked_for_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(RANGES); i++) {
        struct store_op op = {
            .verb = STORE_GET, .offset = RANGES[i].offset, .length = RANGES[i].length};
        struct http_answer answer = {.status = RANGES[i].status,
                                     .received = RANGES[i].received,
                                     .content_length = RANGES[i].content_length,
                                     .etag = "\"e\""};
        snprintf(answer.content_range, sizeof answer.content_range, "%s", RANGES[i].content_range);
        struct s3_reply reply = read_reply(&op, &answer);
        if (reply.verdict != (RANGES[i].good ? S3_DONE : S3_FAILED))
            fail_msg("row %zu: verdict %d", i, (int)reply.verdict);
        if (RANGES[i].good)
            assert_int_equal(op.info.size, RANGES[i].size);
        else
            assert_string_equal(op.err.code, "range");
    }
}

static void reads_successful_responses(void **state)
{
    struct store_op op = {.verb = STORE_HEAD};
    struct http_answer answer = {.status = 200,
                                 .content_length = 7,
                                 .etag = "W/\"opaque\"",
                                 .last_modified = "Mon, 23 Nov 2026 08:19:34 GMT"};

    (void)state;
    assert_int_equal(read_reply(&op, &answer).verdict, S3_DONE);
    assert_int_equal(op.info.size, 7);
    assert_string_equal(op.info.etag, "\"opaque\""); /* as If-Match needs it */
    strcpy(answer.etag, "opaque");
    assert_int_equal(read_reply(&op, &answer).verdict, S3_DONE);
    assert_string_equal(op.info.etag, "\"opaque\"");
    assert_true(op.info.modified > 0);

    op = (struct store_op){.verb = STORE_UPLOAD_COPY_PART};
    answer.body = view_str("<a:CopyPartResult xmlns:a=\"x\"><a:ETag>&quot;e&quot;</a:ETag>"
                           "</a:CopyPartResult>");
    assert_int_equal(read_reply(&op, &answer).verdict, S3_DONE);
    assert_string_equal(op.info.etag, "\"e\"");

    op = (struct store_op){.verb = STORE_COPY}; /* Ceph omits the quotes */
    answer.body = view_str("<CopyObjectResult><ETag>e</ETag></CopyObjectResult>");
    assert_int_equal(read_reply(&op, &answer).verdict, S3_DONE);
    assert_string_equal(op.info.etag, "\"e\"");

    op = (struct store_op){.verb = STORE_UPLOAD_COMPLETE}; /* and here the value is missing */
    answer.body =
        view_str("<CompleteMultipartUploadResult><ETag/></CompleteMultipartUploadResult>");
    assert_int_equal(read_reply(&op, &answer).verdict, S3_DONE);
    assert_string_equal(op.info.etag, "");
}

/* `rclone serve s3` ignores the source of a part, and stores the empty body. */
static void a_copy_that_stored_nothing_is_unsupported(void **state)
{
    const struct http_answer nothing = {.status = 200,
                                        .etag = "\"d41d8cd98f00b204e9800998ecf8427e\""};
    const struct http_answer other = {.status = 200,
                                      .etag = "\"0123456789abcdef0123456789abcdef\""};
    static const enum store_verb verbs[] = {STORE_COPY, STORE_UPLOAD_COPY_PART};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        struct store_op op = {.verb = verbs[i]};

        assert_int_equal(read_reply(&op, &nothing).verdict, S3_FAILED);
        assert_int_equal(op.err.family, ERR_UNSUPPORTED);
        assert_int_equal(op.failure, STORE_REJECTED);
        assert_int_equal(read_reply(&op, &other).verdict, S3_AGAIN);
    }
}

/* Real servers use other names for the root element, and add their own fields. */
static void the_root_of_a_response_has_any_name(void **state)
{
    static const struct {
        enum store_verb verb;
        const char *body, *etag, *upload_id;
    } cases[] = {
        {STORE_UPLOAD_CREATE,
         "<InitiateMultipartUpload><Bucket>b</Bucket><UploadId>u1</UploadId>"
         "</InitiateMultipartUpload>",
         "", "u1"},
        {STORE_UPLOAD_CREATE,
         " \n<?xml version=\"1.0\"?><x:R xmlns:x=\"y\"><x:Own><x:UploadId>no</x:UploadId></x:Own>"
         "<x:UploadId>u2</x:UploadId></x:R>",
         "", "u2"},
        {STORE_COPY, "<CopyResult><ETag>e</ETag></CopyResult>", "\"e\"", ""},
        {STORE_UPLOAD_COPY_PART, "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>", "\"e\"",
         ""},
        {STORE_UPLOAD_COPY_PART, "<CopyPartResult/>", "\"of-the-header\"", ""},
        {STORE_UPLOAD_COMPLETE, "<Done><Key>k</Key></Done>", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct store_op op = {.verb = cases[i].verb};
        const struct http_answer answer = {
            .status = 200, .body = view_str(cases[i].body), .etag = "\"of-the-header\""};

        if (read_reply(&op, &answer).verdict != S3_DONE)
            fail_msg("row %zu: %s", i, op.err.text);
        assert_string_equal(op.info.etag, cases[i].etag);
        assert_string_equal(op.upload_id, cases[i].upload_id);
    }
    struct store_op op = {.verb = STORE_COPY};
    const struct http_answer error = {
        .status = 200, .body = view_str("<Trouble><Code>InternalError</Code></Trouble>")};
    const struct s3_reply reply = read_reply(&op, &error);
    assert_int_equal(reply.verdict, S3_AGAIN);
    assert_string_equal(reply.s3_code, "InternalError");
}

/* Callers use the class of a failure. */
static void a_refusal_has_a_class(void **state)
{
    static const struct {
        int status;
        const char *code;
        enum store_failure failure;
    } cases[] = {
        {403, "AccessDenied", STORE_FORBIDDEN},
        {403, "", STORE_FORBIDDEN},
        {403, "ExpiredToken", STORE_REFUSED},
        {400, "SignatureDoesNotMatch", STORE_REFUSED},
        {501, "NotImplemented", STORE_UNSUPPORTED},
        {501, "", STORE_UNSUPPORTED},
        {405, "", STORE_REJECTED},
        {400, "InvalidArgument", STORE_REJECTED},
        {400, "InvalidPart", STORE_REJECTED},
        {400, "EntityTooSmall", STORE_REJECTED},
        {400, "InvalidRequest", STORE_REJECTED},
        {429, "", STORE_BUSY},
        {503, "SlowDown", STORE_BUSY},
        {500, "InternalError", STORE_BUSY},
        {408, "", STORE_BUSY},
        {404, "NoSuchBucket", STORE_REFUSED},
    };
    const struct http_answer nothing = {.fault = HTTP_CUT};
    struct store_op cut = {.verb = STORE_GET};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct store_op op = {.verb = STORE_UPLOAD_COPY_PART};
        char body[128];
        struct http_answer answer = {.status = cases[i].status};

        snprintf(body, sizeof body, "<Error><Code>%s</Code></Error>", cases[i].code);
        if (cases[i].code[0])
            answer.body = view_str(body);
        (void)read_reply(&op, &answer);
        if (op.failure != cases[i].failure)
            fail_msg("%d %s: %d", cases[i].status, cases[i].code, (int)op.failure);
    }
    (void)read_reply(&cut, &nothing);
    assert_int_equal(cut.failure, STORE_NO_ANSWER);
}

static void an_odd_response_is_retried_a_few_times_only(void **state)
{
    static const struct {
        enum store_verb verb;
        const char *body;
    } cases[] = {
        {STORE_UPLOAD_CREATE, "<InitiateMultipartUploadResult><Id>u</Id>"
                              "</InitiateMultipartUploadResult>"},
        {STORE_COPY, "<CopyObjectResult><LastModified/></CopyObjectResult>"},
        {STORE_PUT, ""},
        {STORE_HEAD, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct store_op op = {.verb = cases[i].verb};
        const struct http_answer answer = {.status = 200, .body = view_str(cases[i].body)};
        struct s3_reply reply = read_reply(&op, &answer);

        assert_int_equal(reply.verdict, S3_AGAIN);
        assert_int_equal(reply.cause, RETRY_ODD);
    }
}

/* Names that would be used in a header or a query. */
static void a_name_that_cannot_be_sent_is_refused(void **state)
{
    static const struct {
        enum store_verb verb;
        const char *body;
    } cases[] = {
        {STORE_COPY, "<CopyObjectResult><ETag>\"x\"&#13;&#10;x-injected: yes</ETag>"
                     "</CopyObjectResult>"},
        {STORE_UPLOAD_COPY_PART, "<CopyPartResult><ETag>\"a b\"</ETag></CopyPartResult>"},
        {STORE_UPLOAD_COMPLETE, "<CompleteMultipartUploadResult><ETag>\"x\"&#10;</ETag>"
                                "</CompleteMultipartUploadResult>"},
        {STORE_UPLOAD_CREATE, "<InitiateMultipartUploadResult><UploadId>u&#10;v</UploadId>"
                              "</InitiateMultipartUploadResult>"},
    };
    struct store_page page;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct store_op op = {.verb = cases[i].verb};
        const struct http_answer answer = {.status = 200, .body = view_str(cases[i].body)};

        read_reply(&op, &answer);
        assert_string_equal(op.info.etag, "");
        assert_string_equal(op.upload_id, "");
    }
    struct store_op put = {.verb = STORE_PUT};
    const struct http_answer answer = {.status = 200, .etag = "\"\xc3\xa9\""};
    assert_int_equal(read_reply(&put, &answer).verdict, S3_AGAIN);
    page = (struct store_page){0};
    assert_int_equal(s3_page_read(&page, STORE_LIST, NULL,
                                  view_str("<ListBucketResult><IsTruncated>false</IsTruncated>"
                                           "<Contents><Key>k</Key><ETag>\"x\"&#10;</ETag>"
                                           "</Contents></ListBucketResult>"),
                                  &put.err),
                     0);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.entries[0].info.etag, "");
    store_page_finish(&page);
    page = (struct store_page){0};
    assert_int_equal(s3_page_read(&page, STORE_UPLOADS, NULL,
                                  view_str("<ListMultipartUploadsResult><IsTruncated>false"
                                           "</IsTruncated><Upload><Key>k</Key><UploadId>x&#10;y"
                                           "</UploadId></Upload></ListMultipartUploadsResult>"),
                                  &put.err),
                     0);
    assert_int_equal(page.count, 0);
    store_page_finish(&page);
}

static void reads_the_requested_fields(void **state)
{
    struct store_op op = {.verb = STORE_PUT};
    struct http_answer answer = {.status = 503, .retry_after = "7"};

    (void)state;
    assert_int_equal(read_reply(&op, &answer).asked, 7 * NS_PER_S);
    strcpy(answer.retry_after, "Mon, 23 Nov 2026 08:19:54 GMT");
    strcpy(answer.date, "Mon, 23 Nov 2026 08:19:34 GMT");
    assert_int_equal(read_reply(&op, &answer).asked, 20 * NS_PER_S);
    strcpy(answer.retry_after, "-1");
    assert_int_equal(read_reply(&op, &answer).asked, 0);
    strcpy(answer.retry_after, "99999999999999999999");
    assert_int_equal(read_reply(&op, &answer).asked, 0);

    answer = (struct http_answer){.status = 400, .bucket_region = "eu-west-1"};
    op.verb = STORE_HEAD;
    struct s3_reply reply = read_reply(&op, &answer);
    assert_int_equal(reply.verdict, S3_REGION);
    assert_string_equal(reply.region, "eu-west-1");
}

/* Callers get "absent" and "changed" only for requests that expect them. */
static void a_response_to_another_request_is_a_failure(void **state)
{
    static const enum store_verb verbs[] = {STORE_HEAD,         STORE_GET,    STORE_PUT,
                                            STORE_DELETE,       STORE_LIST,   STORE_UPLOAD_CREATE,
                                            STORE_UPLOAD_PARTS, STORE_UPLOADS};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        const struct http_answer changed = {.status = 412};
        struct store_op op = {.verb = verbs[i]};

        assert_int_equal(read_reply(&op, &changed).verdict, S3_FAILED);
        assert_string_equal(op.err.code, "condition");
    }
    const struct http_answer absent = {.status = 404};
    struct store_op create = {.verb = STORE_UPLOAD_CREATE}, put = {.verb = STORE_PUT};

    assert_int_equal(read_reply(&create, &absent).verdict, S3_FAILED);
    assert_int_equal(read_reply(&put, &absent).verdict, S3_FAILED);
    assert_string_equal(put.err.code, "bucket");
    put.if_match = "\"e\"";
    assert_int_equal(read_reply(&put, &absent).verdict, S3_ABSENT);
}

static void a_part_is_not_the_whole(void **state)
{
    struct http_answer answer = {.status = 206, .received = 5};
    struct store_op op = {.verb = STORE_GET};

    (void)state;
    assert_int_equal(read_reply(&op, &answer).verdict, S3_FAILED);
    strcpy(answer.content_range, "bytes 0-4/9");
    assert_int_equal(read_reply(&op, &answer).verdict, S3_FAILED);
    answer.status = 200;
    assert_int_equal(read_reply(&op, &answer).verdict, S3_FAILED);
    assert_string_equal(op.err.code, "range");
    strcpy(answer.content_range, "bytes 0-4/5");
    assert_int_equal(read_reply(&op, &answer).verdict, S3_DONE);
}

static void the_time_may_be_in_the_error_alone(void **state)
{
    const struct http_answer answer = {
        .status = 403,
        .body = view_str("<Error><Code>RequestTimeTooSkewed</Code>"
                         "<ServerTime>2026-11-23T08:19:54Z</ServerTime></Error>")};
    struct store_op op = {.verb = STORE_GET};
    int64_t expected;

    (void)state;
    assert_true(clock_parse_http("Mon, 23 Nov 2026 08:19:54 GMT", &expected));
    assert_int_equal(read_reply(&op, &answer).server_time, expected);
}

/* ---- lists ---- */

static void keys_that_were_not_requested_are_refused(void **state)
{
    const struct http_answer answer = {
        .status = 200,
        .body = view_str("<R><IsTruncated>false</IsTruncated>"
                         "<Upload><Key>kept</Key><UploadId>u</UploadId></Upload></R>")};
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_UPLOADS, .page = &page};

    (void)state;
    assert_int_equal(read_reply(&op, &answer).verdict, S3_DONE); /* read_reply asks for "k" */
    assert_int_equal(page.count, 1);
    store_page_finish(&page);

    const struct http_answer other = {
        .status = 200,
        .body = view_str("<R><IsTruncated>false</IsTruncated>"
                         "<Upload><Key>other</Key><UploadId>u</UploadId></Upload></R>")};

    assert_int_equal(read_reply(&op, &other).verdict, S3_AGAIN);
    assert_string_equal(op.err.code, "listing");
    assert_int_equal(page.count, 0);
}

static int read_page(struct store_page *page, enum store_verb verb, const char *token,
                     const char *document)
{
    struct err err;

    *page = (struct store_page){0};
    return s3_page_read(page, verb, token, view_str(document), &err);
}

static void reads_listings(void **state)
{
    struct store_page page;

    (void)state;
    assert_int_equal(
        read_page(&page, STORE_LIST, NULL,
                  "<ListBucketResult><Name>n</Name><IsTruncated>true</IsTruncated>"
                  "<NextContinuationToken>t=</NextContinuationToken><Contents><Key>a&amp;b</Key>"
                  "<LastModified>2026-11-23T08:19:34.000Z</LastModified><ETag>e</ETag>"
                  "<Size>5</Size><Owner><ID>x</ID></Owner></Contents>"
                  "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>"),
        0);
    assert_int_equal(page.count, 2);
    assert_string_equal(page.entries[0].key, "a&b");
    assert_string_equal(page.entries[0].info.etag, "\"e\"");
    assert_int_equal(page.entries[0].info.size, 5);
    assert_string_equal(page.entries[1].key, "p/");
    assert_true(page.entries[1].is_prefix);
    assert_string_equal(page.next, "t=");
    store_page_finish(&page);

    assert_int_equal(
        read_page(&page, STORE_UPLOADS, NULL,
                  "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
                  "<NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker>"
                  "<Upload><Key>k</Key><UploadId>u</UploadId></Upload>"
                  "</ListMultipartUploadsResult>"),
        0);
    assert_string_equal(page.next, "k\nu");
    assert_string_equal(page.entries[0].info.etag, "u");
    store_page_finish(&page);

    /* The name of the root and the order of the fields have no effect. */
    assert_int_equal(read_page(&page, STORE_UPLOAD_PARTS, NULL,
                               "<ListPartsResponse><Part><ETag>e</ETag><PartNumber>3</PartNumber>"
                               "</Part><IsTruncated>true</IsTruncated></ListPartsResponse>"),
                     0);
    assert_string_equal(page.next, "3");
    store_page_finish(&page);

    /* A key counts with any ETag. */
    assert_int_equal(read_page(&page, STORE_LIST, NULL,
                               "<ListBucketResult><IsTruncated>false</IsTruncated><Contents>"
                               "<Key>a</Key><ETag>x&#13;&#10;y: z</ETag></Contents>"
                               "</ListBucketResult>"),
                     0);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.entries[0].info.etag, "");
    store_page_finish(&page);
}

/* Only IsTruncated ends a list. A page without entries does not. */
static void a_page_ends_a_list_only_when_it_states_it(void **state)
{
    static const struct {
        enum store_verb verb;
        const char *token, *document, *next; /* NULL: the end */
        bool unsure;
    } pages[] = {
        {STORE_LIST, NULL,
         "<R><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></R>",
         "t", false},
        {STORE_LIST, "s",
         "<R><KeyCount>0</KeyCount><NextContinuationToken>t</NextContinuationToken></R>", "t",
         false},
        {STORE_LIST, NULL, "<R><IsTruncated>false</IsTruncated></R>", NULL, false},
        {STORE_LIST, NULL,
         "<R><IsTruncated>false</IsTruncated><NextContinuationToken>t</NextContinuationToken></R>",
         NULL, false},
        {STORE_LIST, NULL, "<R><KeyCount>0</KeyCount></R>", NULL, true},
        {STORE_LIST, NULL, "<R><IsTruncated>\n FALSE </IsTruncated></R>", NULL, false},
        {STORE_LIST, NULL, "<R><IsTruncated>0</IsTruncated></R>", NULL, false},
        {STORE_LIST, NULL, "<R><IsTruncated>no</IsTruncated></R>", NULL, true},
        {STORE_LIST, NULL,
         "<R><IsTruncated> 1 </IsTruncated><NextContinuationToken>t</NextContinuationToken></R>",
         "t", false},
        {STORE_UPLOADS, NULL,
         "<R><IsTruncated>true</IsTruncated><NextKeyMarker>a%2Fb+c</NextKeyMarker>"
         "<EncodingType>url</EncodingType></R>",
         "a/b c\n", false},
        {STORE_UPLOAD_PARTS, "4",
         "<R><IsTruncated>true</IsTruncated><NextPartNumberMarker>5</NextPartNumberMarker></R>",
         "5", false},
        {STORE_UPLOAD_PARTS, NULL, "<R><NextPartNumberMarker>5</NextPartNumberMarker></R>", NULL,
         true},
        {STORE_UPLOADS, "j\n",
         "<R><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker></R>", "k\n", false},
        {STORE_UPLOADS, NULL, "<R><Bucket>b</Bucket></R>", NULL, true},
    };
    static const struct {
        enum store_verb verb;
        const char *token, *document;
    } bad[] = {
        {STORE_LIST, NULL, "<R><IsTruncated>true</IsTruncated></R>"},
        {STORE_LIST, "t",
         "<R><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></R>"},
        {STORE_UPLOAD_PARTS, "5",
         "<R><IsTruncated>true</IsTruncated><NextPartNumberMarker>5</NextPartNumberMarker></R>"},
        {STORE_UPLOAD_PARTS, NULL, "<R><IsTruncated>true</IsTruncated></R>"},
        {STORE_UPLOADS, NULL, "<R><IsTruncated>true</IsTruncated></R>"},
        {STORE_UPLOADS, "k\nu",
         "<R><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>"
         "<NextUploadIdMarker>u</NextUploadIdMarker></R>"},
        {STORE_LIST, NULL, "<R><Message>hello</Message></R>"},
        {STORE_LIST, NULL,
         "<R><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
         "<Contents><Key>a%2</Key></Contents></R>"},
        {STORE_LIST, NULL,
         "<R><IsTruncated>false</IsTruncated><Contents><Size>1</Size></Contents></R>"},
    };
    struct store_page page;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        if (read_page(&page, pages[i].verb, pages[i].token, pages[i].document))
            fail_msg("refused: %s", pages[i].document);
        if (pages[i].next)
            assert_string_equal(page.next, pages[i].next);
        else
            assert_null(page.next);
        assert_int_equal(page.unsure, pages[i].unsure);
        store_page_finish(&page);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        if (read_page(&page, bad[i].verb, bad[i].token, bad[i].document) != ERR_FAIL)
            fail_msg("accepted: %s", bad[i].document);
        store_page_finish(&page);
    }
}

#define DEEP "<a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a>"

static void refuses_hostile_documents(void **state)
{
    static const char *const bad[] = {
        "",
        "<ListBucketResult>",
        "<ListBucketResult></ListBucketResult>junk",
        "<ListBucketResult>\x01</ListBucketResult>",
        "<!DOCTYPE l [<!ENTITY a \"b\">]><ListBucketResult/>",
        "<!DOCTYPE ListBucketResult SYSTEM \"file:///etc/passwd\"><ListBucketResult/>",
        "<ListBucketResult><Name>&a;</Name></ListBucketResult>",
        "<ListBucketResult>" DEEP "</ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>99999999999999999999</Size></Contents>"
        "</ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a</Key></Contents>"
        "</ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a</Key></Contents>"
        "<NextContinuationToken>again</NextContinuationToken></ListBucketResult>",
    };
    struct store_page page;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        if (read_page(&page, STORE_LIST, "again", bad[i]) != ERR_FAIL)
            fail_msg("accepted: %s", bad[i]);
        store_page_finish(&page);
    }
    size_t size = 64 * KIB;
    char *large = malloc(size);
    memset(large, 'x', size);
    memcpy(large, "<ListBucketResult><Name>", 24);
    strcpy(large + size - 27, "</Name></ListBucketResult>");
    assert_int_equal(read_page(&page, STORE_LIST, NULL, large), ERR_FAIL);
    store_page_finish(&page);
    free(large);
}

/* ---- recognition of a completed upload ---- */

static void recognises_what_it_completed(void **state)
{
    /* MD5 of "" and of "a". The ETag of the object is the MD5 of their bytes, and the number of
     * parts. */
    const struct store_part parts[] = {{1, "\"d41d8cd98f00b204e9800998ecf8427e\""},
                                       {2, "\"0cc175b9c0f1b6a831c399e269772661\""}};
    struct store_op op = {.verb = STORE_UPLOAD_COMPLETE, .parts = parts, .part_count = 2};
    struct store_info info = {.size = 1,
                              .etag = "\""
                                      "00000000000000000000000000000000"
                                      "-2\""};

    (void)state;
    assert_false(s3_reply_is_complete(&op, &info)); /* the right number with another content */
    op.length = 2;
    assert_false(s3_reply_is_complete(&op, &info));
    op.length = 1; /* the size is right: stores may compute ETags in any way */
    assert_true(s3_reply_is_complete(&op, &info));
    strcpy(info.etag, "\"00000000000000000000000000000000-3\"");
    assert_false(s3_reply_is_complete(&op, &info));
    op.length = 0;
    strcpy(info.etag, "\"68083ea43d0307eecfa2b4749f19df15-2\"");
    assert_true(s3_reply_is_complete(&op, &info));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_has_a_class_and_a_message),
        cmocka_unit_test(a_web_page_is_not_recognised_by_its_type_alone),
        cmocka_unit_test(only_a_conditional_read_can_be_unchanged),
        cmocka_unit_test(every_fault_of_the_transport_too),
        cmocka_unit_test(an_error_that_broke_off_still_counts),
        cmocka_unit_test(a_range_is_the_one_asked_for_or_refused),
        cmocka_unit_test(reads_successful_responses),
        cmocka_unit_test(a_copy_that_stored_nothing_is_unsupported),
        cmocka_unit_test(the_root_of_a_response_has_any_name),
        cmocka_unit_test(a_refusal_has_a_class),
        cmocka_unit_test(an_odd_response_is_retried_a_few_times_only),
        cmocka_unit_test(a_name_that_cannot_be_sent_is_refused),
        cmocka_unit_test(reads_the_requested_fields),
        cmocka_unit_test(a_response_to_another_request_is_a_failure),
        cmocka_unit_test(a_part_is_not_the_whole),
        cmocka_unit_test(the_time_may_be_in_the_error_alone),
        cmocka_unit_test(keys_that_were_not_requested_are_refused),
        cmocka_unit_test(reads_listings),
        cmocka_unit_test(a_page_ends_a_list_only_when_it_states_it),
        cmocka_unit_test(refuses_hostile_documents),
        cmocka_unit_test(recognises_what_it_completed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
