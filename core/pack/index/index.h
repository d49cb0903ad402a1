/*
 * index - the list of all chunks of an image, from which a pull plans before it fetches.
 *
 * Binary, little endian, versioned; docs/format.md has the layout and its reasons. A header
 * (parameters, image, layers, objects, table of sections, XXH3-128 of the header) precedes the
 * sections in stream order. A section is a contiguous range of the stream: a layer, or the bytes
 * between layers. It has its own XXH3-128, so a pull can fetch the header and only the sections
 * that it needs.
 *
 * The chunks lie in the objects of the image. Extents state where: each is a run of chunks that lie
 * one behind the other in one object. A whole image has one object, and one extent a section; so
 * do images with an index of version 1 or 2.
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
#include "pack/codec/codec.h"
#include "pack/image/info.h"
#include "pack/index/chunk_name.h"

struct err;

#define INDEX_VERSION      3  /* the newest; 1 to 3 can be read, 2 and 3 written */
#define INDEX_PREFIX_SIZE  64 /* the fixed beginning, which states the size of the header */
#define INDEX_HEADER_MAX   (8 * 1024 * 1024)
#define INDEX_SECTIONS_MAX (4 * IMAGE_LAYERS_MAX)
#define INDEX_CHUNKS_MAX   (8u * 1024 * 1024)
#define INDEX_OBJECTS_MAX  64
#define INDEX_WRITER_SIZE  CODEC_WRITER_SIZE

/* After parsing, raw_size is 1 .. params.max, and packed_size is at most
 * codec_packed_max(raw_size). */
struct index_chunk {
    uint32_t raw_size, packed_size;
    struct chunk_name name;
};

/* An object that holds chunks. All objects of an index form one address space. */
struct index_object {
    uint64_t size;
    enum codec codec;
    uint64_t base; /* the address of its first byte: the sum of the sizes of the objects before */
};

/* A run of consecutive chunks that lie one behind the other in one object. */
struct index_extent {
    uint32_t chunks; /* at least 1 */
    uint16_t object;
    uint64_t offset; /* of the first chunk in the object */
};

#define INDEX_REST (-1)

struct index_section {
    int layer; /* into layers, or INDEX_REST */
    uint64_t raw_offset, raw_size;
    uint64_t packed_before; /* packed bytes of the sections before; repeats count each time */
    uint64_t packed_size;
    uint32_t chunk_count, extent_count;
    uint32_t size;                /* of its block of extents and records, in bytes */
    uint64_t at;                  /* where its block lies in the index object */
    struct xxh128 sum;            /* of its block; detects accidental damage */
    struct index_extent *extents; /* NULL: the section is not loaded */
    struct index_chunk *chunks;   /* the same */
};

struct index {
    unsigned version;     /* 1 to INDEX_VERSION */
    bool whole;           /* its only object is the archive: the packed chunks in stream order */
    enum name_kind names; /* of its chunks. A builder takes NAME_SHA256 only */
    struct chunk_params params;
    enum codec codec;               /* of the push that wrote the index; chunks of other objects may
                                       have another one */
    char writer[INDEX_WRITER_SIZE]; /* "s3dock/1 libdeflate 1.14 level 6": equal writers produce
                                       equal bytes */
    int level;
    uint64_t archive_size; /* packed bytes of all chunks: the size of the whole archive */
    uint64_t raw_size;
    struct image_info image; /* layers and tags are owned by the index */
    unsigned section_count;
    struct index_section *sections;
    unsigned object_count; /* 1 to INDEX_OBJECTS_MAX */
    struct index_object *objects;
    uint64_t space; /* the end of the address space: the sum of the sizes of the objects */
    uint64_t header_size;
};

/* ---- places of chunks ---- */

struct index_place {
    unsigned object; /* into objects */
    uint64_t offset; /* in the object */
};

