/* Any bytes as gzip, in pieces. The first byte is the size of the pieces. */
#include "base/err.h"
#include "pack/codec/gunzip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct gunzip *gunzip = gunzip_create(&err);
    uint8_t out[1000];
    size_t piece = size ? data[0] + 1u : 1;
    struct view rest = view_of(size ? data + 1 : data, size ? size - 1 : 0);
    int result = 0;

    while (gunzip && result == 0 && rest.size > 0) {
        struct view in = view_of(rest.data, rest.size < piece ? rest.size : piece);
        size_t produced = sizeof(out);

        rest = view_of(rest.data + in.size, rest.size - in.size);
        while (result == 0 && produced == sizeof(out))
            result = gunzip_read(gunzip, &in, out, sizeof(out), &produced, &err);
        if (result == 0 && in.size > 0)
            __builtin_trap();
    }
    if (gunzip && result == 0)
        gunzip_finish(gunzip, &err);
    gunzip_destroy(gunzip);
    return 0;
}
