/* Any bytes as a gzip member. Then the same bytes are packed, and must unpack to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/codec/gzip_member.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct gzip_unpacker *unpacker = gzip_unpacker_create();
    struct gzip_packer *packer = gzip_packer_create(1);
    uint8_t *packed = malloc(gzip_member_bound(size));
    uint8_t *again = malloc(size + 1);

    if (unpacker && packer && packed && again && size > 0) {
        bool stored = data[0] & 1;

        gzip_member_unpack(unpacker, view_of(data, size), again,
                           (size_t)data[size - 1] * size / 255, &err);
        size_t used = gzip_member_pack(packer, view_of(data, size), stored, packed);
        if (gzip_member_unpack(unpacker, view_of(packed, used), again, size, &err) != 0 ||
            memcmp(again, data, size) != 0)
            __builtin_trap();
    }
    gzip_unpacker_destroy(unpacker);
    gzip_packer_destroy(packer);
    free(packed);
    free(again);
    return 0;
}
