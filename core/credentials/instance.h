/*
 * instance - the metadata service of an EC2 instance (IMDS version 2): credentials of its role, and
 * its region. Source: "IMDS credential provider" in the AWS SDKs and Tools Reference Guide.
 */
#ifndef S3DOCK_CREDENTIALS_INSTANCE_H
#define S3DOCK_CREDENTIALS_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

struct credential_context;
struct credentials;
struct err;

#define INSTANCE_NAME_MAX 256

/* The state between two calls. Zero it at the start; wipe it with instance_finish. Belongs to one
 * thread at a time. */
struct instance_cache {
    char token[1024];
    int64_t token_expiry;         /* wall clock, ns */
    char role[INSTANCE_NAME_MAX]; /* "": not known */
    bool plain_list;              /* the service has no list with account ids */
    bool warned;                  /* that it gives expired credentials */
    char absent[192]; /* the reason of the last SOURCE_ABSENT, for the report: "switched off by
                         AWS_EC2_METADATA_DISABLED", "no response from 169.254.169.254" */
};

/* Gets credentials of the instance's role from the service of ctx->settings->imds. Expired
 * credentials are returned with an expiry some minutes ahead. The service gives them during an
 * outage of its own, and S3 accepts them. SOURCE_ABSENT: switched off, no instance, no version 2,
 * or no role; cache->absent has the reason. auth.source: the service fails. auth.denied: the role
 * cannot be assumed. auth.answer: a response is malformed. cancelled.*. */
int instance_credentials(const struct credential_context *ctx, struct instance_cache *cache,
                         struct credentials *out, struct err *err);

#define INSTANCE_REGION_SIZE 64
/* Stores the region of the instance. SOURCE_ABSENT and failures as above. */
int instance_region(const struct credential_context *ctx, struct instance_cache *cache,
                    char region[INSTANCE_REGION_SIZE], struct err *err);

void instance_finish(struct instance_cache *cache);

#endif
