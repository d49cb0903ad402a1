/*
 * signer - the key that signs the documents of a command.
 */
#ifndef S3DOCK_CLI_SIGNER_H
#define S3DOCK_CLI_SIGNER_H

#include <limits.h>

#include "trust/document_signer.h"

struct cli;
struct err;
struct json_writer;

/* Borrows `cli`. Zero it before use. */
struct cli_signer {
    struct document_signer signer;
    char key[PATH_MAX];
};

/* Prepares the configured key. *out: what the writers of documents use; NULL: no key is configured.
 * usage.trust: a file of the current folder chooses the key, and is not trusted. Call signer_close
 * after a failure, too. */
int signer_open(struct cli *cli, struct cli_signer *signer, struct signing **out, struct err *err);
void signer_close(struct cli_signer *signer);

/* Writes "signed_by", the fingerprint of the key, if it has signed anything. */
void signer_write(const struct cli_signer *signer, struct json_writer *w);

#endif
