/*
 * One reader for each kind of response: headers of an object, data, an ETag, a small document, a
 * page of a list. A response that lacks what it must have fails (reading.h).
 */
#include "store/s3/result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/xml.h"
#include "store/s3/hints.h"
#include "store/s3/page.h"

static bool read_info(struct store_op *op, const struct http_answer *answer)
{
    op->info = (struct store_info){0};
    (void)clock_parse_http(answer->last_modified, &op->info.modified);
    return store_etag_take(op->info.etag, answer->etag);
}

struct range {
    uint64_t first, last, total;
    bool total_known;
};

/* Reads digits up to `end` and skips it. False: there are none, or too many. */
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

/* Reads "bytes 0-99/1000"; the total may be a star. */
static bool read_range(const char *text, struct range *range)
{
    if (strncasecmp(text, "bytes ", 6) != 0)
        return false;
    text += 6;
    if (!read_number(&text, '-', &range->first) || !read_number(&text, '/', &range->last) ||
        range->last < range->first)
        return false;
    range->total_known = strcmp(text, "*") != 0;
    return !range->total_known || read_number(&text, '\0', &range->total);
}

/* Returns true if the range is the requested one, and the body has its length. */
static bool is_asked_range(const struct range *range, const struct store_op *op,
                           const struct http_answer *answer)
{
    return range->first == op->offset &&
           (!op->length || range->last - range->first == op->length - 1) &&
           (!range->total_known || range->total > range->last) &&
           answer->received == range->last - range->first + 1;
}

/* Content-Range counts with any status. Without it, a 200 is the whole object, and a 206 is the
 * requested range if it has its length. */
static void read_ranged(const struct s3_reading *r)
{
    const struct http_answer *answer = r->answer;
    struct store_op *op = r->op;
    struct range range = {0};
    const char *header = answer->content_range;
    bool whole = answer->status != 206 && op->offset == 0;

    if (!header[0] && op->length && answer->received == op->length &&
        (whole || answer->status == 206))
        op->info.size = whole ? op->length : 0;
    else if (!header[0] && answer->status != 206)
        s3_reading_fail(r, ERR_INTEGRITY, "range",
                        "the store ignores the range and sends the whole object", HINT_CACHE);
    else if (!read_range(header, &range) || !is_asked_range(&range, op, answer))
        s3_reading_fail(r, ERR_INTEGRITY, "range",
                        "the store sent another range than the requested one",
                        "the object may be shorter than expected, or a proxy interferes");
    else
        op->info.size = range.total_known ? range.total : 0;
}

/* Returns true if the response to a GET without a range is the whole object. A 206 or a
 * Content-Range may announce a part. */
static bool is_whole(const struct http_answer *answer)
{
    struct range range;

    if (!answer->content_range[0])
        return answer->status != 206;
    return read_range(answer->content_range, &range) && range.first == 0 && range.total_known &&
           range.last + 1 == range.total && answer->received == range.total;
}

static void read_object(const struct s3_reading *r)
{
    const struct http_answer *answer = r->answer;
    struct store_op *op = r->op;

    if (s3_answer_is_html_type(answer) && !answer->request_id[0]) {
        s3_reading_web_page(r);
        return;
    }
    (void)read_info(op, answer);
    if (op->offset || op->length)
        read_ranged(r);
    else if (!is_whole(answer))
        s3_reading_fail(r, ERR_INTEGRITY, "range",
                        "the store sent a part of the object instead of the whole", HINT_CACHE);
    else
        op->info.size = answer->received;
}

static void read_head(const struct s3_reading *r)
{
    const struct http_answer *answer = r->answer;
    struct store_op *op = r->op;
    bool named = read_info(op, answer);

    if (named && answer->content_length < 0 && !s3_answer_is_web_page(answer)) {
        s3_reading_odd(r, CODE_ANSWER, "the store does not report the size");
        r->reply->verdict = S3_UNSIZED;
        return;
    }
    if (!named || answer->content_length < 0) {
        if (s3_answer_is_web_page(answer))
            s3_reading_web_page(r);
        else
            s3_reading_odd(r, CODE_ANSWER, "the store sent neither ETag nor size");
        return;
    }
    op->info.size = (uint64_t)answer->content_length;
}

static void read_etag(const struct s3_reading *r)
{
    const struct http_answer *answer = r->answer;
    struct store_op *op = r->op;

    if (read_info(op, answer))
        return;
    if (s3_answer_is_web_page(answer))
        s3_reading_web_page(r);
    else
        s3_reading_odd(r, CODE_ANSWER, "the store sent no ETag");
}

/* The documents of Copy, Complete and Create. One field matters, an ETag or an upload id. The name
 * of the root is not checked: servers differ in it, and the reference clients ignore it. */
struct small_document {
    struct store_op *op;
    const char *field;
    const char *proof; /* a field that proves success without `field`; NULL: `field` is needed */
    bool found;
};

static bool take_field(struct small_document *document, const char *text)
{
    char *id = document->op->upload_id;

    if (strcmp(document->field, "ETag") == 0)
        return store_etag_take(document->op->info.etag, text);
    return text[0] && store_etag_is_sound(text) && str_copy(id, STORE_UPLOAD_MAX, text);
}

static bool on_small_field(void *arg, unsigned depth, const char *parent, const char *name,
                           const char *text)
{
    struct small_document *document = arg;

    (void)parent;
    if (depth == 2 && strcmp(name, document->field) == 0)
        document->found = take_field(document, text) || document->proof;
    else if (depth == 2 && document->proof && strcmp(name, document->proof) == 0)
        document->found = true;
    return true;
}

