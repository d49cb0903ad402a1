/*
 * The reader of an index. It compares the header with its checksum and then still treats it as
 * hostile: the checksum detects damage, not an attacker. Before any allocation, counts are bounded
 * by the bytes that carry them. Every addition of sizes is checked.
 */
#include "pack/index/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/le.h"
#include "pack/codec/gzip_member.h"
#include "pack/index/layout.h"

static int broken(struct err *err, const char *why)
{
    err_set(err, ERR_INTEGRITY, "index", "the index is corrupt: %s", why);
    return ERR_FAIL;
}

static int no_memory(struct err *err)
{
    err_memory(err, "the index");
    return ERR_FAIL;
}

static struct xxh128 get_sum(struct le_reader *reader)
{
    const uint8_t *bytes = le_read_bytes(reader, INDEX_SUM_SIZE);
    struct xxh128 sum = {{0}};

    if (bytes)
        memcpy(sum.bytes, bytes, sizeof(sum.bytes));
    return sum;
}

static struct chunk_name get_name(struct le_reader *reader, enum name_kind kind)
{
    size_t size = index_record_size(kind) - 8;
    const uint8_t *bytes = le_read_bytes(reader, size);
    struct chunk_name name = {{0}};

    if (bytes)
        memcpy(name.bytes, bytes, size);
    return name;
}

static bool sum_matches(struct view bytes, const struct xxh128 *sum)
{
    struct xxh128 actual = xxh128_of(bytes.data, bytes.size);

    return xxh128_equals(&actual, sum);
}

static enum name_kind names_of(const struct index_prefix *prefix)
{
    return prefix->version == 1 ? NAME_XXH3 : NAME_SHA256;
}

static int get_prefix(struct le_reader *reader, struct index_prefix *prefix, struct err *err)
{
    const uint8_t *bytes = le_read_bytes(reader, INDEX_MAGIC_SIZE);
    uint64_t reserved;

    if (!bytes || memcmp(bytes, INDEX_MAGIC, sizeof(INDEX_MAGIC)) != 0)
        return broken(err, "it has no index header");
    prefix->version = (uint32_t)le_read(reader, 4);
    prefix->header_size = (uint32_t)le_read(reader, 4);
    prefix->object_size = le_read(reader, 8);
    prefix->archive_size = le_read(reader, 8);
    prefix->raw_size = le_read(reader, 8);
    prefix->chunk_count = (uint32_t)le_read(reader, 4);
    prefix->section_count = (uint32_t)le_read(reader, 4);
    prefix->layer_count = (uint32_t)le_read(reader, 4);
    prefix->tag_count = (uint32_t)le_read(reader, 4);
    reserved = le_read(reader, 8);
    if (reader->failed)
        return broken(err, "it is cut short");
    if (prefix->version < 1 || prefix->version > INDEX_VERSION) {
        err_set(err, ERR_UNSUPPORTED, "index_version",
                "the index has format version %u, not 1 or %d", prefix->version, INDEX_VERSION);
        err_hint(err, "a newer s3dock wrote this image: update s3dock on this machine");
        return ERR_FAIL;
    }
    if (prefix->header_size < INDEX_PREFIX_SIZE + INDEX_SUM_SIZE ||
        prefix->header_size > INDEX_HEADER_MAX)
        return broken(err, "its header has an impossible size");
    if (prefix->chunk_count == 0 || prefix->chunk_count > INDEX_CHUNKS_MAX ||
        prefix->section_count == 0 || prefix->section_count > INDEX_SECTIONS_MAX ||
        prefix->section_count > prefix->chunk_count || prefix->layer_count > IMAGE_LAYERS_MAX ||
        prefix->tag_count > IMAGE_TAGS_MAX)
        return broken(err, "a count is too large");
    if (prefix->object_size != prefix->header_size + (uint64_t)prefix->chunk_count *
                                                         index_record_size(names_of(prefix)) ||
        reserved != 0)
        return broken(err, "its sizes do not add up");
    return 0;
}

int index_header_size(struct view bytes, uint64_t *size, struct err *err)
{
    struct le_reader reader = {.left = bytes};
    struct index_prefix prefix;

    if (get_prefix(&reader, &prefix, err) < 0)
        return ERR_FAIL;
    *size = prefix.header_size;
    return 0;
}

