/*
 * partition - the separate parts of AWS, each with its own regions and domain names. Source:
 * partitions.json in botocore.
 */
#ifndef S3DOCK_AWS_PARTITION_H
#define S3DOCK_AWS_PARTITION_H

#include <stdbool.h>
#include <stddef.h>

struct aws_partition {
    const char *name;      /* as in ARNs: "aws", "aws-cn" */
    const char *domain;    /* "amazonaws.com" */
    const char *dualstack; /* domain of hosts with IPv6, for all services but S3: "api.aws" */
    bool fips;             /* it has FIPS hosts */
};

/* Returns the partition of a region. Never NULL: an unknown region belongs to "aws". */
const struct aws_partition *aws_partition_of(const char *region);
/* Returns the number of bytes of a host name before the dot and the domain of a partition. 0: the
 * host is not of AWS. */
size_t aws_partition_before_domain(const char *host);

#endif
