/*
 * A store that does not know a checksum refuses the request. So by default only AWS gets checksums.
 * All others get Content-MD5, which every store supports.
 */
#include "store/s3/body_digest.h"

#include <string.h>

#include "base/codes.h"
#include "base/crc.h"
#include "base/err.h"
#include "base/hash.h"

#define DOCUMENT_MAX (64 * KIB) /* the MD5 of such a body is cheap */

int s3_checksum_read(const char *word, enum s3_checksum *out, struct err *err)
{
    static const struct {
        const char *word;
        enum s3_checksum kind;
    } WORDS[] = {
        {"auto", S3_CHECKSUM_AUTO},           {"md5", S3_CHECKSUM_MD5},
        {"crc64nvme", S3_CHECKSUM_CRC64NVME}, {"crc32c", S3_CHECKSUM_CRC32C},
        {"sha256", S3_CHECKSUM_SHA256},       {"none", S3_CHECKSUM_NONE},
        {"when_supported", S3_CHECKSUM_AUTO}, {"when_required", S3_CHECKSUM_REQUIRED},
    };

    *out = S3_CHECKSUM_AUTO;
    if (!word || !word[0])
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++)
        if (strcmp(WORDS[i].word, word) == 0) {
            *out = WORDS[i].kind;
            return 0;
        }
    err_set(err, ERR_USAGE, CODE_CHECKSUM, "unknown checksum \"%.80s\"", word);
    return err_hint(err, "use auto, md5, crc64nvme, crc32c, sha256 or none");
}

bool s3_checksum_signs(enum s3_checksum wanted)
{
    return wanted == S3_CHECKSUM_CRC64NVME || wanted == S3_CHECKSUM_CRC32C ||
           wanted == S3_CHECKSUM_SHA256;
}

enum s3_checksum s3_checksum_choose(enum s3_checksum wanted, bool aws, enum store_verb verb,
                                    size_t size)
{
    bool part = verb == STORE_UPLOAD_PART;

    if (wanted == S3_CHECKSUM_AUTO)
        wanted = aws ? S3_CHECKSUM_CRC64NVME : S3_CHECKSUM_REQUIRED;
    if (wanted == S3_CHECKSUM_REQUIRED)
        return part || size > DOCUMENT_MAX ? S3_CHECKSUM_NONE : S3_CHECKSUM_MD5;
    /* An upload with checksums must repeat that of each part at its end. Those of copied and
     * resumed parts are not known. */
    return part && wanted != S3_CHECKSUM_MD5 ? S3_CHECKSUM_NONE : wanted;
}

const char *s3_checksum_write(enum s3_checksum kind, struct view body, char out[S3_DIGEST_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    const char *name;
    unsigned size;

    switch (kind) {
    case S3_CHECKSUM_MD5:
        md5_of(body, digest);
        size = MD5_SIZE;
        name = "content-md5";
        break;
    case S3_CHECKSUM_CRC64NVME:
        size = crc_of(CRC_64_NVME, body, digest);
        name = "x-amz-checksum-crc64nvme";
        break;
    case S3_CHECKSUM_CRC32C:
        size = crc_of(CRC_32C, body, digest);
        name = "x-amz-checksum-crc32c";
        break;
    case S3_CHECKSUM_SHA256:
        sha256_of(body, digest);
        size = SHA256_SIZE;
        name = "x-amz-checksum-sha256";
        break;
    default:
        return NULL;
    }
    base64_encode(digest, size, out);
    return name;
}
