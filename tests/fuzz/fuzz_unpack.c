/* Any bytes as a compressed input, in pieces. The first byte is the size of the pieces. */
#include "base/err.h"
#include "pack/codec/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    uint8_t out[1000];
    size_t piece = size ? data[0] + 1u : 1, made = 0;
    struct view rest = view_of(size ? data + 1 : data, size ? size - 1 : 0);
    const struct packing *packing = packing_of(rest);
    struct unpack *unpack = packing ? unpack_create(packing, UNPACK_MEMORY_BUCKET, &err) : NULL;
    int result = 0;

    while (unpack && result == 0 && rest.size > 0 && made < MIB) {
        struct view in = view_of(rest.data, rest.size < piece ? rest.size : piece);
        size_t produced = sizeof out;

        rest = view_of(rest.data + in.size, rest.size - in.size);
        while (result == 0 && produced == sizeof out && made < MIB) {
            result = unpack_read(unpack, &in, out, sizeof out, &produced, &err);
            made += produced;
        }
        if (result == 0 && in.size > 0 && made < MIB)
            __builtin_trap();
    }
    if (unpack && result == 0)
        unpack_finish(unpack, &err);
    unpack_destroy(unpack);
    return 0;
}
