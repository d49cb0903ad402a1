/*
 * signatures - verifies the signatures of tests/golden/sign, for micro.
 */
#ifndef S3DOCK_BENCH_SIGNATURES_H
#define S3DOCK_BENCH_SIGNATURES_H

enum signature {
    SIGNATURE_ED25519,
    SIGNATURE_P256,
    SIGNATURE_P384,
    SIGNATURE_P521,
    SIGNATURE_RSA_2048,
    SIGNATURE_RSA_4096,
    SIGNATURE_CERT, /* Ed25519, and of its CA */
    SIGNATURES
};

/* Reads the files. Ends the program if they cannot be read. */
void signatures_load(void);
/* Reads a signature from its text, proves the message, and finds the signer among all. A refusal
 * ends the program. */
void signature_verify(enum signature which);

#endif
