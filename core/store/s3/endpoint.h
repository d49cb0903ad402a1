/*
 * endpoint - the address of a bucket: scheme, host, path before the keys, region.
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
    char key_prefix[256]; /* before each key: "" or "shop/" */
    char endpoint[352];   /* canonical, without the bucket: "https://s3.eu-west-1.amazonaws.com" */
};

/* `endpoint` NULL or "": AWS for the region. `addressing` NULL or "auto": in the host on AWS,
 * Alibaba OSS and Tencent COS (but for bucket names with dots, which no certificate covers) and in
 * the path elsewhere. An endpoint that begins with the bucket's name is used unchanged.
 * Fails with usage.endpoint, usage.bucket, usage.region, usage.addressing. */
int s3_endpoint_init(struct s3_endpoint *place, const char *endpoint, const char *region,
                     const char *bucket, const char *addressing, struct err *err);
/* Puts all keys under a folder of the bucket: "shop" or "shop/"; NULL or "": none. usage.key: that
 * is no valid key. */
int s3_endpoint_under(struct s3_endpoint *place, const char *key_prefix, struct err *err);
/* Changes the region, as a store demands. False: the text is no region, or the present one. */
bool s3_endpoint_move(struct s3_endpoint *place, const char *region);

#endif
