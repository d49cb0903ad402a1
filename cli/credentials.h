/*
 * credentials - the source of the credentials of a command: s3dock's own keys in the configuration
 * file, else the chain of AWS (variables, files, roles, metadata services).
 */
#ifndef S3DOCK_CLI_CREDENTIALS_H
#define S3DOCK_CLI_CREDENTIALS_H

#include <stdbool.h>

#include "aws/settings.h"

struct cli;
struct credential_provider;
struct credential_report;
struct credentials;
struct err;

/* Returns the provider of the command, and makes it when it is called first: this may read files,
 * send requests and ask on the terminal. credentials_close destroys it. NULL: a source is
 * configured, but gives no credentials. */
struct credential_provider *credentials_open(struct cli *cli, struct err *err);
/* Stores the region of the instance that gives the credentials. False: no instance does, or it does
 * not report one. Call it before the store is used. */
bool credentials_instance_region(const struct cli *cli, char region[AWS_REGION_SIZE]);
/* Returns the sources that credentials_open considered, after its failure, too. NULL: not the
 * chain's. */
const struct credential_report *credentials_report(const struct cli *cli);
/* Ends the provider. Call it last: if a refresh runs, it requests the cancel of the command. */
void credentials_close(struct cli *cli);

#endif