static int get_parameters(struct le_reader *reader, struct index *index, struct err *err)
{
    uint32_t level;

    index->params.min = (uint32_t)le_read(reader, 4);
    index->params.average = (uint32_t)le_read(reader, 4);
    index->params.max = (uint32_t)le_read(reader, 4);
    index->file_min = (uint32_t)le_read(reader, 4);
    level = (uint32_t)le_read(reader, 4);
    le_read_string(reader, index->codec, sizeof(index->codec));
    le_read_string(reader, index->writer, sizeof(index->writer));
    if (reader->failed || !index_is_text(index->codec) || !index_is_text(index->writer))
        return broken(err, "its parameters cannot be read");
    if (strcmp(index->codec, "gzip") != 0) {
        err_set(err, ERR_UNSUPPORTED, "codec", "the archive is packed with \"%s\"", index->codec);
        return ERR_FAIL;
    }
    if (!chunk_params_valid(&index->params) || level > GZIP_MEMBER_LEVEL_MAX)
        return broken(err, "its parameters are invalid");
    index->level = (int)level;
    return 0;
}

static int get_tags(struct le_reader *reader, struct image_info *image, unsigned count,
                    struct err *err)
{
    if (count == 0)
        return 0;
    if (count > reader->left.size / 2)
        return broken(err, "it has fewer tags than its header states");
    image->tags = calloc(count, sizeof(*image->tags));
    if (!image->tags)
        return no_memory(err);
    for (; image->tag_count < count; image->tag_count++)
        le_read_string(reader, image->tags[image->tag_count], sizeof(image->tags[0]));
    return 0;
}

static int get_layers(struct le_reader *reader, struct image_info *image, unsigned count,
                      struct err *err)
{
    if (count == 0)
        return 0;
    if (count > reader->left.size / INDEX_LAYER_LEAST)
        return broken(err, "it has fewer layers than its header states");
    image->layers = calloc(count, sizeof(*image->layers));
    if (!image->layers)
        return no_memory(err);
    for (; image->layer_count < count; image->layer_count++) {
        struct image_layer *layer = &image->layers[image->layer_count];

        le_read_string(reader, layer->diff_id, sizeof(layer->diff_id));
        le_read_string(reader, layer->digest, sizeof(layer->digest));
        le_read_string(reader, layer->media_type, sizeof(layer->media_type));
        layer->raw_offset = le_read(reader, 8);
        layer->raw_size = le_read(reader, 8);
    }
    return 0;
}

static int get_image(struct le_reader *reader, struct index *index,
                     const struct index_prefix *prefix, struct err *err)
{
    struct image_info *image = &index->image;
    const char *fault;

    image->raw_size = prefix->raw_size;
    le_read_string(reader, image->id, sizeof(image->id));
    le_read_string(reader, image->manifest_id, sizeof(image->manifest_id));
    le_read_string(reader, image->os, sizeof(image->os));
    le_read_string(reader, image->architecture, sizeof(image->architecture));
    le_read_string(reader, image->variant, sizeof(image->variant));
    le_read_string(reader, image->created, sizeof(image->created));
    image->config_offset = le_read(reader, 8);
    image->config_size = le_read(reader, 8);
    if (get_tags(reader, image, prefix->tag_count, err) < 0 ||
        get_layers(reader, image, prefix->layer_count, err) < 0)
        return ERR_FAIL;
    if (reader->failed)
        return broken(err, "its image cannot be read");
    fault = index_image_fault(image);
    return fault ? broken(err, fault) : 0;
}

/* Reads one row of the table of sections; its offsets continue those of the row before. */
static int get_section(struct le_reader *reader, struct index *index, struct index_section *section,
                       struct err *err)
{
    uint32_t layer = (uint32_t)le_read(reader, 4);

    section->chunk_count = (uint32_t)le_read(reader, 4);
    section->raw_size = le_read(reader, 8);
    section->packed_size = le_read(reader, 8);
    section->sum = get_sum(reader);
    section->layer = layer == INDEX_NO_LAYER ? INDEX_REST : (int)(layer & INT32_MAX);
    if (section->chunk_count == 0 || section->chunk_count > INDEX_CHUNKS_MAX)
        return broken(err, "a section has an impossible number of chunks");
    section->size = section->chunk_count * index_record_size(index->names);
    if (section->layer == INDEX_REST)
        return 0;
    if (layer >= index->image.layer_count ||
        index->image.layers[layer].raw_offset != section->raw_offset ||
        index_padded(index->image.layers[layer].raw_size) != section->raw_size)
        return broken(err, "a section differs from its layer");
    return 0;
}

static int get_sections(struct le_reader *reader, struct index *index,
                        const struct index_prefix *prefix, struct err *err)
{
    uint64_t raw = 0, packed = 0, chunks = 0;

    if (reader->left.size != (size_t)prefix->section_count * INDEX_SECTION_SIZE)
        return broken(err, "its table of sections has the wrong size");
    index->sections = calloc(prefix->section_count, sizeof(*index->sections));
    if (!index->sections)
        return no_memory(err);
    for (; index->section_count < prefix->section_count; index->section_count++) {
        struct index_section *section = &index->sections[index->section_count];

        section->raw_offset = raw;
        section->packed_offset = packed;
        section->at = index->header_size + chunks * index_record_size(index->names);
        if (get_section(reader, index, section, err) < 0)
            return ERR_FAIL;
        chunks += section->chunk_count; /* at most 2^11 times 2^23 */
        if (__builtin_add_overflow(raw, section->raw_size, &raw) ||
            __builtin_add_overflow(packed, section->packed_size, &packed))
            return broken(err, "its sections are too large");
    }
    if (raw != prefix->raw_size || packed != prefix->archive_size || chunks != prefix->chunk_count)
        return broken(err, "its sections do not add up to the archive");
    return 0;
}

