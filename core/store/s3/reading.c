/*
 * All errors of a response have one form, so this file alone writes them.
 */
#include "store/s3/reading.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/s3/hints.h"

const char *s3_doing(enum store_verb verb)
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
        [STORE_BUCKET_CREATE] = "creating",
        [STORE_UPLOADS] = "listing the uploads of",
        [STORE_LIFECYCLE] = "reading the lifecycle rules of",
    };
    return WORDS[verb];
}

bool s3_creates_object(enum store_verb verb)
{
    return verb == STORE_PUT || verb == STORE_COPY || verb == STORE_UPLOAD_CREATE;
}

/* ---- failing ---- */

void s3_reading_set(const struct s3_reading *r, const struct s3_error *error, const char *detail)
{
    struct store_op *op = r->op;

    r->reply->verdict = error->verdict;
    r->reply->cause = error->cause;
    err_set(&op->err, error->family, error->code, "%s s3://%s/%s: %s%s%s%s", s3_doing(op->verb),
            r->place->bucket, op->key ? op->key : "", error->text, detail[0] ? " (" : "", detail,
            detail[0] ? ")" : "");
    if (error->hint)
        err_hint(&op->err, "%s", error->hint);
}

void s3_reading_fail(const struct s3_reading *r, enum err_family family, const char *code,
                     const char *text, const char *hint)
{
    s3_reading_set(r, &(const struct s3_error){S3_FAILED, 0, family, code, text, hint}, "");
}

void s3_reading_odd(const struct s3_reading *r, const char *code, const char *text)
{
    const struct s3_error error = {S3_AGAIN, RETRY_ODD, ERR_INTEGRITY, code, text, NULL};

    s3_reading_set(r, &error, "");
}

void s3_reading_web_page(const struct s3_reading *r)
{
    char text[640];

    snprintf(text, sizeof text, "%s responded with a web page (HTTP %d), not as a store",
             r->place->endpoint, r->answer->status);
    s3_reading_fail(r, ERR_NETWORK, "not_s3", text, HINT_PORTAL);
}

/* ---- content types ---- */

bool s3_answer_is_html_type(const struct http_answer *answer)
{
    return strncasecmp(answer->content_type, "text/html", 9) == 0;
}

bool s3_answer_is_xml(const struct http_answer *answer)
{
    return str_find_any_case(answer->content_type, "xml") &&
           !str_find_any_case(answer->content_type, "xhtml");
}

bool s3_answer_is_web_page(const struct http_answer *answer)
{
    const char *body = answer->body.size ? (const char *)answer->body.data : "";
    bool html = s3_answer_is_html_type(answer);

    body += strspn(body, " \t\r\n"); /* NUL-terminated: it is the data of a text */
    if (!*body)
        return html && answer->content_length != 0 && !answer->request_id[0];
    if (html && strncasecmp(body, "<?xml", 5) != 0)
        return true;
    return strncasecmp(body, "<!doctype html", 14) == 0 || strncasecmp(body, "<html", 5) == 0 ||
           (strncasecmp(body, "<?xml", 5) == 0 && str_find_any_case(body, "<html"));
}
