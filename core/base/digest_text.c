/* Reading accepts both cases of hex digits, because names are compared as bytes afterwards.
 * Validity demands lower case, because a valid text is compared as a string and is part of a file
 * name. */
#include "base/digest_text.h"

#include <string.h>

#define PREFIX_SIZE (sizeof DIGEST_TEXT_PREFIX - 1)

static bool has_prefix(const char *text)
{
    return strncmp(text, DIGEST_TEXT_PREFIX, PREFIX_SIZE) == 0;
}

void digest_text_write(char out[DIGEST_TEXT_SIZE], const uint8_t digest[SHA256_SIZE])
{
    memcpy(out, DIGEST_TEXT_PREFIX, PREFIX_SIZE);
    hex_encode(digest, SHA256_SIZE, out + PREFIX_SIZE);
}

void digest_text_of(char out[DIGEST_TEXT_SIZE], struct view bytes)
{
    uint8_t digest[SHA256_SIZE];

    sha256_of(bytes, digest);
    digest_text_write(out, digest);
}

bool digest_text_valid(const char *text)
{
    return has_prefix(text) && strlen(text) == DIGEST_TEXT_SIZE - 1 &&
           strspn(text + PREFIX_SIZE, "0123456789abcdef") == SHA256_HEX_SIZE - 1;
}

const char *digest_text_hex(const char *text)
{
    return has_prefix(text) ? text + PREFIX_SIZE : text;
}

bool digest_text_read(const char *text, uint8_t digest[SHA256_SIZE])
{
    return has_prefix(text) && hex_decode(text + PREFIX_SIZE, digest, SHA256_SIZE);
}
