/*
 * The rules for the content of an index. build.c checks them before it writes, read.c after it has
 * read. The layout is in docs/format.md:
 *
 *   header   prefix 64 | parameters | image | tags | layers | objects | sections | sum 16
 *   block    extents 16 bytes each | records 32 bytes a chunk: raw size, packed size, name
 *
 * Before version 3 there are no objects and extents; in version 1, a record has 24 bytes. Offsets
 * in the stream are not stored: they are the running sums of the sizes, so they cannot contradict
 * each other. The totals in the prefix repeat information: the reader compares the sums with them.
 */
#include "pack/index/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "pack/tar/entry.h"

/* Like the magic of PNG: a byte that is no text, and line ends that a text transfer would
 * change. */
const uint8_t INDEX_MAGIC[INDEX_MAGIC_SIZE] = {0x89, 'S', '3', 'D', 'X', '\r', '\n', 0x1a};

uint32_t index_record_size(enum name_kind names)
{
    return names == NAME_XXH3 ? 8 + sizeof(struct xxh128) : INDEX_RECORD_SIZE;
}

uint64_t index_padded(uint64_t size)
{
    return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

static bool within(uint64_t offset, uint64_t size, uint64_t whole)
{
    return offset <= whole && size <= whole - offset;
}

bool index_chunk_valid(const struct index_chunk *chunk, enum codec codec,
                       const struct chunk_params *params)
{
    return chunk->raw_size >= 1 && chunk->raw_size <= params->max &&
           chunk->packed_size >= CODEC_PACKED_LEAST(codec) &&
           chunk->packed_size <= codec_packed_max(chunk->raw_size);
}

static bool is_digest(const char *text)
{
    uint8_t digest[SHA256_SIZE];

    return digest_text_read(text, digest);
}

bool index_is_text(const char *text)
{
    for (; *text; text++) {
        if ((uint8_t)*text < 0x20 || *text == 0x7f)
            return false;
    }
    return true;
}

static const char *layer_fault(const struct image_layer *layer, uint64_t raw_size)
{
    if (!is_digest(layer->diff_id) || !is_digest(layer->digest))
        return "a layer has no proper digest";
    if (!index_is_text(layer->media_type))
        return "a layer has no proper media type";
    if (layer->raw_size > UINT64_MAX - TAR_BLOCK ||
        !within(layer->raw_offset, index_padded(layer->raw_size), raw_size))
        return "a layer lies outside of the image";
    return NULL;
}

const char *index_image_fault(const struct image_info *image)
{
    if (!is_digest(image->id) || (image->manifest_id[0] && !is_digest(image->manifest_id)))
        return "the image has no proper id";
    if (!index_is_text(image->os) || !index_is_text(image->architecture) ||
        !index_is_text(image->variant) || !index_is_text(image->created))
        return "the image's platform is not text";
    if (!within(image->config_offset, image->config_size, image->raw_size))
        return "the config lies outside of the image";
    if (image->layer_count > IMAGE_LAYERS_MAX || image->tag_count > IMAGE_TAGS_MAX)
        return "too many layers or tags";
    for (unsigned i = 0; i < image->tag_count; i++) {
        if (!index_is_text(image->tags[i]))
            return "a tag is not text";
    }
    for (unsigned i = 0; i < image->layer_count; i++) {
        const char *fault = layer_fault(&image->layers[i], image->raw_size);

        if (fault)
            return fault;
    }
    return NULL;
}

int index_broken(struct err *err, const char *why)
{
    return err_set(err, ERR_INTEGRITY, "index", "the index is corrupt: %s", why);
}

int index_no_memory(struct err *err)
{
    return err_memory(err, "the index");
}

int index_unbuildable(struct err *err, const char *why)
{
    return err_set(err, ERR_INTERNAL, "index", "cannot index the image: %s", why);
}
