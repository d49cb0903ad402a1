/* An accepted tombstone has at most so many objects, each with a key that may be used in a
 * request. */
#include <stdlib.h>

#include "base/err.h"
#include "catalog/keys.h"
#include "catalog/tombstone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tombstone tombstone;
    struct err err;

    if (tombstone_parse(view_of(data, size), &tombstone, &err) < 0)
        return 0;
    if (tombstone.object_count > TOMBSTONE_OBJECTS_MAX || tombstone.metadata.size > size)
        abort();
    for (unsigned i = 0; i < tombstone.object_count; i++)
        if (!key_is_sound(tombstone.objects[i].key) ||
            !store_etag_is_sound(tombstone.objects[i].etag))
            abort();
    tombstone_finish(&tombstone);
    return 0;
}
