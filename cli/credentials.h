/*
 * credentials - the source of the credentials of a command: s3dock's own keys of the configuration,
 * else the chain of AWS.
 */
#ifndef S3DOCK_CLI_CREDENTIALS_H
#define S3DOCK_CLI_CREDENTIALS_H

struct cli;
struct credential_provider;
struct err;

/* Returns the provider of the command, and makes it when it is called first: this may read files,
 * send requests and ask on the terminal. credentials_close destroys it. NULL: a source is
 * configured, but gives no credentials. */
struct credential_provider *credentials_open(struct cli *cli, struct err *err);
/* Ends the provider. Call it last: it requests the cancel of the command, so that a refresh ends. */
void credentials_close(struct cli *cli);

#endif
