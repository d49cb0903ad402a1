/*
 * write_object_request and write_upload_request show all verbs side by side, because they differ
 * little. Query parameters are added in the order of their names, as the signature demands.
 */
#include "store/s3/request.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"

#define LIST_PAGE 1000

/* A fixed buffer that is filled. `full`: it was too small. */
struct bounded {
    char *at, *end;
    bool full;
};

static void put_char(struct bounded *out, char c)
{
    if (out->end - out->at < 2) {
        out->full = true;
        return;
    }
    *out->at++ = c;
    *out->at = '\0';
}

static void put_str(struct bounded *out, const char *text)
{
    for (; *text; text++)
        put_char(out, *text);
}

/* Escapes as RFC 3986: all but the unreserved characters, in upper-case hex. Paths keep '/'. */
static void put_escaped(struct bounded *out, const char *text, bool keep_slash)
{
    static const char HEX[] = "0123456789ABCDEF";

    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || strchr("-._~", *p) || (*p == '/' && keep_slash);
        if (plain) {
            put_char(out, (char)*p);
            continue;
        }
        put_char(out, '%');
        put_char(out, HEX[*p >> 4]);
        put_char(out, HEX[*p & 15]);
    }
}

static void add_query(struct bounded *query, const char *start, const char *name, const char *value)
{
    if (query->at != start)
        put_char(query, '&');
    put_str(query, name);
    put_char(query, '=');
    put_escaped(query, value, false);
}

static void add_header(struct s3_request *request, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* S3_VALUES_MAX holds the longest possible keys and ETags. A value that does not fit leaves
 * values_used beyond the end; s3_request_build checks that. */
static void add_header(struct s3_request *request, const char *name, const char *fmt, ...)
{
    size_t room = request->values_used < S3_VALUES_MAX ? S3_VALUES_MAX - request->values_used : 0;
    char *value = request->values + (S3_VALUES_MAX - room);
    va_list args;
    int size;

    va_start(args, fmt);
    size = vsnprintf(value, room, fmt, args);
    va_end(args);
    request->values_used += size < 0 ? S3_VALUES_MAX : (size_t)size + 1;
    if (request->values_used <= S3_VALUES_MAX)
        request->headers[request->header_count++] = (struct sigv4_header){name, value};
}

static void add_conditions(struct s3_request *request, const struct store_op *op)
{
    size_t size = op->if_match ? strlen(op->if_match) : 0;

    if (size > 2 && request->form.bare_etags && op->if_match[0] == '"')
        add_header(request, "if-match", "%.*s", (int)size - 2, op->if_match + 1);
    else if (size)
        add_header(request, "if-match", "%s", op->if_match);
    if (op->if_none_match)
        add_header(request, "if-none-match", "*");
}

static void add_content_type(struct s3_request *request, const struct store_op *op)
{
    if (op->content_type)
        add_header(request, "content-type", "%s", op->content_type);
}

/* The store compares the digest with the body. */
static void add_digest(struct s3_request *request, const struct s3_endpoint *place,
                       const struct store_op *op)
{
    enum s3_checksum kind =
        s3_checksum_choose(request->form.content_md5 ? S3_CHECKSUM_MD5 : request->checksum,
                           place->aws, op->verb, op->body.size);
    char digest[S3_DIGEST_SIZE];
    const char *name = s3_checksum_write(kind, request->body, digest);

    request->has_digest = name != NULL;
    if (name)
        add_header(request, name, "%s", digest);
}

static const char *option_value(const struct s3_request *request, enum s3_option option)
{
    if (option == S3_ENCRYPTION && request->form.aes256)
        return "AES256";
    return request->options ? request->options->values[option] : NULL;
}

static bool names_no_key(const struct store_op *op)
{
    return op->verb == STORE_LIST || op->verb == STORE_UPLOADS || op->verb == STORE_BUCKET_CREATE ||
           op->verb == STORE_LIFECYCLE || (op->verb == STORE_HEAD && !op->key);
}

/* A request to the bucket has the headers of a list. */
static void add_option_headers(struct s3_request *request, const struct store_op *op)
{
    enum store_verb verb = names_no_key(op) ? STORE_LIST : op->verb;
    const struct s3_option_header *header;
    unsigned at = 0;

    while ((header = s3_option_header_next(verb, op->archive, &at))) {
        const char *value = option_value(request, header->option);

        if (value)
            add_header(request, header->name, "%s", value);
    }
}

static void get_headers(struct s3_request *request, const struct store_op *op)
{
    if (op->length > 0)
        add_header(request, "range", "bytes=%" PRIu64 "-%" PRIu64, op->offset,
                   op->offset + op->length - 1);
    else if (op->offset > 0)
        add_header(request, "range", "bytes=%" PRIu64 "-", op->offset);
    if (op->if_match)
        add_header(request, "if-match", "%s", op->if_match);
    if (op->unless)
        add_header(request, "if-none-match", "%s", op->unless);
}

static void copy_headers(struct s3_request *request, const struct s3_endpoint *place,
                         const struct store_op *op)
{
    char source[S3_PATH_MAX] = "";
    struct bounded out = {source, source + sizeof source, false};

    if (!place->fixed)
        put_char(&out, '/');
    put_escaped(&out, place->bucket, true);
    put_str(&out, place->fixed ? "/object/" : "/");
    put_escaped(&out, place->key_prefix, true);
    put_escaped(&out, op->source, true);
    add_header(request, "x-amz-copy-source", "%s", source);
    if (op->if_match && !request->form.unconditional_copy)
        add_header(request, "x-amz-copy-source-if-match", "%s", op->if_match);
    if (op->verb == STORE_UPLOAD_COPY_PART && op->length > 0)
        add_header(request, "x-amz-copy-source-range", "bytes=%" PRIu64 "-%" PRIu64, op->offset,
                   op->offset + op->length - 1);
}

/* Escapes an ETag, which comes from the store, for XML. */
static void add_xml(struct text *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            text_str(out, "&lt;");
        else if (*text == '>')
            text_str(out, "&gt;");
        else if (*text == '&')
            text_str(out, "&amp;");
        else
            text_char(out, *text);
    }
}

