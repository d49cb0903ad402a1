/*
 * Users write endpoints with and without scheme, port, slash, bucket. This file alone interprets
 * them. The hosts of AWS follow AWS's endpoint rules (aws_host.h).
 */
#include "store/s3/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/partition.h"
#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/utf8.h"
#include "store/s3/aws_host.h"

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

/* Returns true for Alibaba OSS and Tencent COS, which refuse the bucket in the path. */
static bool wants_bucket_in_host(const struct s3_endpoint *place, const char *host)
{
    return place->aws || ends(host, ".aliyuncs.com") || ends(host, ".myqcloud.com");
}

static int bad_region(const char *region, struct err *err)
{
    return err_set(err, ERR_USAGE, CODE_REGION, "\"%s\" is not a region", region);
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
    char *bracket, *colon;
    size_t length, path;

    place->https = true;
    if (starts(rest, "https://"))
        rest += 8;
    else if (starts(rest, "http://")) {
        rest += 7;
        place->https = false;
    } else if (strstr(rest, "://"))
        return bad_endpoint(err, endpoint, "only http:// and https:// are supported");
    length = strcspn(rest, "/");
    if (length == 0 || length >= size)
        return bad_endpoint(err, endpoint, "no host name");
    for (size_t i = 0; i < length; i++)
        host[i] = rest[i] >= 'A' && rest[i] <= 'Z' ? (char)(rest[i] | 0x20) : rest[i];
    host[length] = '\0';
    if (!only(host, LOWER DIGITS ".-_:[]"))
        return bad_endpoint(err, endpoint, "the host name has an invalid character");
    bracket = strchr(host, ']');
    colon = strchr(bracket ? bracket : host, ':');
    if (colon && !port_valid(colon + 1))
        return bad_endpoint(err, endpoint, "the port is not a number from 1 to 65535");
    if (colon && strcmp(colon + 1, place->https ? "443" : "80") == 0)
        *colon = '\0';
    path = strlen(rest + length);
    while (path > 0 && rest[length + path - 1] == '/')
        path--;
    if (path >= sizeof place->prefix)
        return bad_endpoint(err, endpoint, "too long");
    snprintf(place->prefix, sizeof place->prefix, "%.*s", (int)path, rest + length);
    if (path > 0 && !only(place->prefix, LOWER UPPER DIGITS "/-_.~"))
        return bad_endpoint(err, endpoint, "its path has characters that would need escaping");
    return 0;
}

/* ---- options that exclude each other ---- */

static int refuse_pair(const char *one, const char *other, struct err *err)
{
    return err_set(err, ERR_USAGE, CODE_COMBINATION, "%s and %s exclude each other", one, other);
}

static bool wants_path(const struct s3_place_options *options)
{
    return options->addressing && strcmp(options->addressing, "path") == 0;
}

static int check_kinds(const struct s3_place_options *options, struct err *err)
{
    const char *kind = options->fips         ? "FIPS"
                       : options->dualstack  ? "dualstack"
                       : options->accelerate ? "accelerate"
                                             : NULL;

    if (kind && options->endpoint && options->endpoint[0])
        return refuse_pair(kind, "an own endpoint", err);
    if (options->accelerate && options->fips)
        return refuse_pair("accelerate", "FIPS", err);
    if (options->accelerate && wants_path(options))
        return refuse_pair("accelerate", "path addressing", err);
    return 0;
}

static int check_partition(const struct s3_place_options *options, const char *region,
                           struct err *err)
{
    const struct aws_partition *partition = aws_partition_of(region);

    if ((options->fips || options->accelerate) && !partition->fips)
        return err_set(err, ERR_USAGE, CODE_COMBINATION, "region %s has no hosts for %s", region,
                       options->fips ? "FIPS" : "accelerate");
    return 0;
}

/* ---- the bucket ---- */

/* Checks the ARN against the options, and uses its region. */
static int take_access_point(struct s3_endpoint *place, const struct s3_place_options *options,
                             struct err *err)
{
    struct s3_access_point point;

    if (options->accelerate)
        return refuse_pair("accelerate", "an access point", err);
    if (wants_path(options))
        return refuse_pair("path addressing", "an access point", err);
    if (s3_access_point_read(options->bucket, &point, err) < 0)
        return ERR_FAIL;
    if (strcmp(aws_partition_of(place->region)->name, point.partition) != 0 ||
        strcmp(aws_partition_of(point.region)->name, point.partition) != 0)
        return err_set(err, ERR_USAGE, CODE_COMBINATION,
                       "the access point is in partition %s, and region %s is not", point.partition,
                       place->region);
    if (options->own_region_only && strcmp(point.region, place->region) != 0)
        return err_set(err, ERR_USAGE, CODE_COMBINATION,
                       "the access point is in region %s, and the region %s is set", point.region,
                       place->region);
    str_copy(place->region, sizeof place->region, point.region);
    str_copy(place->label, sizeof place->label, point.label);
    snprintf(place->bucket, sizeof place->bucket, "%s", point.arn);
    place->fixed = place->in_host = true;
    return 0;
}

static int take_bucket(struct s3_endpoint *place, const struct s3_place_options *options,
                       struct err *err)
{
    const char *bucket = options->bucket ? options->bucket : "";

    if (s3_bucket_is_arn(bucket))
        return take_access_point(place, options, err);
    if (s3_bucket_check(bucket, err) < 0)
        return ERR_FAIL;
    str_copy(place->bucket, sizeof place->bucket, bucket);
    str_copy(place->label, sizeof place->label, bucket);
    return 0;
}

