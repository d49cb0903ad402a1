/* The layout is the digest of lines of text, so that other programs can compute it. */
#include "catalog/image_objects.h"

#include <inttypes.h>

#include "base/bytes.h"
#include "catalog/locate.h"

/* A line of the layout: key, ETag, a number of 20 digits, three separators. */
#define LINE_MAX (KEY_MAX + STORE_ETAG_MAX + 24)

unsigned image_objects_count(const struct located *at)
{
    return at->metadata.format < 3 ? 1 : at->metadata.object_count;
}

struct image_object image_objects_get(const struct located *at, unsigned number)
{
    const struct metadata *metadata = &at->metadata;
    const struct metadata_object *object;

    if (metadata->format < 3)
        return (struct image_object){.key = at->archive_key,
                                     .etag = metadata->archive_etag,
                                     .size = metadata->size,
                                     .used = metadata->size,
                                     .codec = METADATA_GZIP};
    object = &metadata->objects[number];
    return (struct image_object){.key = object->key,
                                 .etag = object->etag,
                                 .size = object->size,
                                 .used = object->used,
                                 .codec = object->codec};
}

void image_objects_layout(const struct located *at, char out[SHA256_HEX_SIZE])
{
    _cleanup_text_ struct text lines = {0};
    uint8_t digest[SHA256_SIZE];

    text_init(&lines, (size_t)METADATA_OBJECTS_MAX * LINE_MAX);
    for (unsigned i = 0; i < image_objects_count(at); i++) {
        struct image_object object = image_objects_get(at, i);

        text_printf(&lines, "%s %s %" PRIu64 "\n", object.key, object.etag, object.size);
    }
    sha256_of(text_view(&lines), digest);
    hex_encode(digest, sizeof digest, out);
}