static void complete_document(struct text *out, const struct store_op *op)
{
    text_str(out, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (unsigned i = 0; i < op->part_count; i++) {
        text_printf(out, "<Part><PartNumber>%u</PartNumber><ETag>", op->parts[i].number);
        add_xml(out, op->parts[i].etag);
        text_str(out, "</ETag></Part>");
    }
    text_str(out, "</CompleteMultipartUpload>");
}

/* AWS refuses the name of us-east-1, its default region. "auto" is not the name of a region. */
static void bucket_document(struct s3_request *request, const struct s3_endpoint *place)
{
    const char *region = place->region;

    if (strcmp(region, "us-east-1") == 0 || strcmp(region, "auto") == 0 ||
        request->form.no_location)
        return;
    text_printf(&request->document,
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                "<LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>",
                region);
    request->body = text_view(&request->document);
}

static void part_query(struct bounded *query, const char *start, const struct store_op *op)
{
    char number[16];
    snprintf(number, sizeof number, "%u", op->part_number);
    add_query(query, start, "partNumber", number);
    add_query(query, start, "uploadId", op->upload_id_in);
}

static void add_prefix(struct bounded *query, const char *start, const struct s3_endpoint *place,
                       const struct store_op *op)
{
    char prefix[sizeof place->key_prefix + STORE_KEY_MAX + 1];

    snprintf(prefix, sizeof prefix, "%s%s", place->key_prefix, op->key ? op->key : "");
    add_query(query, start, "prefix", prefix);
}

static void list_query(struct bounded *query, const char *start, const struct s3_endpoint *place,
                       const struct store_op *op)
{
    char delimiter[2] = {op->delimiter, '\0'}, page[16];

    snprintf(page, sizeof page, "%d", LIST_PAGE);
    if (op->token)
        add_query(query, start, "continuation-token", op->token);
    if (op->delimiter)
        add_query(query, start, "delimiter", delimiter);
    add_query(query, start, "list-type", "2");
    add_query(query, start, "max-keys", page);
    add_prefix(query, start, place, op);
}

/* The token of STORE_UPLOADS is the pair of markers as "key NEWLINE upload id". */
static void uploads_query(struct bounded *query, const char *start, const struct s3_endpoint *place,
                          const struct store_op *op)
{
    char key[STORE_KEY_MAX + 1] = "";
    const char *split = op->token ? strchr(op->token, '\n') : NULL;

    if (split && (size_t)(split - op->token) < sizeof key) {
        snprintf(key, sizeof key, "%.*s", (int)(split - op->token), op->token);
        add_query(query, start, "key-marker", key);
    }
    add_prefix(query, start, place, op);
    if (key[0] && split[1])
        add_query(query, start, "upload-id-marker", split + 1);
    add_query(query, start, "uploads", "");
}

static void write_object_request(struct s3_request *request, const struct s3_endpoint *place,
                                 const struct store_op *op, struct bounded *query)
{
    switch (op->verb) {
    case STORE_HEAD:
        request->method = "HEAD";
        break;
    case STORE_GET:
        request->method = "GET";
        get_headers(request, op);
        break;
    case STORE_PUT:
        request->method = "PUT";
        request->body = op->body;
        add_digest(request, place, op);
        add_content_type(request, op);
        add_conditions(request, op);
        break;
    case STORE_DELETE:
        request->method = "DELETE";
        add_conditions(request, op);
        break;
    case STORE_COPY:
        request->method = "PUT";
        copy_headers(request, place, op);
        if (op->if_none_match)
            add_header(request, "if-none-match", "*");
        break;
    case STORE_BUCKET_CREATE:
        request->method = "PUT";
        bucket_document(request, place);
        break;
    case STORE_LIST:
        request->method = "GET";
        list_query(query, request->query, place, op);
        break;
    case STORE_LIFECYCLE:
        request->method = "GET";
        add_query(query, request->query, "lifecycle", "");
        break;
    default:
        break;
    }
}

static void write_upload_request(struct s3_request *request, const struct s3_endpoint *place,
                                 const struct store_op *op, struct bounded *query)
{
    const char *start = request->query;

    switch (op->verb) {
    case STORE_UPLOAD_CREATE:
        request->method = "POST";
        add_content_type(request, op);
        add_query(query, start, "uploads", "");
        break;
    case STORE_UPLOAD_PART:
        request->method = "PUT";
        request->body = op->body;
        add_digest(request, place, op);
        part_query(query, start, op);
        break;
    case STORE_UPLOAD_COPY_PART:
        request->method = "PUT";
        copy_headers(request, place, op);
        part_query(query, start, op);
        break;
    case STORE_UPLOAD_COMPLETE:
        request->method = "POST";
        complete_document(&request->document, op);
        request->body = text_view(&request->document);
        add_header(request, "content-type", "application/xml");
        add_conditions(request, op);
        add_query(query, start, "uploadId", op->upload_id_in);
        break;
    case STORE_UPLOAD_ABORT:
        request->method = "DELETE";
        add_query(query, start, "uploadId", op->upload_id_in);
        break;
    case STORE_UPLOAD_PARTS:
        request->method = "GET";
        if (op->token)
            add_query(query, start, "part-number-marker", op->token);
        add_query(query, start, "uploadId", op->upload_id_in);
        break;
    case STORE_UPLOADS:
        request->method = "GET";
        uploads_query(query, start, place, op);
        break;
    default:
        break;
    }
}

/* Segments "." and ".." are legal in keys, but proxies and servers resolve them: the request would
 * reach another object. */
static int check_key(const struct s3_endpoint *place, const char *key, struct err *err)
{
    if (!key || !key[0] || strlen(place->key_prefix) + strlen(key) > STORE_KEY_MAX)
        return err_set(err, ERR_USAGE, "key", "a key must have 1 to %d bytes", STORE_KEY_MAX);
    for (const char *segment = key; segment; segment = strchr(segment, '/')) {
        size_t size;

        segment += *segment == '/';
        size = strcspn(segment, "/");
        if ((size == 1 && segment[0] == '.') || (size == 2 && memcmp(segment, "..", 2) == 0))
            return err_set(err, ERR_USAGE, "key", "\"%s\" has a segment \".\" or \"..\"", key);
    }
    return 0;
}

static int check_new_bucket(const struct s3_endpoint *place, struct err *err)
{
    if (place->fixed)
        return err_set(err, ERR_USAGE, CODE_BUCKET,
                       "%s is an access point, and its bucket has another name", place->bucket);
    if (s3_bucket_check_exists(place->bucket, true, err) == 0)
        return 0;
    return err_hint(err, "choose another name");
}

static bool has_source(enum store_verb verb)
{
    return verb == STORE_COPY || verb == STORE_UPLOAD_COPY_PART;
}

void s3_request_init(struct s3_request *request)
{
    *request = (struct s3_request){0};
    text_init(&request->document, S3_COMPLETE_MAX);
}

void s3_request_finish(struct s3_request *request)
{
    text_finish(&request->document);
}

int s3_request_build(struct s3_request *request, const struct s3_endpoint *place,
                     const struct store_op *op, struct err *err)
{
    struct bounded path = {request->path, request->path + sizeof request->path, false};
    struct bounded query = {request->query, request->query + sizeof request->query, false};

    if (!names_no_key(op) && check_key(place, op->key, err) < 0)
        return ERR_FAIL;
    if (has_source(op->verb) && check_key(place, op->source, err) < 0)
        return ERR_FAIL;
    if (op->verb == STORE_BUCKET_CREATE && check_new_bucket(place, err) < 0)
        return ERR_FAIL;
    request->host = request->detour ? request->detour : place->host;
    request->path[0] = request->query[0] = '\0';
    request->header_count = 0;
    request->values_used = 0;
    request->has_digest = false;
    request->body = (struct view){0};
    text_clear(&request->document);

    put_str(&path, place->prefix);
    if (!place->in_host) {
        put_char(&path, '/');
        put_escaped(&path, place->bucket, false);
    }
    if (!names_no_key(op) || place->in_host)
        put_char(&path, '/');
    if (!names_no_key(op)) {
        put_escaped(&path, place->key_prefix, true);
        put_escaped(&path, op->key, true);
    }

    write_object_request(request, place, op, &query);
    write_upload_request(request, place, op, &query);
    if (op->verb != STORE_BUCKET_CREATE)
        add_option_headers(request, op);
    request->has_body = request->method[0] == 'P';
    if (query.full && op->token)
        return err_set(err, ERR_INTEGRITY, CODE_LISTING,
                       "the store continues its list at a token that is too long");
    if (path.full || query.full || request->values_used > S3_VALUES_MAX)
        return err_set(err, ERR_INTERNAL, "request", "a request too large to write");
    return text_check(&request->document, "the list of parts", err);
}