/* Parses the header. `header` excludes the checksum. */
static int parse_header(struct view header, struct index *index, struct err *err)
{
    struct le_reader reader = {.left = header};
    struct index_prefix prefix;

    if (get_prefix(&reader, &prefix, err) < 0)
        return ERR_FAIL;
    index->names = names_of(&prefix);
    index->header_size = prefix.header_size;
    index->archive_size = prefix.archive_size;
    index->raw_size = prefix.raw_size;
    if (get_parameters(&reader, index, err) < 0 || get_image(&reader, index, &prefix, err) < 0)
        return ERR_FAIL;
    return get_sections(&reader, index, &prefix, err);
}

int index_parse_header(struct view bytes, struct index **out, struct err *err)
{
    struct xxh128 sum;
    struct index *index;
    uint64_t size;

    if (index_header_size(bytes, &size, err) < 0)
        return ERR_FAIL;
    if (bytes.size < size)
        return broken(err, "its header is cut short");
    bytes.size = (size_t)size - INDEX_SUM_SIZE;
    memcpy(sum.bytes, bytes.data + bytes.size, INDEX_SUM_SIZE);
    if (!sum_matches(bytes, &sum))
        return broken(err, "its header does not match its checksum");
    index = calloc(1, sizeof(*index));
    if (!index)
        return no_memory(err);
    if (parse_header(bytes, index, err) < 0) {
        index_destroy(index);
        return ERR_FAIL;
    }
    *out = index;
    return 0;
}

/* Reads the records into `chunks` and compares their sums with the section. The sums cannot
 * overflow: 2^23 chunks of less than 2^20 bytes. */
static int get_chunks(const struct index *index, const struct index_section *section,
                      struct view records, struct index_chunk *chunks, struct err *err)
{
    struct le_reader reader = {.left = records};
    uint64_t raw = 0, packed = 0;

    for (uint32_t i = 0; i < section->chunk_count; i++) {
        chunks[i].raw_size = (uint32_t)le_read(&reader, 4);
        chunks[i].packed_size = (uint32_t)le_read(&reader, 4);
        chunks[i].name = get_name(&reader, index->names);
        if (!index_chunk_valid(&chunks[i], &index->params))
            return broken(err, "a chunk has an impossible size");
        raw += chunks[i].raw_size;
        packed += chunks[i].packed_size;
    }
    if (raw != section->raw_size || packed != section->packed_size)
        return broken(err, "chunks do not add up to their section");
    return 0;
}

int index_parse_section(struct index *index, unsigned number, struct view records, struct err *err)
{
    struct index_section *section;
    struct index_chunk *chunks;

    if (number >= index->section_count) {
        err_set(err, ERR_INTERNAL, "index", "the index has no section %u", number);
        return ERR_FAIL;
    }
    section = &index->sections[number];
    if (section->chunks)
        return 0;
    if (records.size != section->size)
        return broken(err, "a section has the wrong size");
    if (!sum_matches(records, &section->sum))
        return broken(err, "a section does not match its checksum");
    chunks = calloc(section->chunk_count, sizeof(*chunks));
    if (!chunks)
        return no_memory(err);
    if (get_chunks(index, section, records, chunks, err) < 0) {
        free(chunks);
        return ERR_FAIL;
    }
    section->chunks = chunks;
    return 0;
}

static int parse_sections(struct index *index, struct view bytes, struct err *err)
{
    const struct index_section *last = &index->sections[index->section_count - 1];

    if (bytes.size != last->at + last->size)
        return broken(err, "its size differs from its header");
    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_section *section = &index->sections[i];

        if (index_parse_section(index, i, view_of(bytes.data + section->at, section->size), err) <
            0)
            return ERR_FAIL;
    }
    return 0;
}

int index_parse(struct view bytes, struct index **out, struct err *err)
{
    struct index *index;

    if (index_parse_header(bytes, &index, err) < 0)
        return ERR_FAIL;
    if (parse_sections(index, bytes, err) < 0) {
        index_destroy(index);
        return ERR_FAIL;
    }
    *out = index;
    return 0;
}

void index_destroy(struct index *index)
{
    if (!index)
        return;
    for (unsigned i = 0; i < index->section_count; i++)
        free(index->sections[i].chunks);
    free(index->sections);
    free(index->image.layers);
    free(index->image.tags);
    free(index);
}
