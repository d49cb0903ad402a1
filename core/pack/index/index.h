/*
 * index - what an archive holds, chunk by chunk: all that a puller needs to plan before it moves
 * data.
 *
 * Binary, little endian, versioned; layout and reasons in docs/format.md. A header (parameters,
 * image, layers, table of sections, its own XXH3-128), then the sections in stream order: each is a
 * contiguous range of the archive (a layer, or what lies between layers) with its own XXH3-128, so
 * that a puller may fetch the header and only the sections it needs.
 *
 * Every number read from outside is checked: sums must add up exactly (chunks to section, sections
 * to archive), counts are bounded by the bytes that carry them, nothing is allocated on the word of
 * a header alone.
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

#define INDEX_VERSION      2  /* that is written; version 1 is read, too */
#define INDEX_PREFIX_SIZE  64 /* the fixed beginning: enough to learn the size of the header */
#define INDEX_HEADER_MAX   (8 * 1024 * 1024)
#define INDEX_SECTIONS_MAX (4 * IMAGE_LAYERS_MAX)
#define INDEX_CHUNKS_MAX   (8u * 1024 * 1024)
#define INDEX_WRITER_SIZE  64

/* A reader of an index may rely on it: raw_size is 1 .. params.max, and packed_size at most
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
    struct xxh128 sum;          /* of its records, against accidents */
    struct index_chunk *chunks; /* NULL while the section was not read */
};

struct index {
    enum name_kind names; /* of its chunks. A builder takes NAME_SHA256 only */
    struct chunk_params params;
    uint32_t file_min;              /* CUT_FILE_MIN of the writer */
    char codec[32];                 /* "gzip" */
    char writer[INDEX_WRITER_SIZE]; /* "s3dock/1 libdeflate 1.14 level 6": equal writers give equal
                                       bytes */
    int level;
    uint64_t archive_size, raw_size;
    struct image_info image; /* layers and tags are owned by the index */
    unsigned section_count;
    struct index_section *sections;
    uint64_t header_size;
};

/* Writing: chunks are added in stream order, then the image is named. */
struct index_builder;
struct index_builder *index_builder_create(const struct chunk_params *params, int level,
                                           struct err *err);
void index_builder_destroy(struct index_builder *builder);
/* `starts_section`: CHUNK_SECTION of the cut. */
int index_builder_add(struct index_builder *builder, const struct index_chunk *chunk,
                      bool starts_section, struct err *err);
/* Chunk `number`, from 0, turns out to have another packed size than it was added with. */
int index_builder_repack(struct index_builder *builder, uint64_t number, uint32_t packed_size,
                         struct err *err);
uint64_t index_builder_packed(const struct index_builder *builder); /* bytes of archive so far */
/* Chunk `number`, from 0, as it stands; NULL when it was not added yet. Valid until the next add.
 */
const struct index_chunk *index_builder_chunk(const struct index_builder *builder, uint64_t number);
/* What decides the bytes of a chunk besides its content: recipe, library, level. */
void index_writer(int level, char out[INDEX_WRITER_SIZE]);
/* Serialises into `out`. Sections that coincide with no layer are INDEX_REST; neighbouring ones of
 * these are joined. */
int index_builder_finish(struct index_builder *builder, const struct image_info *image,
                         struct text *out, struct err *err);

/* Reading. From the fixed prefix: how long the header is. */
int index_header_size(struct view prefix, uint64_t *size, struct err *err);
/* Parses the header alone (bytes: the first header_size bytes of the object, or more). */
int index_parse_header(struct view bytes, struct index **out, struct err *err);
/* Parses the records of one section: exactly section->size bytes. */
int index_parse_section(struct index *index, unsigned section, struct view records,
                        struct err *err);
/* All of it at once, from the whole object. */
int index_parse(struct view bytes, struct index **out, struct err *err);
void index_destroy(struct index *index); /* takes NULL */

#endif
