/*
 * layout - what the writer and the reader of an index agree on. Private to index*.c; the
 * layout itself is in docs/format.md.
 */
#ifndef S3DOCK_PACK_INDEX_LAYOUT_H
#define S3DOCK_PACK_INDEX_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "pack/index/index.h"

#define INDEX_MAGIC_SIZE   8
#define INDEX_SUM_SIZE     16
#define INDEX_RECORD_SIZE  (8 + CHUNK_NAME_SIZE)
#define INDEX_SECTION_SIZE 40
#define INDEX_LAYER_LEAST  (3 * 2 + 2 * 8) /* three empty strings, two numbers */
#define INDEX_NO_LAYER     UINT32_MAX      /* INDEX_REST as it is written */

extern const uint8_t INDEX_MAGIC[INDEX_MAGIC_SIZE];

/* The fixed beginning, after the magic and before eight reserved bytes. */
struct index_prefix {
    uint32_t version, header_size;
    uint64_t object_size, archive_size, raw_size;
    uint32_t chunk_count, section_count, layer_count, tag_count;
};

/* Bytes of a record. Names of version 1 have 16 bytes. */
uint32_t index_record_size(enum name_kind names);
/* What a payload takes in a tar. */
uint64_t index_padded(uint64_t size);
bool index_chunk_valid(const struct index_chunk *chunk, const struct chunk_params *params);
/* No control characters: such a string may be shown. */
bool index_is_text(const char *text);
/* What is wrong with an image that shall be, or was, described; or NULL. */
const char *index_image_fault(const struct image_info *image);

#endif
