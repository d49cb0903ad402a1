/* Any lines as the list of a layer. The harness wraps the bytes in stored gzip blocks, so that the
 * fuzzer passes the compression. With an odd first byte, it does not wrap them. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/err.h"
#include "layers/tarsplit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t wrap(const uint8_t *data, size_t size, uint8_t *out, size_t room)
{
    z_stream z = {0};

    deflateInit2(&z, Z_NO_COMPRESSION, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (uint8_t *)(uintptr_t)data;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)room;
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return z.total_out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t room = size + size / 1000 + 1000;
    uint8_t *packed = malloc(room);
    struct tarsplit_piece piece;
    struct err err;
    struct tarsplit *t = tarsplit_create(&err);
    struct view in = view_of(data, size);
    uint64_t told = 0;
    int answer = TARSPLIT_BYTES;

    if (size && data[0] % 2 == 0)
        in = view_of(packed, wrap(data + 1, size - 1, packed, room));
    while (answer == TARSPLIT_BYTES || answer == TARSPLIT_FILE) {
        answer = tarsplit_next(t, &in, &piece, &err);
        if (answer == TARSPLIT_FILE && (piece.name[0] == '/' || strncmp(piece.name, "../", 3) == 0))
            __builtin_trap();
        if (answer == TARSPLIT_BYTES || answer == TARSPLIT_FILE)
            told += piece.size;
    }
    if (answer == TARSPLIT_MORE)
        tarsplit_finish(t, &err);
    if (answer >= 0 && told != tarsplit_size(t))
        __builtin_trap();
    tarsplit_destroy(t);
    free(packed);
    return 0;
}
