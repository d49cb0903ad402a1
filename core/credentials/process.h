/*
 * process - credentials from the program that `credential_process` of a profile names. Source:
 * "Process credential provider" in the AWS SDKs and Tools Reference Guide.
 */
#ifndef S3DOCK_CREDENTIALS_PROCESS_H
#define S3DOCK_CREDENTIALS_PROCESS_H

struct aws_profile;
struct credential_context;
struct credentials;
struct err;

/* Runs the program and reads its standard output, which no message contains. The profile gives the
 * account if the output has none. SOURCE_ABSENT: the profile has no credential_process.
 * usage.owner: another user can write the file that names the program.
 * auth.process: the program fails or takes too long; its output is malformed, or its keys have
 * expired. */
int process_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                        struct credentials *out, struct err *err);

#endif
