/*
 * bucket_name - the grammar of bucket names and of the ARNs of access points, as in the endpoint
 * rules of AWS. Pure. Source: endpoint-rule-set.json of S3 in botocore.
 */
#ifndef S3DOCK_STORE_S3_BUCKET_NAME_H
#define S3DOCK_STORE_S3_BUCKET_NAME_H

#include <stdbool.h>

struct err;

#define S3_REGION_SIZE 64
#define S3_BUCKET_SIZE 160

/* The access point of "arn:aws:s3:us-west-2:123456789012:accesspoint/NAME". */
struct s3_access_point {
    char partition[16], region[S3_REGION_SIZE];
    char label[80];           /* of its host: "NAME-123456789012" */
    char arn[S3_BUCKET_SIZE]; /* in its usual form, with a slash before the name */
};

/* Returns whether the name can be one label of a host name, or several if `dots`. */
bool s3_bucket_fits_host(const char *bucket, bool dots);
bool s3_bucket_is_arn(const char *bucket);
/* Reads an ARN. usage.bucket: it is malformed, or the resource is not an access point of one
 * region. */
int s3_access_point_read(const char *arn, struct s3_access_point *out, struct err *err);

/* Refuses names that no request can contain, and kinds of buckets that need another protocol
 * (directory buckets, Outposts, Object Lambda). usage.bucket. */
int s3_bucket_check(const char *bucket, struct err *err);
/* Refuses names that no bucket has: shorter than three characters or an IP address. `strict`: also
 * names that no bucket of AWS has since 2018: with capitals or underscores, or longer than 63.
 * usage.bucket. */
int s3_bucket_check_exists(const char *bucket, bool strict, struct err *err);

#endif
