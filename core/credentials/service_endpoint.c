/* The region "" is the global endpoint of AWS STS, which signs for us-east-1. */
#include "credentials/service_endpoint.h"

#include <stdio.h>

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

int service_endpoint_explain(const struct service_endpoint *endpoint,
                             const struct aws_settings *settings, struct err *err)
{
    char place[256];

    if (!endpoint->configured || err->hint[0] || err->family == ERR_CANCELLED)
        return ERR_FAIL;
    aws_settings_endpoint_place(settings, endpoint->service, place, sizeof place);
    return err_hint(err,
                    "%s sends requests of the service %s to this URL. Use AWS_ENDPOINT_URL_S3, or "
                    "the key s3 of a services section, for the store alone",
                    place, aws_service_key(endpoint->service));
}
