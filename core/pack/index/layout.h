/*
 * layout - constants and rules that the writer and the reader of an index share. For
 * core/pack/index only. docs/format.md describes the layout.
 */
#ifndef S3DOCK_PACK_INDEX_LAYOUT_H
#define S3DOCK_PACK_INDEX_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "pack/index/index.h"

struct err;

#define INDEX_MAGIC_SIZE   8
#define INDEX_SUM_SIZE     16
#define INDEX_RECORD_SIZE  (8 + CHUNK_NAME_SIZE)
#define INDEX_SECTION_SIZE 48
#define INDEX_SECTION_OLD  40 /* before version 3 */
#define INDEX_EXTENT_SIZE  16
#define INDEX_OBJECT_SIZE  16
#define INDEX_LAYER_LEAST  (3 * 2 + 2 * 8) /* three empty strings, two numbers */
#define INDEX_NO_LAYER     UINT32_MAX      /* the stored form of INDEX_REST */

extern const uint8_t INDEX_MAGIC[INDEX_MAGIC_SIZE];

#define INDEX_FLAG_WHOLE 1u

/* The fixed beginning, after the magic. Before version 3, the last three fields are 0. */
struct index_prefix {
    uint32_t version, header_size;
    uint64_t index_size, archive_size, raw_size;
    uint32_t chunk_count, section_count, layer_count, tag_count, extent_count;
    uint16_t object_count, flags;
};

/* Returns the bytes of a record. Names of version 1 have 16 bytes. */
uint32_t index_record_size(enum name_kind names);
/* Returns the padded size of a payload in a tar. */
uint64_t index_padded(uint64_t size);
bool index_chunk_valid(const struct index_chunk *chunk, enum codec codec,
                       const struct chunk_params *params);
/* Returns true if the text has no control characters, so it may be printed. */
bool index_is_text(const char *text);
/* Returns the fault of a description of an image, or NULL. */
const char *index_image_fault(const struct image_info *image);

/* Sets the error of a corrupt index, or of a lack of memory. Both return ERR_FAIL. */
int index_broken(struct err *err, const char *why);
int index_no_memory(struct err *err);
/* Sets the error of an image that cannot be indexed: a fault of the program. Returns ERR_FAIL. */
int index_unbuildable(struct err *err, const char *why);

#endif
