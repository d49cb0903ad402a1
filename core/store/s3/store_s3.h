/*
 * store_s3 - a bucket behind the S3 protocol: its constructor. The interface is in store/store.h.
 */
#ifndef S3DOCK_STORE_S3_STORE_S3_H
#define S3DOCK_STORE_S3_STORE_S3_H

#include <stdbool.h>
#include <stdint.h>

#include "store/s3/option_headers.h"

struct cancel;
struct credential_provider;
struct err;
struct retry_policy;
struct store;

/* Strings are copied, but `provider` and `cancel` must exist as long as the store. */
struct store_s3_options {
    /* of struct s3_place_options */
    const char *endpoint, *region, *bucket, *addressing;
    bool fips, dualstack, accelerate, own_region_only;
    const char *key_prefix; /* NULL or "": none; a folder of the bucket that all keys lie in */
    /* The keys that sign. NULL, or an anonymous set: requests are not signed. */
    struct credential_provider *provider;
    const char *ca_file;                  /* NULL: the system's */
    const char *client_cert, *client_key; /* PEM files, for servers that demand them; NULL: none */
    bool insecure;                        /* no check of the certificate; logged as an error */
    const char *headers[S3_OPTION_COUNT]; /* values of option_headers.h; NULL or "": not set */
    const char *checksum;                 /* a word of body_digest.h; NULL: auto */
    bool sign_payload;                    /* SHA-256 of bodies also on https */
    const struct retry_policy *retry;     /* NULL: RETRY_DEFAULT */
    unsigned retries;                     /* most tries of one request; 0: those of the policy */
    uint64_t rate;      /* most bytes a second, of all bodies together, each way; 0: no limit */
    int64_t stall_time; /* ns without a byte after which a try fails; 0: STORE_STALL_TIME */
    const struct cancel *cancel; /* NULL: never cancelled */
};
/* Checks the options as store_s3_create does, without a provider: before credentials are fetched.
 * Fails with usage.*. */
int store_s3_check(const struct store_s3_options *options, struct err *err);
/* Opens the bucket; sends no request. Returns NULL after a failure. */
struct store *store_s3_create(const struct store_s3_options *options, struct err *err);

#endif
