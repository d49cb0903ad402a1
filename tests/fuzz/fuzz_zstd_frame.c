/* Any bytes as a zstd frame, behind the magic. Then the same bytes are packed, and must unpack to
 * the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/le.h"
#include "pack/codec/zstd_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns the size that the header promises, so that frames of all sizes reach libzstd. */
static size_t promised_size(const uint8_t *data, size_t size)
{
    if (size < 5)
        return size;
    return data[0] == 0x24   ? data[1]
           : data[0] == 0x64 ? 256 + (size_t)le_get(data + 1, 2)
                             : (size_t)le_get(data + 1, 4);
}

static void unpack_any(struct zstd_unpacker *unpacker, const uint8_t *data, size_t size)
{
    uint8_t *frame = malloc(size + 4), *out = malloc(ZSTD_FRAME_RAW_MAX);
    struct err err;

    if (frame && out) {
        le_put(frame, 0xfd2fb528, 4);
        memcpy(frame + 4, data, size);
        zstd_frame_unpack(unpacker, view_of(frame, size + 4), out, promised_size(data, size), &err);
    }
    free(frame);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct zstd_unpacker *unpacker = zstd_unpacker_create();
    struct zstd_packer *packer = zstd_packer_create(1);
    uint8_t *packed = malloc(zstd_frame_bound(size));
    uint8_t *again = malloc(size + 1);

    if (unpacker && packer && packed && again && size > 0 && size <= ZSTD_FRAME_RAW_MAX) {
        size_t used;

        unpack_any(unpacker, data, size);
        used = zstd_frame_pack(packer, view_of(data, size), data[0] & 1, packed);
        if (zstd_frame_unpack(unpacker, view_of(packed, used), again, size, &err) != 0 ||
            memcmp(again, data, size) != 0)
            __builtin_trap();
    }
    zstd_unpacker_destroy(unpacker);
    zstd_packer_destroy(packer);
    free(packed);
    free(again);
    return 0;
}
