/*
 * One table maps an option to its header and to the verbs that send it. AWS refuses most of these
 * headers in other requests. A second table has the check of each value.
 */
#include "store/s3/option_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "os/memory.h"

#define TAGS_MAX   10
#define OWNER_SIZE 12 /* digits of an account */

#define CUSTOMER_KEY_SIZE 32 /* bytes */

/* ---- which request carries which header ---- */

#define BIT(verb) (1u << (verb))
#define CREATES   (BIT(STORE_PUT) | BIT(STORE_COPY) | BIT(STORE_UPLOAD_CREATE))
#define COPIES    (BIT(STORE_COPY) | BIT(STORE_UPLOAD_COPY_PART))
#define ALL       (~0u)
/* The store does not keep a customer key, so each request that reads or writes an object sends
 * it. */
#define OF_OBJECTS                                                                                 \
    (CREATES | BIT(STORE_UPLOAD_PART) | BIT(STORE_UPLOAD_COPY_PART) | BIT(STORE_UPLOAD_COMPLETE) | \
     BIT(STORE_UPLOAD_PARTS) | BIT(STORE_GET) | BIT(STORE_HEAD))
#define CUSTOMER "server-side-encryption-customer-"

static const struct row {
    struct s3_option_header header;
    unsigned verbs;
    bool archives; /* only for archives */
} ROWS[] = {
    {{"x-amz-server-side-encryption", S3_ENCRYPTION}, CREATES, false},
    {{"x-amz-server-side-encryption-aws-kms-key-id", S3_ENCRYPTION_KEY}, CREATES, false},
    {{"x-amz-server-side-encryption-context", S3_ENCRYPTION_CONTEXT}, CREATES, false},
    {{"x-amz-server-side-encryption-bucket-key-enabled", S3_BUCKET_KEY}, CREATES, false},
    {{"x-amz-storage-class", S3_STORAGE_CLASS}, CREATES, true},
    {{"x-amz-acl", S3_ACL}, CREATES, false},
    {{"x-amz-tagging", S3_TAGS}, CREATES, false},
    {{"x-amz-object-lock-mode", S3_LOCK_MODE}, CREATES, true},
    {{"x-amz-object-lock-retain-until-date", S3_LOCK_UNTIL}, CREATES, true},
    {{"x-amz-object-lock-legal-hold", S3_LEGAL_HOLD}, CREATES, true},
    {{"x-amz-request-payer", S3_REQUEST_PAYER}, ALL, false},
    {{"x-amz-expected-bucket-owner", S3_BUCKET_OWNER}, ALL, false},
    {{"x-amz-source-expected-bucket-owner", S3_BUCKET_OWNER}, COPIES, false},
    {{"x-amz-" CUSTOMER "algorithm", S3_CUSTOMER_ALGORITHM}, OF_OBJECTS, false},
    {{"x-amz-" CUSTOMER "key", S3_CUSTOMER_KEY}, OF_OBJECTS, false},
    {{"x-amz-" CUSTOMER "key-md5", S3_CUSTOMER_KEY_MD5}, OF_OBJECTS, false},
    {{"x-amz-copy-source-" CUSTOMER "algorithm", S3_CUSTOMER_ALGORITHM}, COPIES, false},
    {{"x-amz-copy-source-" CUSTOMER "key", S3_CUSTOMER_KEY}, COPIES, false},
    {{"x-amz-copy-source-" CUSTOMER "key-md5", S3_CUSTOMER_KEY_MD5}, COPIES, false},
};

const struct s3_option_header *s3_option_header_next(enum store_verb verb, bool archive,
                                                     unsigned *at)
{
    while (*at < ARRAY_SIZE(ROWS)) {
        const struct row *row = &ROWS[(*at)++];

        if (row->verbs & BIT(verb) && (archive || !row->archives))
            return &row->header;
    }
    return NULL;
}

/* ---- checks ---- */

static const struct json_limits CONTEXT_LIMITS = {.bytes = 4 * KIB, .depth = 2, .nodes = 128};

static bool is_one_of(const char *value, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(*words, value) == 0)
            return true;
    return false;
}

static int check_encryption(const char *value, struct err *err)
{
    static const char *const WORDS[] = {"AES256", "aws:kms", "aws:kms:dsse", NULL};

    if (is_one_of(value, WORDS))
        return 0;
    err_set(err, ERR_USAGE, CODE_ENCRYPTION, "unknown encryption \"%.80s\"", value);
    return err_hint(err, "use AES256, aws:kms or aws:kms:dsse");
}

