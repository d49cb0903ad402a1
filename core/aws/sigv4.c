/*
 * Four steps, each a function: the canonical request, the string to sign with its digest, a key
 * that is derived from the secret for one day, region and service, and the signature.
 *
 * The canonical request is built as a text, so that a failing test vector can be read.
 */
#include "aws/sigv4.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "os/memory.h"

#define CANONICAL_MAX (64 * KIB) /* path 4 KiB, query 12 KiB, headers up to 24 KiB, with room */

/* Stable insertion sort by name: there are a dozen, and equal names must keep their order. */
static void sort_headers(const struct sigv4_request *request, unsigned order[SIGV4_HEADERS_MAX])
{
    for (unsigned i = 0; i < request->header_count; i++) {
        unsigned at = i;
        for (; at > 0; at--) {
            if (strcmp(request->headers[order[at - 1]].name, request->headers[i].name) <= 0)
                break;
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
}

/* Adds the value without outer blanks, and with single inner blanks. */
static void add_value(struct text *out, const char *value)
{
    bool gap = false, any = false;
    for (const char *p = value; *p; p++) {
        if (*p == ' ' || *p == '\t') {
            gap = true;
            continue;
        }
        if (gap && any)
            text_char(out, ' ');
        text_char(out, *p);
        gap = false;
        any = true;
    }
}

static bool same_name(const struct sigv4_request *request, const unsigned *order, unsigned i)
{
    return i > 0 &&
           strcmp(request->headers[order[i - 1]].name, request->headers[order[i]].name) == 0;
}

static void add_signed_names(struct text *out, const struct sigv4_request *request,
                             const unsigned *order)
{
    for (unsigned i = 0; i < request->header_count; i++)
        if (!same_name(request, order, i))
            text_printf(out, "%s%s", i ? ";" : "", request->headers[order[i]].name);
}

static void add_canonical(struct text *out, const struct sigv4_request *request,
                          const unsigned *order)
{
    text_printf(out, "%s\n%s\n%s\n", request->method, request->path, request->query);
    for (unsigned i = 0; i < request->header_count; i++) {
        const struct sigv4_header *header = &request->headers[order[i]];
        if (same_name(request, order, i))
            text_char(out, ',');
        else
            text_printf(out, "%s%s:", i ? "\n" : "", header->name);
        add_value(out, header->value);
    }
    text_str(out, "\n\n");
    add_signed_names(out, request, order);
    text_printf(out, "\n%s", request->payload_hash);
}

static void derive_key(const struct sigv4_key *key, const char *day, uint8_t out[SHA256_SIZE])
{
    char secret[4 + SIGV4_VALUE_MAX];
    int size = snprintf(secret, sizeof secret, "AWS4%s", key->secret_key);

    hmac_sha256(view_of(secret, (size_t)size), view_str(day), out);
    hmac_sha256(view_of(out, SHA256_SIZE), view_str(key->region), out);
    hmac_sha256(view_of(out, SHA256_SIZE), view_str(key->service), out);
    hmac_sha256(view_of(out, SHA256_SIZE), view_str("aws4_request"), out);
    os_wipe(secret, sizeof secret);
}

static void sign(const struct sigv4_key *key, const char *stamp, const char *scope,
                 struct view canonical, char signature[SHA256_HEX_SIZE])
{
    uint8_t digest[SHA256_SIZE], day_key[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE], to_sign[512], day[9];

    sha256_of(canonical, digest);
    hex_encode(digest, sizeof digest, hex);
    snprintf(to_sign, sizeof to_sign, "AWS4-HMAC-SHA256\n%s\n%s\n%s", stamp, scope, hex);

    snprintf(day, sizeof day, "%.8s", stamp);
    derive_key(key, day, day_key);
    hmac_sha256(view_of(day_key, sizeof day_key), view_str(to_sign), digest);
    hex_encode(digest, sizeof digest, signature);
    os_wipe(day_key, sizeof day_key);
}

int sigv4_sign(const struct sigv4_request *request, const struct sigv4_key *key, int64_t wall_ns,
               char authorization[SIGV4_AUTHORIZATION_MAX], struct err *err)
{
    unsigned order[SIGV4_HEADERS_MAX];
    char stamp[CLOCK_AMZ_SIZE], scope[256], signature[SHA256_HEX_SIZE];
    _cleanup_text_ struct text canonical = {0}, names = {0};
    int scope_size, size;

    clock_amz(wall_ns, stamp);
    scope_size =
        snprintf(scope, sizeof scope, "%.8s/%s/%s/aws4_request", stamp, key->region, key->service);
    if (request->header_count > SIGV4_HEADERS_MAX || scope_size >= (int)sizeof scope ||
        strlen(key->secret_key) >= SIGV4_VALUE_MAX)
        return err_set(err, ERR_INTERNAL, "signature", "a request too large to sign");
    sort_headers(request, order);
    text_init(&canonical, CANONICAL_MAX);
    add_canonical(&canonical, request, order);
    if (text_check(&canonical, "a request to sign", err) < 0)
        return ERR_FAIL;
    sign(key, stamp, scope, text_view(&canonical), signature);
    text_init(&names, SIGV4_AUTHORIZATION_MAX);
    add_signed_names(&names, request, order);
    size = snprintf(authorization, SIGV4_AUTHORIZATION_MAX,
                    "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                    key->access_key, scope, names.data, signature);
    if (names.failed || size < 0 || size >= SIGV4_AUTHORIZATION_MAX)
        return err_set(err, ERR_INTERNAL, "signature", "a request too large to sign");
    return 0;
}
