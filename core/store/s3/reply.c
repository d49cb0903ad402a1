/*
 * The tables of s3_words judge the refusals; one reader for each verb reads what went well.
 */
#include "store/s3/reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "store/s3/errors.h"
#include "store/s3/page.h"
#include "store/s3/xml.h"

/* What an error document says. */
struct error_document {
    bool found;
    char code[64], message[256], region[S3_REGION_SIZE];
    int64_t server_time; /* 0: it is not told */
};

static bool on_error_field(void *arg, unsigned depth, const char *parent, const char *name,
                           const char *text)
{
    struct error_document *error = arg;

    /* <Error><Code>.. and, of some clones, <ErrorResponse><Error><Code>.. or another root */
    if (depth != 2 && (depth != 3 || strcmp(parent, "Error") != 0))
        return true;
    if (strcmp(name, "Code") == 0)
        error->found = str_copy(error->code, sizeof error->code, text);
    else if (strcmp(name, "Message") == 0)
        snprintf(error->message, sizeof error->message, "%s", text);
    else if (strcmp(name, "Region") == 0)
        str_copy(error->region, sizeof error->region, text);
    else if (strcmp(name, "ServerTime") == 0)
        (void)clock_parse_rfc3339(text, &error->server_time);
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

static bool is_xml_type(const struct http_answer *answer)
{
    return strcasestr(answer->content_type, "xml") && !strcasestr(answer->content_type, "xhtml");
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

const char *s3_reply_doing(enum store_verb verb)
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
static void judge(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                  const struct s3_word *word, const char *detail)
{
    reply->verdict = word->verdict;
    reply->cause = word->cause;
    err_set(&op->err, word->family, word->code, "%s s3://%s/%s: %s%s%s%s", s3_reply_doing(op->verb),
            place->bucket, op->key ? op->key : "", word->words, detail[0] ? " (" : "", detail,
            detail[0] ? ")" : "");
    if (word->hint[0])
        err_hint(&op->err, "%s", word->hint);
}

static void fail(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                 enum err_family family, const char *code, const char *words, const char *hint)
{
    const struct s3_word word = {NULL, 0, S3_FAILED, 0, family, code, words, hint};
    judge(reply, place, op, &word, "");
}

/* Something that should not come from a healthy store. It may be gone at the next try, or be the
 * way of this server: so it is tried a few times only. */
static void odd(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                const char *code, const char *words)
{
    const struct s3_word word = {NULL, 0, S3_AGAIN, RETRY_ODD, ERR_INTEGRITY, code, words, ""};
    judge(reply, place, op, &word, "");
}

/* The server answers, but not for our bucket: asking again would not help. */
static void misplaced(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                      const struct err *err)
{
    const struct s3_word word = {NULL, 0, S3_FAILED, 0, ERR_USAGE, err->code, err->text, ""};
    judge(reply, place, op, &word, "");
    err_about(&op->err, "path");
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

static void portal(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op)
{
    char words[640];

    snprintf(words, sizeof words, "%s answered with a web page and not as a store",
             place->endpoint);
    fail(reply, place, op, ERR_NETWORK, "not_s3", words, HINT_PORTAL);
}

/* Statuses by which a proxy says that it cannot reach the store, or not now. */
static bool is_passing(int proxy_status)
{
    return proxy_status >= 500 || proxy_status == 408 || proxy_status == 429;
}

/* The proxy did not connect us: its status says nothing of the bucket. */
static void no_tunnel(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                      const struct http_answer *answer)
{
    int status = answer->proxy_status;

    *reply = (struct s3_reply){.verdict = is_passing(status) ? S3_AGAIN : S3_FAILED,
                               .cause = RETRY_SILENCE};
    err_set(&op->err, ERR_NETWORK, "proxy", "%s: the proxy %s does not connect to it (HTTP %d%s)",
            place->endpoint, answer->proxy ? answer->proxy : "", status,
            status == 407 ? ", it wants a login" : "");
    if (status == 407)
        err_hint(&op->err,
                 "put the proxy's login into https_proxy: http://USER:PASSWORD@HOST:PORT");
    else if (is_passing(status))
        err_hint(&op->err, "the proxy cannot reach the store: check the endpoint");
    else
        err_hint(&op->err, "ask who runs the proxy to allow it, or name the host in no_proxy");
}

static void unreachable(struct s3_reply *reply, const struct s3_endpoint *place,
                        struct store_op *op, const struct http_answer *answer)
{
    const struct s3_word *word = s3_word_of_fault(answer->fault);
    const char *proxy = answer->proxy ? answer->proxy : "";

    if (answer->fault == HTTP_TUNNEL) {
        no_tunnel(reply, place, op, answer);
        return;
    }
    reply->verdict = word->verdict;
    reply->cause = word->cause;
    err_set(&op->err, word->family, word->code, "%s: %s (%s)", place->endpoint, word->words,
            answer->detail);
    if (!place->https && answer->fault == HTTP_CUT && !answer->status && !proxy[0])
        err_hint(&op->err, "%s", HINT_HTTPS);
    else
        err_hint(&op->err, "%s%s%s%s", word->hint, word->hint[0] && proxy[0] ? "; " : "",
                 proxy[0] ? "the environment sets a proxy: " : "", proxy);
}

static const struct s3_word *find_word(int status, const struct error_document *error)
{
    const struct s3_word *word = error->found ? s3_error_of_code(error->code) : NULL;

    return word ? word : s3_word_of_status(status);
}

/* Deleting what is not there is done, too. */
static void settle_absent(struct s3_reply *reply, const struct store_op *op)
{
    if (reply->verdict == S3_ABSENT && (op->verb == STORE_DELETE || op->verb == STORE_UPLOAD_ABORT))
        reply->verdict = S3_DONE;
}

/* Whether `op` may end as STORE_ABSENT: it names an object or an upload that may be missing. A list
 * may, too: its callers take that for a bucket that is missing. */
static bool may_be_absent(const struct store_op *op)
{
    return op->verb != STORE_UPLOAD_CREATE && (op->verb != STORE_PUT || op->if_match);
}

static bool has_condition(const struct store_op *op)
{
    return op->if_match || op->if_none_match || op->verb == STORE_UPLOAD_COMPLETE;
}

/* The callers do not expect an answer to a question that the request did not have: a proxy or a
 * broken server sent it. */
static void settle_unasked(struct s3_reply *reply, const struct s3_endpoint *place,
                           struct store_op *op, const char *detail)
{
    static const struct s3_word NO_PLACE = {
        NULL, 0, S3_FAILED, 0, ERR_NOT_FOUND, CODE_BUCKET, "there is no such bucket", ""};
    static const struct s3_word NO_CONDITION = {
        NULL,
        0,
        S3_FAILED,
        0,
        ERR_NETWORK,
        "condition",
        "refused because of a condition that the request does not have",
        HINT_CACHE};

    if (reply->verdict == S3_ABSENT && !may_be_absent(op))
        judge(reply, place, op, &NO_PLACE, detail);
    else if (reply->verdict == S3_CHANGED && !has_condition(op))
        judge(reply, place, op, &NO_CONDITION, detail);
}

/* A 409 while completing is not to be repeated: the upload is lost, somebody else wrote. */
static void settle_conflict(struct s3_reply *reply, const struct store_op *op)
{
    if (op->verb == STORE_UPLOAD_COMPLETE &&
        strcmp(reply->s3_code, "ConditionalRequestConflict") == 0)
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

/* A bucket's policy may demand what a header says; AWS does not tell which. */
static void hint_at_policy(struct store_op *op)
{
    bool begins =
        op->verb == STORE_PUT || op->verb == STORE_COPY || op->verb == STORE_UPLOAD_CREATE;

    if (begins && err_is(&op->err, ERR_AUTH, CODE_DENIED))
        err_hint(&op->err, "%s",
                 "ask the owner of the bucket. If its policy accepts encrypted objects only, set "
                 "the encryption that it demands");
}

/* Over plain http a proxy may answer by itself. An S3 server sends x-amz-* headers or XML with
 * every refusal; a refusal through a proxy that has neither is not believed. Without a proxy it is:
 * some small servers refuse with an empty body. */
static bool is_of_the_proxy(const struct http_answer *answer, const struct error_document *error)
{
    return answer->by_proxy && answer->status != 407 && !is_passing(answer->status) &&
           !answer->amz && !error->found && !is_xml_type(answer);
}

static void answered_by_proxy(struct s3_reply *reply, const struct s3_endpoint *place,
                              struct store_op *op, const struct http_answer *answer)
{
    char words[640];

    snprintf(words, sizeof words, "the proxy %s answered (HTTP %d), and not the store",
             answer->proxy, answer->status);
    fail(reply, place, op, ERR_NETWORK, "proxy", words,
         "ask who runs the proxy to allow it, or name the host in no_proxy");
}

/* The answers of Go's and nginx's servers to plain HTTP on a TLS port. */
static bool wants_https(const struct s3_endpoint *place, const struct http_answer *answer,
                        const struct error_document *error)
{
    const char *body = answer->body.size ? (const char *)answer->body.data : "";

    return !place->https && !error->found && answer->status == 400 &&
           (strcasestr(body, "to an HTTPS server") || strcasestr(body, "to HTTPS port"));
}

static void refused(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                    const struct http_answer *answer)
{
    struct error_document error;
    char detail[384];

    read_error(&error, answer->body);
    str_copy(reply->s3_code, sizeof reply->s3_code, error.code);
    if (wants_https(place, answer, &error)) {
        fail(reply, place, op, ERR_USAGE, CODE_ENDPOINT, "the server wants https on this port",
             HINT_HTTPS);
        return;
    }
    if (is_of_the_proxy(answer, &error)) {
        answered_by_proxy(reply, place, op, answer);
        return;
    }
    if (!error.found && looks_like_html(answer) &&
        (answer->status < 500 || answer->status == 501) &&
        (op->verb != STORE_HEAD || answer->status != 400)) { /* a GET tells more */
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
    settle_unasked(reply, place, op, detail);
    if (!op->server_time)
        op->server_time = error.server_time;
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
    hint_at_policy(op);
    settle_absent(reply, op);
    settle_conflict(reply, op);
}

/* -- what went well -- */

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
    if (strncasecmp(text, "bytes ", 6) != 0)
        return false;
    text += 6;
    if (!read_number(&text, '-', &range->first) || !read_number(&text, '/', &range->last) ||
        range->last < range->first)
        return false;
    range->total_known = strcmp(text, "*") != 0;
    return !range->total_known || read_number(&text, '\0', &range->total);
}

/* Whether the answer's Content-Range is what was asked for, and what came. */
static bool is_asked_range(const struct range *range, const struct store_op *op,
                           const struct http_answer *answer)
{
    return range->first == op->offset &&
           (!op->length || range->last - range->first == op->length - 1) &&
           (!range->total_known || range->total > range->last) &&
           answer->received == range->last - range->first + 1;
}

/* Content-Range counts whatever the status; without it, 200 is the whole object, and 206 is what
 * was asked for if it is as long. */
static void got_range(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                      const struct http_answer *answer)
{
    struct range range = {0};
    const char *told = answer->content_range;
    bool whole = answer->status != 206 && op->offset == 0;

    if (!told[0] && op->length && answer->received == op->length &&
        (whole || answer->status == 206))
        op->info.size = whole ? op->length : 0;
    else if (!told[0] && answer->status != 206)
        fail(reply, place, op, ERR_INTEGRITY, "range", "the store ignores ranges and sends it all",
             HINT_CACHE);
    else if (!read_range(told, &range) || !is_asked_range(&range, op, answer))
        fail(reply, place, op, ERR_INTEGRITY, "range",
             "the store sent another range than asked for",
             "the object may be shorter than it should be, or a proxy interferes");
    else
        op->info.size = range.total_known ? range.total : 0;
}

/* Whether an answer to a GET without a range is the whole object: 206 or a Content-Range tell a
 * part. */
static bool is_whole(const struct http_answer *answer)
{
    struct range range;

    if (!answer->content_range[0])
        return answer->status != 206;
    return read_range(answer->content_range, &range) && range.first == 0 && range.total_known &&
           range.last + 1 == range.total && answer->received == range.total;
}

static void got_object(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                       const struct http_answer *answer)
{
    if (is_html_type(answer) && !answer->request_id[0]) {
        portal(reply, place, op);
        return;
    }
    (void)read_info(op, answer);
    if (op->offset || op->length)
        got_range(reply, place, op, answer);
    else if (!is_whole(answer))
        fail(reply, place, op, ERR_INTEGRITY, "range",
             "the store sent a part of the object, and was asked for the whole", HINT_CACHE);
    else
        op->info.size = answer->received;
}

static void got_head(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                     const struct http_answer *answer)
{
    bool named = read_info(op, answer);

    if (named && answer->content_length < 0 && !looks_like_html(answer)) {
        odd(reply, place, op, CODE_ANSWER, "the store does not tell the size");
        reply->verdict = S3_UNSIZED;
        return;
    }
    if (!named || answer->content_length < 0) {
        if (looks_like_html(answer))
            portal(reply, place, op);
        else
            odd(reply, place, op, CODE_ANSWER, "the store sent neither ETag nor size");
        return;
    }
    op->info.size = (uint64_t)answer->content_length;
}

static void got_etag(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                     const struct http_answer *answer)
{
    if (read_info(op, answer))
        return;
    if (looks_like_html(answer))
        portal(reply, place, op);
    else
        odd(reply, place, op, CODE_ANSWER, "the store sent no ETag");
}

/* The documents of Copy, Complete and Create: one field matters, an ETag or an upload id. The
 * reference clients do not look at the name of the root, and servers differ in it. */
struct small_document {
    struct store_op *op;
    const char *field;
    const char *sign; /* shows an answer although `field` is empty or missing; NULL: it is needed */
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
        document->found = take_field(document, text) || document->sign;
    else if (depth == 2 && document->sign && strcmp(name, document->sign) == 0)
        document->found = true;
    return true;
}

/* An ETag may stand in the header alone. */
static bool read_small(struct small_document *document, const struct http_answer *answer)
{
    struct err ignored;

    document->op->upload_id[0] = '\0';
    if (s3_xml_read(answer->body, NULL, on_small_field, document, &ignored) < 0)
        return false;
    if (!document->found && strcmp(document->field, "ETag") == 0)
        document->found = take_field(document, answer->etag);
    return document->found;
}

/* 200 and an error document: codes that are not known are worth another try. */
static void refused_by_document(struct s3_reply *reply, const struct s3_endpoint *place,
                                struct store_op *op, const struct http_answer *answer)
{
    struct http_answer as_error = *answer;

    as_error.status = 500;
    refused(reply, place, op, &as_error);
}

/* 200, but the truth is in the document: an answer, or nothing that can be read. */
static void got_document(struct s3_reply *reply, const struct s3_endpoint *place,
                         struct store_op *op, const struct http_answer *answer,
                         struct small_document *document)
{
    op->info = (struct store_info){0};
    if (read_small(document, answer))
        return;
    if (looks_like_html(answer)) {
        portal(reply, place, op);
        return;
    }
    odd(reply, place, op, CODE_ANSWER,
        "the store said 200 and then nothing that can be understood");
    if (op->verb == STORE_UPLOAD_COMPLETE)
        reply->verdict = S3_UNSURE;
}

/* Takes the key prefix off the keys; false for a key that is not under it and the prefix that was
 * asked for. */
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

static void got_page(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                     const struct http_answer *answer)
{
    struct store_page page = {0};
    struct err err;

    if (s3_page_read(&page, op->verb, op->token, answer->body, &err) < 0) {
        if (err.family == ERR_USAGE)
            misplaced(reply, place, op, &err);
        else if (looks_like_html(answer))
            portal(reply, place, op);
        else
            odd(reply, place, op, CODE_LISTING, err.text);
        store_page_finish(&page);
    } else if (op->verb != STORE_UPLOAD_PARTS &&
               !strip_keys(&page, place, op->key ? op->key : "")) {
        odd(reply, place, op, CODE_LISTING, "the store lists keys that were not asked for");
        store_page_finish(&page);
    } else if (op->page) {
        *op->page = page;
    } else {
        store_page_finish(&page);
    }
}

static void succeeded(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                      const struct http_answer *answer)
{
    struct small_document copy = {op, "ETag", NULL, false};
    struct small_document upload = {op, "UploadId", NULL, false};
    /* Ceph completes with an empty ETag: the caller may look it up. */
    struct small_document whole = {op, "ETag", "Key", false};

    struct error_document error;

    read_error(&error, answer->body);
    if (error.found) {
        refused_by_document(reply, place, op, answer);
        return;
    }
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
    case STORE_UPLOAD_COPY_PART:
        got_document(reply, place, op, answer, &copy);
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

static bool is_rejection(const char *s3_code)
{
    static const char *const CODES[] = {"InvalidArgument", "InvalidPart", "InvalidRequest",
                                        "EntityTooSmall", "MethodNotAllowed"};

    for (size_t i = 0; i < ARRAY_SIZE(CODES); i++)
        if (strcmp(s3_code, CODES[i]) == 0)
            return true;
    return false;
}

/* Returns the class of a failure that the store itself, or a proxy, reported. */
static enum store_failure failure_of(const struct s3_reply *reply, enum err_family family)
{
    const char *code = reply->s3_code;

    if (strcmp(code, "AccessDenied") == 0 || (reply->http_status == 403 && !code[0]))
        return STORE_FORBIDDEN;
    if (strcmp(code, "NotImplemented") == 0 || reply->http_status == 501)
        return STORE_UNSUPPORTED;
    if (is_rejection(code) || family == ERR_UNSUPPORTED)
        return STORE_REJECTED;
    return reply->http_status >= 500 || family == ERR_NETWORK ? STORE_BUSY : STORE_REFUSED;
}

void s3_reply_read(struct s3_reply *reply, const struct s3_endpoint *place, struct store_op *op,
                   const struct http_answer *answer)
{
    *reply = (struct s3_reply){.verdict = S3_FAILED, .http_status = answer->status};
    op->failure = STORE_NO_ANSWER;
    op->server_time = 0;
    (void)clock_parse_http(answer->date, &op->server_time);

    if (!usable(op, answer))
        unreachable(reply, place, op, answer);
    else if (answer->status >= 200 && answer->status < 300)
        succeeded(reply, place, op, answer);
    else
        refused(reply, place, op, answer);
    if (usable(op, answer))
        op->failure = failure_of(reply, op->err.family);
}

void s3_reply_unsigned(const struct s3_reply *reply, const struct s3_endpoint *place,
                       struct store_op *op)
{
    const char *code = reply->s3_code;

    if ((reply->verdict != S3_FAILED && reply->verdict != S3_ASK) || op->err.family != ERR_AUTH)
        return;
    err_set(&op->err, ERR_AUTH, CODE_UNSIGNED,
            "%s s3://%s/%s: the request went unsigned: there are no credentials (%s%sHTTP %d)",
            s3_reply_doing(op->verb), place->bucket, op->key ? op->key : "", code,
            code[0] ? ", " : "", reply->http_status);
}

/* -- was it us? -- */

bool s3_reply_is_complete(const struct store_op *op, const struct store_info *info)
{
    char expected[STORE_ETAG_MAX], suffix[16];
    const char *dash = strrchr(info->etag, '-');

    if (op->length && info->size != op->length)
        return false;
    if (store_etag_of_parts(expected, op->parts, op->part_count) &&
        strcasecmp(expected, info->etag) == 0)
        return true;
    snprintf(suffix, sizeof suffix, "-%u", op->part_count);
    return op->length && dash && strncmp(dash, suffix, strlen(suffix)) == 0 &&
           strspn(dash + strlen(suffix), "\"") == strlen(dash + strlen(suffix));
}
