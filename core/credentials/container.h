/*
 * container - credentials from the endpoint of a container: ECS, EKS Pod Identity, and programs
 * that imitate them. Source: "Container credential provider" in the AWS SDKs and Tools Reference
 * Guide.
 */
#ifndef S3DOCK_CREDENTIALS_CONTAINER_H
#define S3DOCK_CREDENTIALS_CONTAINER_H

#include <stddef.h>

struct aws_system;
struct credential_context;
struct credentials;
struct err;

#define CONTAINER_URL_MAX 2048

/* Stores the URL of the endpoint that AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI names.
 * SOURCE_ABSENT: neither is set. usage.aws_setting: it has no host, or is plain http to another
 * host than loopback and the addresses of ECS and EKS. */
int container_url(const struct aws_system *system, char url[CONTAINER_URL_MAX], struct err *err);

/* Gets credentials. Reads the authorization token file again at each call. SOURCE_ABSENT: no
 * endpoint is set. usage.aws_setting: the URL or the authorization token is malformed.
 * auth.token_file: the token file cannot be read. auth.source: no response, or a refusal.
 * auth.answer: the document is malformed or expired. */
int container_credentials(const struct credential_context *ctx, struct credentials *out,
                          struct err *err);

#endif
