/*
 * service - the services of AWS that s3dock uses, and their host names. Pure. Source: the endpoint
 * rule sets of the services (endpoint-rule-set.json in botocore).
 */
#ifndef S3DOCK_AWS_SERVICE_H
#define S3DOCK_AWS_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

#define AWS_REGION_SIZE 64 /* of the name of a region, the NUL included */

enum aws_service { AWS_S3, AWS_STS, AWS_SSO, AWS_SSO_OIDC, AWS_SIGNIN };
#define AWS_SERVICE_COUNT 5

/* Returns the name of a service in variables and files: "s3", "sso_oidc". */
const char *aws_service_key(enum aws_service service);

/* Returns whether `region` has the form of a region: letters, digits, hyphens and underscores, 1 to
 * 63. A region becomes a part of host names. */
bool aws_region_is_valid(const char *region);

/* Writes the default URL of a service, without a path: "https://sts.eu-west-1.amazonaws.com". Not
 * for S3: store/s3/aws_host has its hosts. STS has a global host for the regions "" and
 * "aws-global". `signing_region` gets the region to sign for.
 * usage.region: the service needs a region, or the name is not valid. */
int aws_service_url(enum aws_service service, const char *region, bool fips, bool dualstack,
                    char *url, size_t size, char signing_region[AWS_REGION_SIZE], struct err *err);

#endif
