/*
 * A host name has three parts: the service ("s3", "s3-fips", "s3-accesspoint"), the word
 * "dualstack", and the region with the domain of its partition.
 */
#include "store/s3/aws_host.h"

#include <stdio.h>
#include <string.h>

#include "aws/partition.h"

void s3_aws_host_write(const struct s3_aws_host *host, const char *region, char *out, size_t size)
{
    const char *domain = aws_partition_of(region)->domain;
    const char *dualstack = host->dualstack ? ".dualstack" : "";
    bool global = strcmp(region, S3_GLOBAL_REGION) == 0;

    if (host->accelerate) {
        snprintf(out, size, "s3-accelerate%s.%s", dualstack, domain);
    } else if (global && !host->fips && !host->dualstack && !host->access_point) {
        snprintf(out, size, "s3.%s", domain);
    } else {
        snprintf(out, size, "s3%s%s%s.%s.%s", host->access_point ? "-accesspoint" : "",
                 host->fips ? "-fips" : "", dualstack, global ? S3_DEFAULT_REGION : region, domain);
    }
}

/* Returns whether the label names the service: "s3", "s3-fips", "s3-us-west-2". */
static bool is_service(const char *label, size_t size)
{
    return size >= 2 && strncmp(label, "s3", 2) == 0 && (size == 2 || label[2] == '-');
}

/* Returns whether the label is part of a host of S3 behind the service. All regions end with a
 * digit. */
static bool may_follow(const char *label, size_t size)
{
    return (size == 9 && strncmp(label, "dualstack", size) == 0) ||
           (size == 4 && strncmp(label, "vpce", size) == 0) ||
           (size > 0 && strchr("0123456789", label[size - 1]));
}

bool s3_aws_host_is(const char *host)
{
    const char *end = host + aws_partition_before_domain(host);
    bool found = false;
    size_t size;

    for (const char *label = host; label < end; label += size + 1) {
        size = strcspn(label, ".");
        found = is_service(label, size) || (found && may_follow(label, size));
    }
    return found;
}

bool s3_aws_host_is_public(const char *host)
{
    size_t end = aws_partition_before_domain(host);
    const char *service = host;

    /* a bucket may be in front: the service is the last or the last but one word */
    for (const char *at = host; (at = strstr(at, "s3")) && (size_t)(at - host) < end; at++)
        if (at == host || at[-1] == '.')
            service = at;
    return end > 0 && strncmp(service, "s3", 2) == 0 && strchr(".-", service[2]) &&
           strncmp(service, "s3-acc", 6) != 0 && strncmp(service, "s3-fips", 7) != 0 &&
           strcspn(service + 3, ".") + 3 + (size_t)(service - host) >= end;
}
