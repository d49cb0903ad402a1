/*
 * source - the parameters and the result that all sources of credentials have in common. The
 * sources are the standardized credential providers of the AWS SDKs and Tools Reference Guide.
 *
 * A source is one function: `int X_credentials(const struct credential_context *ctx, <parameters>,
 * struct credentials *out, struct err *err)`. It blocks, reaches the outside only through
 * ctx->system, and returns SOURCE_FOUND, SOURCE_ABSENT, or ERR_FAIL. A source that is configured
 * but cannot give credentials fails: the chain must not continue with another identity.
 */
#ifndef S3DOCK_CREDENTIALS_SOURCE_H
#define S3DOCK_CREDENTIALS_SOURCE_H

struct aws_settings;
struct aws_system;

/* Both are borrowed and stay valid during the call. */
struct credential_context {
    const struct aws_system *system;
    const struct aws_settings *settings;
};

enum source_result {
    SOURCE_FOUND = 0,  /* *out has the credentials; the caller calls credentials_finish */
    SOURCE_ABSENT = 1, /* the source is not configured here; *out is unchanged */
};

#endif