static int check_encryption_key(const char *value, struct err *err)
{
    if (store_etag_is_sound(value) && strlen(value) < 512)
        return 0;
    err_set(err, ERR_USAGE, CODE_ENCRYPTION, "\"%.80s\" is not an id or ARN of a key", value);
    return err_hint(err, "write the id, the alias or the ARN of a key, without blanks");
}

static int check_context(const char *value, struct err *err)
{
    struct json *json = NULL;
    struct err reason;
    bool is_object = json_parse(&json, view_str(value), &CONTEXT_LIMITS, "the encryption context",
                                &reason) == 0 &&
                     json_kind(json_root(json)) == JSON_OBJECT;

    json_destroy(json);
    if (is_object)
        return 0;
    err_set(err, ERR_USAGE, CODE_ENCRYPTION,
            "the encryption context is not a JSON object: \"%.80s\"", value);
    return err_hint(err, "write an object such as {\"team\": \"shop\"}");
}

/* Objects in GLACIER and DEEP_ARCHIVE take hours to restore, so pulls and copies fail. */
static int check_storage_class(const char *value, struct err *err)
{
    static const char *const COLD[] = {"GLACIER", "DEEP_ARCHIVE", NULL};

    if (is_one_of(value, COLD)) {
        err_set(err, ERR_USAGE, CODE_STORAGE_CLASS,
                "an image of storage class %s could not be pulled before it is restored", value);
        return err_hint(err, "use GLACIER_IR, or a lifecycle rule of the bucket for old images");
    }
    if (strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(value) &&
        strlen(value) < 32)
        return 0;
    err_set(err, ERR_USAGE, CODE_STORAGE_CLASS, "\"%.80s\" is not a storage class", value);
    return err_hint(err, "use STANDARD, STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, GLACIER_IR "
                         "or a class of this store");
}

static int check_acl(const char *value, struct err *err)
{
    static const char *const WORDS[] = {
        "private",       "public-read",       "public-read-write",         "authenticated-read",
        "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control", NULL};

    if (is_one_of(value, WORDS))
        return 0;
    err_set(err, ERR_USAGE, CODE_ACL, "unknown ACL \"%.80s\"", value);
    return err_hint(err, "use bucket-owner-full-control or another canned ACL of S3");
}

static int check_tags(const char *value, struct err *err)
{
    unsigned count = 0;
    bool sound = store_etag_is_sound(value) && strlen(value) < 4 * KIB;

    for (const char *tag = value; sound; tag += strcspn(tag, "&") + 1) {
        size_t size = strcspn(tag, "&");

        sound = tag[0] != '=' && strcspn(tag, "=") < size && ++count <= TAGS_MAX;
        if (!tag[size])
            break;
    }
    if (sound)
        return 0;
    err_set(err, ERR_USAGE, CODE_TAGS, "\"%.80s\" is not a list of at most %d tags", value,
            TAGS_MAX);
    return err_hint(err, "write NAME=VALUE&NAME=VALUE, with %%20 for a blank");
}

static int check_lock_mode(const char *value, struct err *err)
{
    static const char *const WORDS[] = {"GOVERNANCE", "COMPLIANCE", NULL};

    if (is_one_of(value, WORDS))
        return 0;
    err_set(err, ERR_USAGE, CODE_LOCK, "unknown mode of retention \"%.80s\"", value);
    return err_hint(err, "use GOVERNANCE or COMPLIANCE");
}

static int check_lock_until(const char *value, struct err *err)
{
    int64_t until;

    if (clock_parse_rfc3339(value, &until))
        return 0;
    err_set(err, ERR_USAGE, CODE_LOCK, "\"%.80s\" is not a time", value);
    return err_hint(err, "write a time such as 2030-01-01T00:00:00Z");
}

static int check_owner(const char *value, struct err *err)
{
    if (strlen(value) == OWNER_SIZE && strspn(value, "0123456789") == OWNER_SIZE)
        return 0;
    return err_set(err, ERR_USAGE, CODE_BUCKET_OWNER,
                   "\"%.80s\" is not the number of an AWS account (12 digits)", value);
}

static int check_switch(const char *value, struct err *err)
{
    static const char *const WORDS[] = {"true", "ON", "requester", NULL};

    if (is_one_of(value, WORDS))
        return 0;
    return err_set(err, ERR_USAGE, "value", "unknown value \"%.80s\" of a switch", value);
}

/* The message does not contain the value, which is a secret. */
static int check_customer_key(const char *value, struct err *err)
{
    uint8_t key[CUSTOMER_KEY_SIZE];
    long size = base64_decode(value, strlen(value), key, sizeof key);

    os_wipe(key, sizeof key);
    if (size == CUSTOMER_KEY_SIZE)
        return 0;
    err_set(err, ERR_USAGE, CODE_ENCRYPTION, "the customer key is not 32 bytes in base64");
    return err_hint(err, "make one with: openssl rand -base64 32");
}