/* The ETag may be in the header only. */
static bool read_small(struct small_document *document, const struct http_answer *answer)
{
    struct err ignored;

    document->op->upload_id[0] = '\0';
    if (xml_read(answer->body, NULL, on_small_field, document, &ignored) < 0)
        return false;
    if (!document->found && strcmp(document->field, "ETag") == 0)
        document->found = take_field(document, answer->etag);
    return document->found;
}

/* Returns true if the server does not know the header that names the source: it stored the empty
 * body of the request. `rclone serve s3` does that with parts. */
static bool has_stored_nothing(const struct store_op *op, const struct http_answer *answer)
{
    static const char of_nothing[] = "\"d41d8cd98f00b204e9800998ecf8427e\""; /* MD5 */
    char etag[STORE_ETAG_MAX];

    return (op->verb == STORE_COPY || op->verb == STORE_UPLOAD_COPY_PART) && !answer->body.size &&
           store_etag_take(etag, answer->etag) && strcasecmp(etag, of_nothing) == 0;
}

/* A 200 whose document has the result. */
static void read_document(const struct s3_reading *r, struct small_document *document)
{
    const struct http_answer *answer = r->answer;
    struct store_op *op = r->op;

    op->info = (struct store_info){0};
    if (read_small(document, answer))
        return;
    if (s3_answer_is_web_page(answer)) {
        s3_reading_web_page(r);
        return;
    }
    if (has_stored_nothing(op, answer)) {
        s3_reading_fail(r, ERR_UNSUPPORTED, CODE_OPERATION,
                        op->verb == STORE_COPY
                            ? "the store does not copy objects: it stored an empty one"
                            : "the store does not copy parts: it stored an empty one",
                        NULL);
        return;
    }
    s3_reading_odd(r, CODE_ANSWER, "the store reported success, but its document cannot be read");
    if (op->verb == STORE_UPLOAD_COMPLETE)
        r->reply->verdict = S3_UNSURE;
}

/* Removes the key prefix from the keys. False: a key does not begin with it and the requested
 * prefix. */
static bool strip_keys(struct store_page *page, const struct s3_endpoint *place, const char *asked)
{
    size_t size = strlen(place->key_prefix);

    for (size_t i = 0; i < page->count; i++) {
        char *key = page->entries[i].key;

        if (strncmp(key, place->key_prefix, size) != 0 ||
            strncmp(key + size, asked, strlen(asked)) != 0)
            return false;
        memmove(key, key + size, strlen(key + size) + 1);
    }
    return true;
}

/* The server listed buckets, so the bucket belongs into the path: another try cannot help. */
static void read_misplaced(const struct s3_reading *r, const struct err *err)
{
    s3_reading_fail(r, ERR_USAGE, err->code, err->text, NULL);
    err_about(&r->op->err, "path");
}

static void read_page(const struct s3_reading *r)
{
    const struct http_answer *answer = r->answer;
    struct store_op *op = r->op;
    struct store_page page = {0};
    struct err err;

    if (s3_page_read(&page, op->verb, op->token, answer->body, &err) < 0) {
        if (err.family == ERR_USAGE)
            read_misplaced(r, &err);
        else if (s3_answer_is_web_page(answer))
            s3_reading_web_page(r);
        else
            s3_reading_odd(r, CODE_LISTING, err.text);
        store_page_finish(&page);
    } else if (op->verb != STORE_UPLOAD_PARTS &&
               !strip_keys(&page, r->place, op->key ? op->key : "")) {
        s3_reading_odd(r, CODE_LISTING, "the store lists keys outside of the requested prefix");
        store_page_finish(&page);
    } else if (op->page) {
        *op->page = page;
    } else {
        store_page_finish(&page);
    }
}

static void read_rules(const struct s3_reading *r)
{
    if (s3_answer_is_web_page(r->answer))
        s3_reading_web_page(r);
    else if (r->op->text)
        text_add(r->op->text, r->answer->body.data, r->answer->body.size);
}

void s3_result_read(const struct s3_reading *r)
{
    const struct http_answer *answer = r->answer;
    struct store_op *op = r->op;
    struct small_document copy = {op, "ETag", NULL, false};
    struct small_document upload = {op, "UploadId", NULL, false};
    /* Ceph completes with an empty ETag; a follow-up request reads it. */
    struct small_document whole = {op, "ETag", "Key", false};

    r->reply->verdict = S3_DONE;
    r->reply->bucket_exists = true;
    switch (op->verb) {
    case STORE_HEAD:
        read_head(r);
        break;
    case STORE_GET:
        read_object(r);
        break;
    case STORE_PUT:
    case STORE_UPLOAD_PART:
        read_etag(r);
        break;
    case STORE_DELETE:
    case STORE_UPLOAD_ABORT:
    case STORE_BUCKET_CREATE:
        if (s3_answer_is_web_page(answer))
            s3_reading_web_page(r);
        break;
    case STORE_COPY:
    case STORE_UPLOAD_COPY_PART:
        read_document(r, &copy);
        break;
    case STORE_UPLOAD_COMPLETE:
        read_document(r, &whole);
        break;
    case STORE_UPLOAD_CREATE:
        read_document(r, &upload);
        break;
    case STORE_LIST:
    case STORE_UPLOAD_PARTS:
    case STORE_UPLOADS:
        read_page(r);
        break;
    case STORE_LIFECYCLE:
        read_rules(r);
        break;
    }
}
