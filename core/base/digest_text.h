/*
 * digest_text - a SHA-256 as Docker and OCI write it: "sha256:" and 64 hex digits.
 */
#ifndef S3DOCK_BASE_DIGEST_TEXT_H
#define S3DOCK_BASE_DIGEST_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/view.h"

#define DIGEST_TEXT_PREFIX "sha256:"
#define DIGEST_TEXT_SIZE   72 /* with the NUL */

/* An element of a list of digests. A single digest is a char[DIGEST_TEXT_SIZE]. */
struct digest_text {
    char text[DIGEST_TEXT_SIZE];
};

/* Writes a digest in lower case. */
void digest_text_write(char out[DIGEST_TEXT_SIZE], const uint8_t digest[SHA256_SIZE]);
/* Writes the digest of some bytes. */
void digest_text_of(char out[DIGEST_TEXT_SIZE], struct view bytes);
/* Returns true if a text has the form that digest_text_write produces. */
bool digest_text_valid(const char *text);
/* Returns the hex digits: the text behind the prefix, or the whole text if it has no prefix. */
const char *digest_text_hex(const char *text);
/* Reads a digest in upper or lower case. Returns false if the text has another form. */
bool digest_text_read(const char *text, uint8_t digest[SHA256_SIZE]);

#endif
