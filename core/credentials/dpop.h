/*
 * dpop - proves that the sender of a request has the private key that a token is bound to: a JSON
 * web token, signed with ES256 (RFC 9449).
 */
#ifndef S3DOCK_CREDENTIALS_DPOP_H
#define S3DOCK_CREDENTIALS_DPOP_H

#include <stdint.h>

struct err;

#define DPOP_URL_MAX   1100
#define DPOP_PROOF_MAX 2560

/* Writes the proof for one request at `now` (wall clock, ns). `pem`: an EC private key of the curve
 * P-256. auth.login: the key is another one, or no key; local.random. */
int dpop_proof(const char *pem, const char *method, const char *url, int64_t now,
               char out[DPOP_PROOF_MAX], struct err *err);

#endif
