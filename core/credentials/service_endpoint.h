/*
 * service_endpoint - finds the endpoint of a service that issues credentials: a configured one, or
 * the host of the service at AWS.
 */
#ifndef S3DOCK_CREDENTIALS_SERVICE_ENDPOINT_H
#define S3DOCK_CREDENTIALS_SERVICE_ENDPOINT_H

#include <stdbool.h>

#include "aws/settings.h"

struct err;

struct service_endpoint {
    enum aws_service service;
    char url[AWS_URL_SIZE];       /* without a slash at its end */
    char region[AWS_REGION_SIZE]; /* to sign for */
    bool configured;
};

/* Finds the endpoint of a service for a region. Fails as aws_settings_endpoint and
 * aws_service_url. */
int service_endpoint_find(const struct aws_settings *settings, enum aws_service service,
                          const char *region, struct service_endpoint *out, struct err *err);
/* Adds the name of the setting to a failure without a hint, if the endpoint is configured. A
 * setting meant for the store also redirects this service. Adds a hint at AWS_ENDPOINT_URL_STS to a
 * failure of the STS of AWS, if s3dock's endpoint is another store. Returns ERR_FAIL. */
int service_endpoint_explain(const struct service_endpoint *endpoint,
                             const struct aws_settings *settings, struct err *err);

#endif
