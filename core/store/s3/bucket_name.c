/*
 * The rules are those of AWS's endpoint rules: a name gets the same host as in the AWS SDKs.
 */
#include "store/s3/bucket_name.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

#define LENGTH_LEAST 3
#define LENGTH_MOST  63 /* of a label of a host name */

static bool has_only(const char *text, const char *allowed)
{
    return text[0] && strspn(text, allowed) == strlen(text);
}

static bool ends(const char *text, const char *with)
{
    size_t size = strlen(text), tail = strlen(with);

    return size >= tail && strcmp(text + size - tail, with) == 0;
}

static bool is_ip_address(const char *text)
{
    unsigned dots = 0;

    for (const char *c = text; *c; c++)
        dots += *c == '.';
    return dots == 3 && has_only(text, DIGITS ".");
}

/* Returns whether `size` bytes of text are a label: letters, digits, and hyphens inside. */
static bool is_label(const char *text, size_t size)
{
    return size > 0 && size <= LENGTH_MOST && strspn(text, LOWER DIGITS "-") >= size &&
           text[0] != '-' && text[size - 1] != '-';
}

bool s3_bucket_fits_host(const char *bucket, bool dots)
{
    size_t size = strlen(bucket);

    if (size < LENGTH_LEAST || size > LENGTH_MOST || is_ip_address(bucket))
        return false;
    if (!dots)
        return is_label(bucket, size);
    for (const char *label = bucket;; label += size + 1) {
        size = strcspn(label, ".");
        if (!is_label(label, size))
            return false;
        if (!label[size])
            return true;
    }
}

/* ---- access points ---- */

bool s3_bucket_is_arn(const char *bucket)
{
    return strncmp(bucket, "arn:", 4) == 0;
}

static int refuse_arn(const char *arn, const char *why, struct err *err)
{
    err_set(err, ERR_USAGE, CODE_BUCKET, "bucket \"%s\": %s", arn, why);
    return err_hint(err, "write the name of a bucket, the alias of an access point, or "
                         "arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME");
}

/* Copies the field before the next colon and moves *at behind it. */
static bool take_field(const char **at, char *out, size_t size)
{
    size_t length = strcspn(*at, ":");

    if (!(*at)[length] || length >= size)
        return false;
    snprintf(out, size, "%.*s", (int)length, *at);
    *at += length + 1;
    return true;
}

int s3_access_point_read(const char *arn, struct s3_access_point *out, struct err *err)
{
    static const char KIND[] = "accesspoint";
    char service[32], account[16];
    const char *at = arn + 4, *name;

    *out = (struct s3_access_point){0};
    if (!take_field(&at, out->partition, sizeof out->partition) ||
        !take_field(&at, service, sizeof service) ||
        !take_field(&at, out->region, sizeof out->region) ||
        !take_field(&at, account, sizeof account))
        return refuse_arn(arn, "not an ARN of an access point", err);
    if (strcmp(service, "s3") != 0 || strncmp(at, KIND, sizeof KIND - 1) != 0 ||
        !strchr(":/", at[sizeof KIND - 1]))
        return refuse_arn(arn, "only ARNs of access points are supported", err);
    if (!out->region[0])
        return refuse_arn(arn, "multi-region access points are not supported", err);
    name = at[sizeof KIND - 1] ? at + sizeof KIND : "";
    if (!is_label(name, strlen(name)) || !is_label(out->region, strlen(out->region)) ||
        !has_only(account, DIGITS))
        return refuse_arn(arn, "not an ARN of an access point", err);
    if (snprintf(out->label, sizeof out->label, "%s-%s", name, account) > LENGTH_MOST)
        return refuse_arn(arn, "the name of the access point is too long", err);
    snprintf(out->arn, sizeof out->arn, "arn:%s:s3:%s:%s:%s/%s", out->partition, out->region,
             account, KIND, name);
    return 0;
}

/* ---- checks ---- */

/* Returns the kind of a bucket that another protocol serves. NULL: a plain name. */
static const char *foreign_kind(const char *bucket)
{
    static const struct {
        const char *tail, *kind;
    } KINDS[] = {
        {"--x-s3", "directory buckets (S3 Express) are"},
        {"--xa-s3", "access points of directory buckets are"},
        {"--op-s3", "buckets on Outposts are"},
        {"--ol-s3", "Object Lambda access points are"},
        {"-opl-s3", "Object Lambda access points are"},
        {".mrap", "multi-region access points are"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
        if (ends(bucket, KINDS[i].tail))
            return KINDS[i].kind;
    return NULL;
}

int s3_bucket_check(const char *bucket, struct err *err)
{
    const char *kind = foreign_kind(bucket);

    if (!bucket[0])
        return err_set(err, ERR_USAGE, CODE_BUCKET, "no bucket is named");
    if (strlen(bucket) >= S3_BUCKET_SIZE || !has_only(bucket, LOWER UPPER DIGITS ".-_") ||
        bucket[0] == '.' || bucket[0] == '-')
        return err_set(err, ERR_USAGE, CODE_BUCKET, "\"%.80s\" is not a valid bucket name", bucket);
    if (kind) {
        err_set(err, ERR_USAGE, CODE_BUCKET, "bucket \"%s\": %s not supported", bucket, kind);
        return err_hint(err, "use a general purpose bucket");
    }
    return 0;
}

int s3_bucket_check_exists(const char *bucket, bool strict, struct err *err)
{
    const char *why = NULL, *hint = "correct the name";

    if (strlen(bucket) < LENGTH_LEAST)
        why = "a bucket name has at least 3 characters";
    else if (is_ip_address(bucket))
        why = "a bucket name is not an IP address";
    if (!why && strict) {
        hint = "correct the name; for a bucket of 2017 or earlier with such a name, write the "
               "endpoint https://s3.us-east-1.amazonaws.com";
        if (!has_only(bucket, LOWER DIGITS ".-"))
            why = "a bucket name has lower-case letters, digits, dots and hyphens only";
        else if (!s3_bucket_fits_host(bucket, true))
            why =
                "a bucket name has 3 to 63 characters, and begins and ends with a letter or digit";
    }
    if (!why)
        return 0;
    err_set(err, ERR_USAGE, CODE_BUCKET, "no bucket can be named \"%s\": %s", bucket, why);
    return err_hint(err, "%s", hint);
}