/* Returns whether a label can be put before this host: not before an IP address. */
static bool takes_label(const char *host)
{
    return host[0] != '[' && strspn(host, DIGITS ".") != strcspn(host, ":");
}

static int choose_addressing(struct s3_endpoint *place, const char *host, const char *addressing,
                             struct err *err)
{
    if (place->fixed)
        return 0;
    if (!addressing || !addressing[0] || strcmp(addressing, "auto") == 0) {
        place->in_host =
            wants_bucket_in_host(place, host) && s3_bucket_fits_host(place->bucket, false);
    } else if (strcmp(addressing, "virtual") == 0) {
        place->in_host = takes_label(host) && s3_bucket_fits_host(place->bucket, !place->https);
    } else if (strcmp(addressing, "path") != 0) {
        err_set(err, ERR_USAGE, CODE_ADDRESSING, "unknown addressing \"%s\"", addressing);
        return err_hint(err, "use auto, path or virtual");
    }
    if (!place->accelerate || place->in_host)
        return 0;
    err_set(err, ERR_USAGE, CODE_BUCKET,
            "bucket \"%s\" cannot be part of a host name, which accelerate needs", place->bucket);
    return err_hint(err, "turn accelerate off, or use a bucket without dots in its name");
}

/* ---- the host ---- */

/* Returns whether the endpoint already contains the bucket. The host of a PrivateLink endpoint
 * begins with "bucket.vpce-" by itself. */
static bool names_bucket(const char *host, const char *label)
{
    size_t size = strlen(label);

    return strncmp(host, label, size) == 0 && host[size] == '.' &&
           strncmp(host + size + 1, "vpce-", 5) != 0;
}

static int compose(struct s3_endpoint *place, const char *host, struct err *err)
{
    int size;

    size = place->in_host ? snprintf(place->host, sizeof place->host, "%s.%s", place->label, host)
                          : snprintf(place->host, sizeof place->host, "%s", host);
    if (size < 0 || (size_t)size >= sizeof place->host)
        return err_set(err, ERR_USAGE, CODE_ENDPOINT, "the host name of the endpoint is too long");
    size = snprintf(place->endpoint, sizeof place->endpoint, "%s://%s%s",
                    place->https ? "https" : "http", host, place->prefix);
    if (size < 0 || (size_t)size >= sizeof place->endpoint)
        return err_set(err, ERR_USAGE, CODE_ENDPOINT, "the endpoint is too long");
    return 0;
}

static void write_aws_host(const struct s3_endpoint *place, char *out, size_t size)
{
    const struct s3_aws_host host = {.access_point = place->fixed,
                                     .fips = place->fips,
                                     .dualstack = place->dualstack,
                                     .accelerate = place->accelerate};

    s3_aws_host_write(&host, place->region, out, size);
}

/* Determines the host without the bucket. */
static int find_host(struct s3_endpoint *place, const struct s3_place_options *options, char *host,
                     size_t size, struct err *err)
{
    if (options->endpoint && options->endpoint[0]) {
        if (parse(place, options->endpoint, host, size, err) < 0)
            return ERR_FAIL;
        place->aws = s3_aws_host_is(host);
        place->follows = s3_aws_host_is_public(host);
        return 0;
    }
    if (!s3_bucket_fits_host(place->region, false))
        return bad_region(place->region, err);
    place->https = place->aws = place->follows = true;
    write_aws_host(place, host, size);
    return 0;
}

int s3_endpoint_init(struct s3_endpoint *place, const struct s3_place_options *options,
                     struct err *err)
{
    const char *region =
        options->region && options->region[0] ? options->region : S3_DEFAULT_REGION;
    char host[256] = "", *bare = host;

    *place = (struct s3_endpoint){
        .fips = options->fips, .dualstack = options->dualstack, .accelerate = options->accelerate};
    if (!region_valid(region))
        return bad_region(region, err);
    str_copy(place->region, sizeof place->region, region);
    if (check_kinds(options, err) < 0 || take_bucket(place, options, err) < 0 ||
        check_partition(options, place->region, err) < 0 ||
        find_host(place, options, host, sizeof host, err) < 0 ||
        choose_addressing(place, host, options->addressing, err) < 0)
        return ERR_FAIL;
    if (strcmp(place->region, S3_GLOBAL_REGION) == 0)
        str_copy(place->region, sizeof place->region, S3_DEFAULT_REGION);
    if (!wants_path(options) && names_bucket(host, place->label)) {
        place->in_host = true;
        bare += strlen(place->label) + 1;
    }
    return compose(place, bare, err);
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
    char host[256] = "";
    struct err ignored;

    if (place->fixed || !region_valid(region) || strcmp(region, place->region) == 0)
        return false;
    str_copy(place->region, sizeof place->region, region);
    if (!place->follows)
        return true;
    write_aws_host(place, host, sizeof host);
    return compose(place, host, &ignored) == 0;
}

bool s3_endpoint_to_host(struct s3_endpoint *place)
{
    char host[sizeof place->host];
    struct err ignored;

    if (place->in_host)
        return true;
    if (!takes_label(place->host) || !s3_bucket_fits_host(place->bucket, !place->https))
        return false;
    memcpy(host, place->host, sizeof host);
    place->in_host = true;
    if (compose(place, host, &ignored) == 0)
        return true;
    memcpy(place->host, host, sizeof host);
    place->in_host = false;
    return false;
}
