/*
 * One row for each partition. The beginning of a region's name selects the row.
 */
#include "aws/partition.h"

#include <string.h>

#include "base/bytes.h"

#define PREFIXES_MAX 2

static const struct {
    const char *prefixes[PREFIXES_MAX]; /* of its regions */
    struct aws_partition partition;
} ROWS[] = {
    {{"cn-", "aws-cn-"}, {"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false}},
    {{"us-gov-", "aws-us-gov-"}, {"aws-us-gov", "amazonaws.com", "api.aws", true}},
    {{"us-iso-", "aws-iso-global"}, {"aws-iso", "c2s.ic.gov", "api.aws.ic.gov", true}},
    {{"us-isob-", "aws-iso-b-"}, {"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", true}},
    {{"eu-isoe-", "aws-iso-e-"}, {"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", true}},
    {{"us-isof-", "aws-iso-f-"}, {"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", true}},
    {{"eu-isof-", NULL}, {"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", true}},
    {{"eusc-", "aws-eusc-"}, {"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", true}},
};

static const struct aws_partition COMMERCIAL = {"aws", "amazonaws.com", "api.aws", true};

const struct aws_partition *aws_partition_of(const char *region)
{
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++)
        for (size_t j = 0; j < PREFIXES_MAX && ROWS[i].prefixes[j]; j++)
            if (strncmp(region, ROWS[i].prefixes[j], strlen(ROWS[i].prefixes[j])) == 0)
                return &ROWS[i].partition;
    return &COMMERCIAL;
}

static size_t before_domain(const char *host, const char *domain)
{
    size_t size = strlen(host), tail = strlen(domain);

    if (size <= tail + 1 || host[size - tail - 1] != '.' || !str_ends(host, domain))
        return 0;
    return size - tail - 1;
}

size_t aws_partition_before_domain(const char *host)
{
    size_t before = before_domain(host, COMMERCIAL.domain);

    for (size_t i = 0; !before && i < ARRAY_SIZE(ROWS); i++)
        before = before_domain(host, ROWS[i].partition.domain);
    return before;
}
