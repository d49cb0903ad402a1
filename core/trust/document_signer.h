/*
 * document_signer - signs the documents that a command writes, with one key.
 */
#ifndef S3DOCK_TRUST_DOCUMENT_SIGNER_H
#define S3DOCK_TRUST_DOCUMENT_SIGNER_H

#include "base/bytes.h"
#include "catalog/signing.h"
#include "catalog/statement.h"
#include "sign/sign_program.h"

struct err;

struct document_signer {
    struct signing signing; /* for the writers of documents; first */
    struct sign_settings settings;
    struct text armored; /* the last signature */
    struct text first;   /* the first one: it has the key */
};

/* Prepares a signer. Reads nothing: a key that is missing is reported by the first signature. */
void document_signer_init(struct document_signer *signer, const struct sign_settings *settings);
void document_signer_finish(struct document_signer *signer);

/* Reads what a document states. Fails unless it may be signed under this key: integrity.statement,
 * integrity.sequence, integrity.clock (a time that is yet to come), unsupported.statement. */
int document_signer_check(const char *key, struct view document, struct statement *out,
                          struct err *err);
/* Writes the fingerprint of the key; "" before the first signature. */
void document_signer_fingerprint(const struct document_signer *signer, char *out, size_t size);

#endif
