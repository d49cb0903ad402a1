/*
 * sign_program - signs documents with `ssh-keygen -Y sign`.
 *
 * The program supports files, agents, PKCS #11 and FIDO; s3dock never reads a private key.
 */
#ifndef S3DOCK_SIGN_SIGN_PROGRAM_H
#define S3DOCK_SIGN_SIGN_PROGRAM_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/view.h"

struct cancel;
struct err;

struct sign_settings {
    const char *key;  /* path of a private key; or of a public key, whose private key is in an agent
                       * or beside it */
    bool on_terminal; /* the program may ask for a passphrase or a touch; else it has 2 minutes */
    const struct cancel *cancel; /* may be NULL */
};

/* Appends a signature of the message to `armored`: one block, with a line end behind it. It proves
 * the message: it was read and verified. Any thread, while other threads run. The message is for
 * a moment in a private file of the cache, because the passphrase may come from standard input.
 * Failures: usage.sign_key: there is no such file. local.sign: the program is missing, refused, or
 * took too long; without a terminal the error has its last words. cancelled; local.*. */
int sign_document(const struct sign_settings *settings, const char *name_space, struct view message,
                  struct text *armored, struct err *err);

#endif
