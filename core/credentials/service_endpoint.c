/* The region "" is the global endpoint of AWS STS, which signs for us-east-1. */
#include "credentials/service_endpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

int service_endpoint_find(const struct aws_settings *settings, enum aws_service service,
                          const char *region, struct service_endpoint *out, struct err *err)
{
    *out = (struct service_endpoint){.service = service};
    if (aws_settings_endpoint(settings, service, out->url, sizeof out->url, &out->configured, err) <
        0)
        return ERR_FAIL;
    if (!out->configured)
        return aws_service_url(service, region, settings->fips == AWS_SWITCH_ON,
                               settings->dualstack == AWS_SWITCH_ON, out->url, sizeof out->url,
                               out->region, err);
    snprintf(out->region, sizeof out->region, "%s", region[0] ? region : "us-east-1");
    return 0;
}

/* The store is not AWS, but STS of AWS was used. The keys may belong to an STS of the store. */
static int hint_at_store(const struct aws_settings *settings, struct err *err)
{
    char before[sizeof err->hint];

    snprintf(before, sizeof before, "%s", err->hint);
    return err_hint(err, "%s%sif %.80s has an STS of its own, set AWS_ENDPOINT_URL_STS", before,
                    before[0] ? "; " : "", settings->endpoint);
}

int service_endpoint_explain(const struct service_endpoint *endpoint,
                             const struct aws_settings *settings, struct err *err)
{
    char place[256];

    if (endpoint->service == AWS_STS && !endpoint->configured && settings->endpoint[0] &&
        !strstr(settings->endpoint, ".amazonaws.") && err->family != ERR_CANCELLED)
        return hint_at_store(settings, err);
    if (!endpoint->configured || err->hint[0] || err->family == ERR_CANCELLED)
        return ERR_FAIL;
    if (aws_settings_endpoint_place(settings, endpoint->service, place, sizeof place))
        return err_hint(err, "%s sets this URL: check that it is one of %s", place,
                        aws_service_key(endpoint->service));
    return err_hint(err,
                    "%s sends requests of the service %s to this URL. Use AWS_ENDPOINT_URL_S3, or "
                    "the key s3 of a services section, for the store alone",
                    place, aws_service_key(endpoint->service));
}