/* Walks over the chunks of a section. For reading; the fields belong to index/place.c. */
struct index_cursor {
    const struct index_section *section;
    uint32_t chunk, extent; /* the next chunk, and the next extent */
    uint32_t left;          /* chunks of the current extent that were not returned yet */
    struct index_place place;
};

/* Starts with the first chunk of a section that is loaded. */
void index_cursor_init(struct index_cursor *cursor, const struct index_section *section);
/* Returns the next chunk of the section and its place; NULL: the end. */
const struct index_chunk *index_cursor_next(struct index_cursor *cursor, struct index_place *place);
/* Returns the packed bytes of the chunks of the current extent that follow the last chunk that was
 * returned. */
uint64_t index_cursor_run(const struct index_cursor *cursor);
/* Returns the address of a place: its offset behind the beginning of the first object. */
uint64_t index_address(const struct index *index, const struct index_place *place);

/* ---- writing: add chunks in stream order, then finish with the image ---- */

struct index_writer {
    unsigned version; /* 2: only for a whole image of gzip members. Or 3 */
    struct codec_choice choice;
    /* NULL: this program packs the chunks. Otherwise chunks of this index are moved: the new index
     * keeps its writer. Borrowed until the end. */
    const struct index *like;
};

struct index_builder;
struct index_builder *index_builder_create(const struct chunk_params *params,
                                           const struct index_writer *writer, struct err *err);
void index_builder_destroy(struct index_builder *builder);

/* The builder's number of the object that the push writes. */
#define INDEX_OWN 0u
/* The most objects of a builder, with its own. At most INDEX_OBJECTS_MAX of them may be used. */
#define INDEX_BUILDER_OBJECTS_MAX 128
/* Adds an object of the bucket. Version 3 only. *number: 1, 2, ... */
int index_builder_object(struct index_builder *builder, uint64_t size, enum codec codec,
                         unsigned *number, struct err *err);
/* Adds a chunk. place: in an object of the builder (a repeat of an own chunk: INDEX_OWN and the
 * offset of the first one); NULL: the chunk follows the last one in the own object.
 * `starts_section`: CHUNK_SECTION of the cut. */
int index_builder_add(struct index_builder *builder, const struct index_chunk *chunk,
                      const struct index_place *place, bool starts_section, struct err *err);
/* Changes the packed size of chunk `number`, counted from 0. Only if no chunk has a place of its
 * own. */
int index_builder_repack(struct index_builder *builder, uint64_t number, uint32_t packed_size,
                         struct err *err);
uint64_t index_builder_packed(const struct index_builder *builder);   /* of all chunks so far */
uint64_t index_builder_own_size(const struct index_builder *builder); /* of the own object so far */
/* Returns chunk `number`, counted from 0; NULL if it was not added yet. Valid until the next
 * add. */
const struct index_chunk *index_builder_chunk(const struct index_builder *builder, uint64_t number);
/* Returns the place of chunk `number`, which must have been added. Not valid after a repack. */
struct index_place index_builder_place(const struct index_builder *builder, uint64_t number);
/* The objects that the chunks use, in the order of their first use: builder's numbers. */
struct index_order {
    unsigned count;
    unsigned objects[INDEX_OBJECTS_MAX];
};
/* Serialises the index into `out`. Sections that are no layer are INDEX_REST; neighbouring ones are
 * merged. order may be NULL. */
int index_builder_finish(struct index_builder *builder, const struct image_info *image,
                         struct index_order *order, struct text *out, struct err *err);

/* ---- reading ---- */

/* Takes the size of the header from the fixed prefix. */
int index_header_size(struct view prefix, uint64_t *size, struct err *err);
/* Parses the header. bytes: at least the first header_size bytes of the object. */
int index_parse_header(struct view bytes, struct index **out, struct err *err);
/* Parses the block of one section: exactly section->size bytes. */
int index_parse_section(struct index *index, unsigned section, struct view block, struct err *err);
/* Parses the whole object. */
int index_parse(struct view bytes, struct index **out, struct err *err);
void index_destroy(struct index *index); /* takes NULL */

#endif
