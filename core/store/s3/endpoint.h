/*
 * endpoint - where a bucket is: scheme, host, path in front of the keys, region.
 */
#ifndef S3DOCK_STORE_S3_ENDPOINT_H
#define S3DOCK_STORE_S3_ENDPOINT_H

#include <stdbool.h>

struct err;

#define S3_REGION_SIZE 64
#define S3_BUCKET_SIZE 128

struct s3_endpoint {
    bool https;
    bool aws;         /* the host names the region, so it follows s3_endpoint_move */
    bool in_host;     /* bucket in the host name (virtual), otherwise in the path */
    char host[512];   /* for URL and Host: "bucket.s3.eu-west-1.amazonaws.com", "127.0.0.1:9000";
                         no port when it is the scheme's own */
    char prefix[256]; /* path of the endpoint, "" or "/base": no slash at its end */
    char bucket[S3_BUCKET_SIZE];
    char region[S3_REGION_SIZE];
    char key_prefix[256]; /* in front of every key: "" or "shop/" */
    char endpoint[352];   /* canonical, without the bucket: "https://s3.eu-west-1.amazonaws.com" */
};

/* `endpoint` NULL or "": AWS for the region. `addressing` NULL or "auto": in the host on AWS,
 * Alibaba OSS and Tencent COS (but for bucket names with dots, which no certificate covers) and in
 * the path elsewhere; an endpoint that already begins with the bucket's name is taken as it is.
 * Fails with usage.endpoint, usage.bucket, usage.region, usage.addressing. */
int s3_endpoint_init(struct s3_endpoint *place, const char *endpoint, const char *region,
                     const char *bucket, const char *addressing, struct err *err);
/* Every key lies under this folder of the bucket: "shop" or "shop/"; NULL or "": none. usage.key:
 * it is no sound key. */
int s3_endpoint_under(struct s3_endpoint *place, const char *key_prefix, struct err *err);
/* Moves to another region, as a store has asked: false when that is none (hostile, or the one we
 * are in already). */
bool s3_endpoint_move(struct s3_endpoint *place, const char *region);

#endif