static int (*const CHECKS[S3_OPTION_COUNT])(const char *value, struct err *err) = {
    [S3_ENCRYPTION] = check_encryption,
    [S3_ENCRYPTION_KEY] = check_encryption_key,
    [S3_ENCRYPTION_CONTEXT] = check_context,
    [S3_BUCKET_KEY] = check_switch,
    [S3_STORAGE_CLASS] = check_storage_class,
    [S3_ACL] = check_acl,
    [S3_TAGS] = check_tags,
    [S3_LOCK_MODE] = check_lock_mode,
    [S3_LOCK_UNTIL] = check_lock_until,
    [S3_LEGAL_HOLD] = check_switch,
    [S3_REQUEST_PAYER] = check_switch,
    [S3_BUCKET_OWNER] = check_owner,
    [S3_CUSTOMER_KEY] = check_customer_key,
};

/* The options of KMS need an encryption by KMS. Both halves of a retention are needed. */
static int check_together(char *const values[S3_HEADER_VALUES], struct err *err)
{
    const char *way = values[S3_ENCRYPTION] ? values[S3_ENCRYPTION] : "";
    bool needs_kms =
        values[S3_ENCRYPTION_KEY] || values[S3_ENCRYPTION_CONTEXT] || values[S3_BUCKET_KEY];

    if (needs_kms && strncmp(way, "aws:kms", 7) != 0)
        return err_set(err, ERR_USAGE, CODE_ENCRYPTION,
                       "an encryption key, an encryption context and a bucket key are for aws:kms "
                       "and aws:kms:dsse");
    if (values[S3_CUSTOMER_KEY] && values[S3_ENCRYPTION]) {
        err_set(err, ERR_USAGE, CODE_ENCRYPTION,
                "encryption by the store and a customer key exclude each other");
        return err_hint(err, "remove one of the two settings");
    }
    if (!values[S3_LOCK_MODE] != !values[S3_LOCK_UNTIL])
        return err_set(err, ERR_USAGE, CODE_LOCK, "a retention needs a mode and a time");
    return 0;
}

/* ---- the values ---- */

static char *copy_value(enum s3_option option, const char *value)
{
    char *out;

    if (option != S3_ENCRYPTION_CONTEXT)
        return strdup(value);
    out = malloc(BASE64_SIZE(strlen(value)));
    if (out)
        base64_encode((const uint8_t *)value, strlen(value), out);
    return out;
}

/* Computes the values of the headers that belong to a customer key: algorithm and MD5. */
static int describe_customer_key(struct s3_option_headers *headers, struct err *err)
{
    uint8_t key[CUSTOMER_KEY_SIZE], digest[MD5_SIZE];
    char text[BASE64_SIZE(MD5_SIZE)];
    const char *value = headers->values[S3_CUSTOMER_KEY];

    if (!value)
        return 0;
    base64_decode(value, strlen(value), key, sizeof key);
    md5_of(view_of(key, sizeof key), digest);
    os_wipe(key, sizeof key);
    base64_encode(digest, sizeof digest, text);
    headers->values[S3_CUSTOMER_ALGORITHM] = strdup("AES256");
    headers->values[S3_CUSTOMER_KEY_MD5] = strdup(text);
    return headers->values[S3_CUSTOMER_ALGORITHM] && headers->values[S3_CUSTOMER_KEY_MD5]
               ? 0
               : err_memory(err, "the options of the store");
}

int s3_option_headers_init(struct s3_option_headers *headers,
                           const char *const values[S3_OPTION_COUNT], struct err *err)
{
    *headers = (struct s3_option_headers){0};
    for (unsigned i = 0; i < S3_OPTION_COUNT; i++) {
        if (!values[i] || !values[i][0])
            continue;
        if (CHECKS[i](values[i], err) < 0)
            return ERR_FAIL;
        headers->values[i] = copy_value((enum s3_option)i, values[i]);
        if (!headers->values[i])
            return err_memory(err, "the options of the store");
    }
    return check_together(headers->values, err) < 0 ? ERR_FAIL
                                                    : describe_customer_key(headers, err);
}

void s3_option_headers_finish(struct s3_option_headers *headers)
{
    char *key = headers->values[S3_CUSTOMER_KEY];

    if (key)
        os_wipe(key, strlen(key));
    for (unsigned i = 0; i < S3_HEADER_VALUES; i++)
        free(headers->values[i]);
    *headers = (struct s3_option_headers){0};
}
