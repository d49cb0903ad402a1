/*
 * A host name is the service with or without "-fips", the region, and a domain of the partition.
 */
#include "aws/service.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "aws/partition.h"
#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"

#define GLOBAL_SIGNING "us-east-1"

static const struct {
    const char *key;
    const char *host; /* before the region */
} SERVICES[AWS_SERVICE_COUNT] = {
    [AWS_S3] = {"s3", "s3"},
    [AWS_STS] = {"sts", "sts"},
    [AWS_SSO] = {"sso", "portal.sso"},
    [AWS_SSO_OIDC] = {"sso_oidc", "oidc"},
    [AWS_SIGNIN] = {"signin", "signin"},
};

const char *aws_service_key(enum aws_service service)
{
    return SERVICES[service].key;
}

bool aws_region_is_valid(const char *region)
{
    size_t size = strlen(region);

    if (size == 0 || size >= AWS_REGION_SIZE)
        return false;
    for (const char *c = region; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
            return false;
    return true;
}

static int check_region(enum aws_service service, const char *region, struct err *err)
{
    if (aws_region_is_valid(region))
        return 0;
    if (*region)
        err_set(err, ERR_USAGE, CODE_REGION, "the region '%s' is not a name of a region", region);
    else
        err_set(err, ERR_USAGE, CODE_REGION, "no region is set for the service %s of AWS",
                aws_service_key(service));
    return err_hint(err, "a region has a name like eu-central-1");
}

/* The plain hosts of the sign-in service have domains of their own. */
static const struct {
    const char *partition, *domain;
} SIGNIN_DOMAINS[] = {
    {"aws", "aws.amazon.com"},
    {"aws-cn", "amazonaws.cn"},
    {"aws-us-gov", "amazonaws-us-gov.com"},
    {"aws-eusc", "amazonaws-eusc.eu"},
    {"aws-iso", "c2shome.ic.gov"},
    {"aws-iso-b", "sc2shome.sgov.gov"},
    {"aws-iso-e", "csphome.adc-e.uk"},
    {"aws-iso-f", "csphome.hci.ic.gov"},
};

/* Writes "https://eu-west-1.signin.aws.amazon.com". */
static void format_signin(const char *partition, const char *region, bool fips, char *url,
                          size_t size)
{
    if (fips) { /* of us-gov: one host for all regions */
        snprintf(url, size, "https://signin-fips.amazonaws-us-gov.com");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(SIGNIN_DOMAINS); i++)
        if (!strcmp(SIGNIN_DOMAINS[i].partition, partition))
            snprintf(url, size, "https://%s.signin.%s", region, SIGNIN_DOMAINS[i].domain);
}

/* Writes "https://sts-fips.eu-west-1.api.aws". */
static void format_url(enum aws_service service, const char *region, bool fips, bool dualstack,
                       char *url, size_t size)
{
    const struct aws_partition *partition = aws_partition_of(region);
    const char *host = SERVICES[service].host;
    bool gov = !strcmp(partition->name, "aws-us-gov");

    if (service == AWS_SIGNIN && !dualstack && (gov || !fips)) {
        format_signin(partition->name, region, fips, url, size);
        return;
    }
    if (gov && !dualstack)
        fips = false; /* all plain hosts of this partition are FIPS hosts */
    snprintf(url, size, "https://%s%s.%s.%s", host, fips ? "-fips" : "", region,
             dualstack ? partition->dualstack : partition->domain);
}

int aws_service_url(enum aws_service service, const char *region, bool fips, bool dualstack,
                    char *url, size_t size, char signing_region[AWS_REGION_SIZE], struct err *err)
{
    bool global = service == AWS_STS && (!*region || !strcmp(region, "aws-global"));

    if (global && !fips && !dualstack) {
        str_copy(url, size, "https://sts.amazonaws.com");
        str_copy(signing_region, AWS_REGION_SIZE, GLOBAL_SIGNING);
        return 0;
    }
    if (global)
        region = GLOBAL_SIGNING; /* the global host has no FIPS and no dualstack form */
    if (check_region(service, region, err))
        return ERR_FAIL;
    str_copy(signing_region, AWS_REGION_SIZE, region);
    format_url(service, region, fips, dualstack, url, size);
    return 0;
}
