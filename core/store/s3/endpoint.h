/*
 * endpoint - the address of a bucket: scheme, host, path before the keys, region.
 */
#ifndef S3DOCK_STORE_S3_ENDPOINT_H
#define S3DOCK_STORE_S3_ENDPOINT_H

#include <stdbool.h>

#include "store/s3/bucket_name.h"

struct err;

struct s3_place_options {
    const char *endpoint;             /* NULL or "": AWS for the region */
    const char *region;               /* NULL or "": us-east-1 */
    const char *bucket;               /* a name, the alias of an access point, or the ARN of one */
    const char *addressing;           /* NULL or "auto", "path", "virtual" */
    bool fips, dualstack, accelerate; /* kinds of AWS's hosts */
    bool own_region_only;             /* refuse an ARN of another region (use_arn_region = false) */
};

struct s3_endpoint {
    bool https;
    bool aws;     /* a host of AWS */
    bool follows; /* the host names the region, so s3_endpoint_move changes it */
    bool fixed;   /* the region does not change: it is the ARN's */
    bool in_host; /* bucket in the host name (virtual), otherwise in the path */
    bool fips, dualstack, accelerate;
    char host[512];   /* for URL and Host: "bucket.s3.eu-west-1.amazonaws.com", "127.0.0.1:9000";
                         no port when it is the scheme's own */
    char prefix[256]; /* path of the endpoint, "" or "/base": no slash at its end */
    char bucket[S3_BUCKET_SIZE];
    char label[S3_BUCKET_SIZE];  /* of the bucket, in the host name */
    char region[S3_REGION_SIZE]; /* of the signature */
    char key_prefix[256];        /* before each key: "" or "shop/" */
    char endpoint[352]; /* canonical, without the bucket: "https://s3.eu-west-1.amazonaws.com" */
};

/* With "auto", the bucket is in the host name on AWS, Alibaba OSS and Tencent COS, and in the path
 * elsewhere. A bucket that is no label of a host name is in the path always: no certificate covers
 * a name with dots. An endpoint that begins with the bucket's name is used
 * unchanged, unless "path" is set.
 * Fails with usage.endpoint, usage.bucket, usage.region, usage.addressing, and with
 * usage.combination for options that exclude each other. */
int s3_endpoint_init(struct s3_endpoint *place, const struct s3_place_options *options,
                     struct err *err);
/* Puts all keys under a folder of the bucket: "shop" or "shop/"; NULL or "": none. usage.key: that
 * is no valid key. */
int s3_endpoint_under(struct s3_endpoint *place, const char *key_prefix, struct err *err);
/* Changes the region, as a store demands. A host that the user named stays, unless it is a public
 * host of AWS. False: the text is no region, is the present one, or the region is fixed. */
bool s3_endpoint_move(struct s3_endpoint *place, const char *region);
/* Moves the bucket from the path to the host name, as a store demands. False: the bucket or the
 * host does not allow that. */
bool s3_endpoint_to_host(struct s3_endpoint *place);

#endif
