/*
 * aws_host - the host names of S3 on AWS. Pure. Source: endpoint-rule-set.json of S3 in botocore.
 */
#ifndef S3DOCK_STORE_S3_AWS_HOST_H
#define S3DOCK_STORE_S3_AWS_HOST_H

#include <stdbool.h>
#include <stddef.h>

#define S3_DEFAULT_REGION "us-east-1"
#define S3_GLOBAL_REGION  "aws-global" /* signed as the default region */

struct s3_aws_host {
    bool access_point; /* otherwise a bucket */
    bool fips, dualstack, accelerate;
};

/* Writes the host without the bucket: "s3-fips.dualstack.eu-west-1.amazonaws.com". */
void s3_aws_host_write(const struct s3_aws_host *host, const char *region, char *out, size_t size);
/* Returns whether the host is one of S3 on AWS. Hosts of AWS's customers are not: load balancers,
 * virtual machines, gateways. */
bool s3_aws_host_is(const char *host);
/* Returns whether it is the public host of a region: "s3.REGION.DOMAIN", or an older form of it.
 * Only the name of the region differs between these hosts. */
bool s3_aws_host_is_public(const char *host);

#endif
