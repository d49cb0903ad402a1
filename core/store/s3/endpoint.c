/*
 * Users write endpoints with and without scheme, port, slash, bucket. This file alone interprets
 * them.
 */
#include "store/s3/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/utf8.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool only(const char *text, const char *allowed)
{
    return text[0] && strspn(text, allowed) == strlen(text);
}

static bool starts(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
    size_t size = strlen(text), tail = strlen(with);
    return size >= tail && strcmp(text + size - tail, with) == 0;
}

static bool region_valid(const char *region)
{
    return strlen(region) < S3_REGION_SIZE && only(region, LOWER UPPER DIGITS "-_");
}

static int aws_host(const char *region, char *out, size_t size)
{
    return snprintf(out, size, "s3.%s.amazonaws.com%s", region,
                    strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
}

static bool is_aws(const char *host)
{
    return ends(host, ".amazonaws.com") || ends(host, ".amazonaws.com.cn");
}

/* Returns true for Alibaba OSS and Tencent COS, which refuse the bucket in the path. */
static bool wants_bucket_in_host(const char *host)
{
    return is_aws(host) || ends(host, ".aliyuncs.com") || ends(host, ".myqcloud.com");
}

static int bad_endpoint(struct err *err, const char *endpoint, const char *why)
{
    err_set(err, ERR_USAGE, CODE_ENDPOINT, "endpoint \"%s\": %s", endpoint, why);
    return err_hint(
        err, "write the endpoint as http://HOST:PORT or https://HOST, or leave it out for AWS");
}

static bool port_valid(const char *port)
{
    long number = strtol(port, NULL, 10);
    return only(port, DIGITS) && number > 0 && number <= 65535;
}

/* Splits "https://Host:443/base/" into scheme, "host" and "/base". */
static int parse(struct s3_endpoint *place, const char *endpoint, char *host, size_t size,
                 struct err *err)
{
    const char *rest = endpoint;

    place->https = true;
    if (starts(rest, "https://"))
        rest += 8;
    else if (starts(rest, "http://")) {
        rest += 7;
        place->https = false;
    } else if (strstr(rest, "://"))
        return bad_endpoint(err, endpoint, "only http:// and https:// are supported");

    size_t length = strcspn(rest, "/");
    if (length == 0 || length >= size)
        return bad_endpoint(err, endpoint, "no host name");
    for (size_t i = 0; i < length; i++)
        host[i] = rest[i] >= 'A' && rest[i] <= 'Z' ? (char)(rest[i] | 0x20) : rest[i];
    host[length] = '\0';
    if (!only(host, LOWER DIGITS ".-_:[]"))
        return bad_endpoint(err, endpoint, "the host name has an invalid character");

    char *bracket = strchr(host, ']');
    char *colon = strchr(bracket ? bracket : host, ':');
    if (colon && !port_valid(colon + 1))
        return bad_endpoint(err, endpoint, "the port is not a number from 1 to 65535");
    if (colon && strcmp(colon + 1, place->https ? "443" : "80") == 0)
        *colon = '\0';

    size_t path = strlen(rest + length);
    while (path > 0 && rest[length + path - 1] == '/')
        path--;
    if (path >= sizeof place->prefix)
        return bad_endpoint(err, endpoint, "too long");
    snprintf(place->prefix, sizeof place->prefix, "%.*s", (int)path, rest + length);
    if (path > 0 && !only(place->prefix, LOWER UPPER DIGITS "/-_.~"))
        return bad_endpoint(err, endpoint, "its path has characters that would need escaping");
    return 0;
}

static int choose_addressing(struct s3_endpoint *place, const char *host, const char *addressing,
                             struct err *err)
{
    bool dotted = strchr(place->bucket, '.') != NULL;
    bool lower = only(place->bucket, LOWER DIGITS ".-");

    if (!addressing || !addressing[0] || strcmp(addressing, "auto") == 0)
        place->in_host = wants_bucket_in_host(host) && lower && !dotted;
    else if (strcmp(addressing, "path") == 0)
        place->in_host = false;
    else if (strcmp(addressing, "virtual") == 0)
        place->in_host = true;
    else {
        err_set(err, ERR_USAGE, CODE_ADDRESSING, "unknown addressing \"%s\"", addressing);
        return err_hint(err, "use auto, path or virtual");
    }
    if (place->in_host && !lower) {
        err_set(err, ERR_USAGE, CODE_ADDRESSING,
                "bucket \"%s\" cannot be part of a host name: use path addressing", place->bucket);
        return err_about(err, "path");
    }
    return 0;
}

static int compose(struct s3_endpoint *place, const char *host, struct err *err)
{
    char own[S3_BUCKET_SIZE + 1];
    int size;

    snprintf(own, sizeof own, "%s.", place->bucket);
    if (strncmp(host, own, strlen(own)) == 0) { /* the endpoint already contains the bucket */
        place->in_host = true;
        host += strlen(own);
    }
    size = place->in_host ? snprintf(place->host, sizeof place->host, "%s%s", own, host)
                          : snprintf(place->host, sizeof place->host, "%s", host);
    if (size < 0 || (size_t)size >= sizeof place->host)
        return err_set(err, ERR_USAGE, CODE_ENDPOINT, "the host name of the endpoint is too long");
    size = snprintf(place->endpoint, sizeof place->endpoint, "%s://%s%s",
                    place->https ? "https" : "http", host, place->prefix);
    if (size < 0 || (size_t)size >= sizeof place->endpoint)
        return err_set(err, ERR_USAGE, CODE_ENDPOINT, "the endpoint is too long");
    return 0;
}

int s3_endpoint_init(struct s3_endpoint *place, const char *endpoint, const char *region,
                     const char *bucket, const char *addressing, struct err *err)
{
    char host[256];

    *place = (struct s3_endpoint){0};
    if (!region || !region[0])
        region = "us-east-1";
    if (!region_valid(region))
        return err_set(err, ERR_USAGE, CODE_REGION, "\"%s\" is not a region", region);
    str_copy(place->region, sizeof place->region, region);

    if (!bucket || !bucket[0]) {
        return err_set(err, ERR_USAGE, CODE_BUCKET, "no bucket is named");
    }
    if (!only(bucket, LOWER UPPER DIGITS ".-_") || bucket[0] == '.' || bucket[0] == '-' ||
        !str_copy(place->bucket, sizeof place->bucket, bucket))
        return err_set(err, ERR_USAGE, CODE_BUCKET, "\"%s\" is not a valid bucket name", bucket);

    if (endpoint && endpoint[0]) {
        if (parse(place, endpoint, host, sizeof host, err) < 0)
            return ERR_FAIL;
    } else {
        place->https = true;
        aws_host(region, host, sizeof host);
    }
    place->aws = is_aws(host);
    if (choose_addressing(place, host, addressing, err) < 0)
        return ERR_FAIL;
    return compose(place, host, err);
}

/* Returns true if no segment is empty, "." or "..". */
static bool is_sound(const char *folder)
{
    for (;;) {
        size_t size = strcspn(folder, "/");

        if (size == 0 || (size <= 2 && strncmp(folder, "..", size) == 0))
            return false;
        folder += size;
        if (!folder[0] || !folder[1])
            return true;
        folder++;
    }
}

int s3_endpoint_under(struct s3_endpoint *place, const char *key_prefix, struct err *err)
{
    size_t size = key_prefix ? strlen(key_prefix) : 0;

    if (size == 0)
        return 0;
    if (size + 2 > sizeof place->key_prefix || !is_sound(key_prefix) ||
        !str_is_printable(key_prefix)) {
        err_set(err, ERR_USAGE, "key", "the key prefix \"%s\" is not a folder of a bucket",
                key_prefix);
        return err_hint(err,
                        "write the prefix without a slash in front, such as shop or team/shop");
    }
    snprintf(place->key_prefix, sizeof place->key_prefix, "%s%s", key_prefix,
             key_prefix[size - 1] == '/' ? "" : "/");
    return 0;
}

bool s3_endpoint_move(struct s3_endpoint *place, const char *region)
{
    char host[256];
    struct err ignored;

    if (!region_valid(region) || strcmp(region, place->region) == 0)
        return false;
    str_copy(place->region, sizeof place->region, region);
    if (place->aws) {
        aws_host(region, host, sizeof host);
        return compose(place, host, &ignored) == 0;
    }
    return true;
}
