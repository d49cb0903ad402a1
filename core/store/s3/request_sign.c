/*
 * The signed headers are those of the request, the host, and those of the signature itself. Without
 * credentials, only the first two kinds are sent.
 */
#include "store/s3/request_sign.h"

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "store/s3/request.h"

struct headers {
    struct sigv4_header list[SIGV4_HEADERS_MAX];
    unsigned count;
};

static void headers_add(struct headers *headers, const char *name, const char *value)
{
    headers->list[headers->count++] = (struct sigv4_header){name, value};
}

static void add_line(struct text *lines, unsigned *count, const char *name, const char *value)
{
    text_printf(lines, "%s: %s", name, value);
    text_char(lines, '\0');
    ++*count;
}

/* A line end in a value would begin another header. */
static int check_headers(const struct headers *all, struct err *err)
{
    for (unsigned i = 0; i < all->count; i++)
        for (const char *c = all->list[i].value; *c; c++)
            if ((unsigned char)*c < ' ' || *c == 0x7f)
                return err_set(err, ERR_INTEGRITY, "header",
                               "the header %s would have a control character", all->list[i].name);
    return 0;
}

static bool asked(const struct s3_request *request, enum s3_option option)
{
    return request->options && request->options->values[option];
}

/* An unsigned request has no account that pays for it, and KMS refuses it. */
static int check_anonymous(const struct s3_request *request, const struct credentials *creds,
                           struct err *err)
{
    const char *what = asked(request, S3_REQUEST_PAYER)    ? "requester pays"
                       : asked(request, S3_ENCRYPTION_KEY) ? "an encryption key"
                                                           : NULL;

    if (!what || !credentials_anonymous(creds))
        return 0;
    return err_set(err, ERR_USAGE, CODE_COMBINATION, "%s needs credentials, and there are none",
                   what);
}

int s3_request_sign(const struct s3_request *request, const struct s3_endpoint *place,
                    const struct credentials *creds, const char *payload_hash, int64_t wall_ns,
                    struct text *lines, unsigned *count, struct err *err)
{
    char stamp[CLOCK_AMZ_SIZE], authorization[SIGV4_AUTHORIZATION_MAX];
    struct headers all = {0};

    if (check_anonymous(request, creds, err) < 0)
        return ERR_FAIL;
    clock_amz(wall_ns, stamp);
    headers_add(&all, "host", request->host);
    for (unsigned i = 0; i < request->header_count; i++)
        headers_add(&all, request->headers[i].name, request->headers[i].value);
    if (!credentials_anonymous(creds)) {
        headers_add(&all, "x-amz-date", stamp);
        headers_add(&all, "x-amz-content-sha256", payload_hash);
        if (creds->session_token[0])
            headers_add(&all, "x-amz-security-token", creds->session_token);
    }

    if (check_headers(&all, err) < 0)
        return ERR_FAIL;
    for (unsigned i = 0; i < all.count; i++)
        add_line(lines, count, all.list[i].name, all.list[i].value);
    if (!credentials_anonymous(creds)) {
        const struct sigv4_request signed_part = {request->method, request->path, request->query,
                                                  all.list,        all.count,     payload_hash};
        const struct sigv4_key key = {creds->access_key, creds->secret_key, place->region, "s3"};
        if (sigv4_sign(&signed_part, &key, wall_ns, authorization, err) < 0)
            return ERR_FAIL;
        add_line(lines, count, "Authorization", authorization);
    }
    return text_check(lines, "the headers of a request", err);
}
