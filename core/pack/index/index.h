/*
 * index - the list of all chunks of an archive, from which a pull plans before it fetches.
 *
 * Binary, little endian, versioned; docs/format.md has the layout and its reasons. A header
 * (parameters, image, layers, table of sections, XXH3-128 of the header) precedes the sections in
 * stream order. A section is a contiguous range of the archive (a layer, or the bytes between
 * layers) with its own XXH3-128, so a pull can fetch the header and only the sections that it
 * needs.
 *
 * Every number from outside is checked: sums must match exactly (chunks to section, sections to
 * archive), counts are bounded by the bytes that carry them, and no allocation relies on the header
 * alone.
 */
#ifndef S3DOCK_PACK_INDEX_INDEX_H
#define S3DOCK_PACK_INDEX_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "pack/chunk/chunker.h"
#include "pack/image/info.h"
#include "pack/index/chunk_name.h"

struct err;

#define INDEX_VERSION      2  /* of new indexes; version 1 can be read, too */
#define INDEX_PREFIX_SIZE  64 /* the fixed beginning, which states the size of the header */
#define INDEX_HEADER_MAX   (8 * 1024 * 1024)
#define INDEX_SECTIONS_MAX (4 * IMAGE_LAYERS_MAX)
#define INDEX_CHUNKS_MAX   (8u * 1024 * 1024)
#define INDEX_WRITER_SIZE  64

/* After parsing, raw_size is 1 .. params.max, and packed_size is at most
 * gzip_member_stored_size(raw_size), which is below gzip_member_bound(raw_size). */
struct index_chunk {
    uint32_t raw_size, packed_size;
    struct chunk_name name;
};

#define INDEX_REST (-1)

struct index_section {
    int layer; /* into layers, or INDEX_REST */
    uint64_t raw_offset, raw_size;
    uint64_t packed_offset, packed_size;
    uint32_t chunk_count;
    uint32_t size;              /* of its records, in bytes */
    uint64_t at;                /* where its records lie in the index object */
    struct xxh128 sum;          /* of its records; detects accidental damage */
    struct index_chunk *chunks; /* NULL: the section is not loaded */
};

struct index {
    enum name_kind names; /* of its chunks. A builder takes NAME_SHA256 only */
    struct chunk_params params;
    uint32_t file_min;              /* CUT_FILE_MIN of the writer */
    char codec[32];                 /* "gzip" */
    char writer[INDEX_WRITER_SIZE]; /* "s3dock/1 libdeflate 1.14 level 6": equal writers produce
                                       equal bytes */
    int level;
    uint64_t archive_size, raw_size;
    struct image_info image; /* layers and tags are owned by the index */
    unsigned section_count;
    struct index_section *sections;
    uint64_t header_size;
};

/* Writing: add chunks in stream order, then finish with the image. */
struct index_builder;
struct index_builder *index_builder_create(const struct chunk_params *params, int level,
                                           struct err *err);
void index_builder_destroy(struct index_builder *builder);
/* `starts_section`: CHUNK_SECTION of the cut. */
int index_builder_add(struct index_builder *builder, const struct index_chunk *chunk,
                      bool starts_section, struct err *err);
/* Changes the packed size of chunk `number`, counted from 0. */
int index_builder_repack(struct index_builder *builder, uint64_t number, uint32_t packed_size,
                         struct err *err);
uint64_t index_builder_packed(const struct index_builder *builder); /* bytes of archive so far */
/* Returns chunk `number`, counted from 0; NULL if it was not added yet. Valid until the next
 * add. */
const struct index_chunk *index_builder_chunk(const struct index_builder *builder, uint64_t number);
/* Writes the name of the writer: recipe, library and level, which decide the packed bytes. */
void index_writer(int level, char out[INDEX_WRITER_SIZE]);
/* Serialises the index into `out`. Sections that are no layer are INDEX_REST; neighbouring ones are
 * merged. */
int index_builder_finish(struct index_builder *builder, const struct image_info *image,
                         struct text *out, struct err *err);

/* Reading. Takes the size of the header from the fixed prefix. */
int index_header_size(struct view prefix, uint64_t *size, struct err *err);
/* Parses the header. bytes: at least the first header_size bytes of the object. */
int index_parse_header(struct view bytes, struct index **out, struct err *err);
/* Parses the records of one section: exactly section->size bytes. */
int index_parse_section(struct index *index, unsigned section, struct view records,
                        struct err *err);
/* Parses the whole object. */
int index_parse(struct view bytes, struct index **out, struct err *err);
void index_destroy(struct index *index); /* takes NULL */

#endif
