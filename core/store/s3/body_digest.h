/*
 * body_digest - the digest of a request's body, which the store compares with the body. Pure.
 */
#ifndef S3DOCK_STORE_S3_BODY_DIGEST_H
#define S3DOCK_STORE_S3_BODY_DIGEST_H

#include <stdbool.h>

#include "base/bytes.h"
#include "store/store.h"

struct err;

/* The first two are policies; s3_checksum_choose returns one of the others. */
enum s3_checksum {
    S3_CHECKSUM_AUTO,     /* CRC64NVME of objects on AWS, as required elsewhere */
    S3_CHECKSUM_REQUIRED, /* Content-MD5 of documents, which costs nothing */
    S3_CHECKSUM_MD5,
    S3_CHECKSUM_CRC64NVME,
    S3_CHECKSUM_CRC32C,
    S3_CHECKSUM_SHA256,
    S3_CHECKSUM_NONE,
};

/* Reads the word of an option: auto, md5, crc64nvme, crc32c, sha256, none, or one of AWS's words
 * when_required, when_supported. NULL and "": auto. usage.checksum: another word. */
int s3_checksum_read(const char *word, enum s3_checksum *out, struct err *err);

/* Returns whether bodies must be signed, because parts of uploads have no other digest. */
bool s3_checksum_signs(enum s3_checksum wanted);
/* Returns the digest of a body of `size` bytes in a request with this verb. `aws`: the store is
 * AWS. */
enum s3_checksum s3_checksum_choose(enum s3_checksum wanted, bool aws, enum store_verb verb,
                                    size_t size);

#define S3_DIGEST_SIZE 48 /* base64 of 32 bytes, with the NUL */
/* Writes the digest and returns the name of its header. NULL: S3_CHECKSUM_NONE. */
const char *s3_checksum_write(enum s3_checksum kind, struct view body, char out[S3_DIGEST_SIZE]);

#endif
