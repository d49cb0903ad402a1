#include "store/s3/etag.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

bool s3_etag_add(struct digest *md5, const char *part)
{
    const char *digits = part + (part[0] == '"');
    uint8_t bytes[MD5_SIZE];
    char hex[MD5_HEX_SIZE];

    if (strcspn(digits, "\"") != sizeof hex - 1)
        return false;
    snprintf(hex, sizeof hex, "%s", digits);
    if (!hex_decode(hex, bytes, sizeof bytes))
        return false;
    digest_add(md5, bytes, sizeof bytes);
    return true;
}

void s3_etag_end(struct digest *md5, unsigned parts, char out[STORE_ETAG_MAX])
{
    uint8_t bytes[MD5_SIZE];
    char hex[MD5_HEX_SIZE];

    digest_end(md5, bytes);
    hex_encode(bytes, sizeof bytes, hex);
    snprintf(out, STORE_ETAG_MAX, "\"%s-%u\"", hex, parts);
}
