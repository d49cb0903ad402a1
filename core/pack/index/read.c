/*
 * The reader of the header of an index. It compares the header with its checksum and then still
 * treats it as hostile: the checksum detects damage, not an attacker. Before any allocation, counts
 * are bounded by the bytes that carry them. Every addition of sizes is checked.
 */
#include "pack/index/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/le.h"
#include "pack/index/layout.h"

#define HINT_NEWER "a newer s3dock wrote this image: update s3dock on this machine"

static struct xxh128 get_sum(struct le_reader *reader)
{
    const uint8_t *bytes = le_read_bytes(reader, INDEX_SUM_SIZE);
    struct xxh128 sum = {{0}};

    if (bytes)
        memcpy(sum.bytes, bytes, sizeof(sum.bytes));
    return sum;
}

static enum name_kind names_of(const struct index_prefix *prefix)
{
    return prefix->version == 1 ? NAME_XXH3 : NAME_SHA256;
}

static void read_prefix(struct le_reader *reader, struct index_prefix *prefix)
{
    prefix->version = (uint32_t)le_read(reader, 4);
    prefix->header_size = (uint32_t)le_read(reader, 4);
    prefix->index_size = le_read(reader, 8);
    prefix->archive_size = le_read(reader, 8);
    prefix->raw_size = le_read(reader, 8);
    prefix->chunk_count = (uint32_t)le_read(reader, 4);
    prefix->section_count = (uint32_t)le_read(reader, 4);
    prefix->layer_count = (uint32_t)le_read(reader, 4);
    prefix->tag_count = (uint32_t)le_read(reader, 4);
    prefix->extent_count = (uint32_t)le_read(reader, 4);
    prefix->object_count = (uint16_t)le_read(reader, 2);
    prefix->flags = (uint16_t)le_read(reader, 2);
}

static int check_counts(const struct index_prefix *prefix, struct err *err)
{
    if (prefix->chunk_count == 0 || prefix->chunk_count > INDEX_CHUNKS_MAX ||
        prefix->section_count == 0 || prefix->section_count > INDEX_SECTIONS_MAX ||
        prefix->section_count > prefix->chunk_count || prefix->layer_count > IMAGE_LAYERS_MAX ||
        prefix->tag_count > IMAGE_TAGS_MAX)
        return index_broken(err, "a count is too large");
    if (prefix->version < 3)
        return prefix->extent_count || prefix->object_count || prefix->flags
                   ? index_broken(err, "its reserved bytes are not zero")
                   : 0;
    if (prefix->extent_count < prefix->section_count ||
        prefix->extent_count > prefix->chunk_count || prefix->object_count == 0 ||
        prefix->object_count > INDEX_OBJECTS_MAX)
        return index_broken(err, "it has an impossible number of extents or objects");
    if (prefix->flags & ~INDEX_FLAG_WHOLE)
        return index_broken(err, "it has an unknown flag");
    return 0;
}

/* At most 8 MiB, 2^23 times 16 and 2^23 times 32 bytes. */
static uint64_t size_of(const struct index_prefix *prefix)
{
    return prefix->header_size + (uint64_t)prefix->extent_count * INDEX_EXTENT_SIZE +
           (uint64_t)prefix->chunk_count * index_record_size(names_of(prefix));
}

static int get_prefix(struct le_reader *reader, struct index_prefix *prefix, struct err *err)
{
    const uint8_t *bytes = le_read_bytes(reader, INDEX_MAGIC_SIZE);

    if (!bytes || memcmp(bytes, INDEX_MAGIC, sizeof(INDEX_MAGIC)) != 0)
        return index_broken(err, "it has no index header");
    read_prefix(reader, prefix);
    if (reader->failed)
        return index_broken(err, "it is cut short");
    if (prefix->version < 1 || prefix->version > INDEX_VERSION) {
        err_set(err, ERR_UNSUPPORTED, "index_version",
                "the index has format version %u, not 1 to %d", prefix->version, INDEX_VERSION);
        return err_hint(err, HINT_NEWER);
    }
    if (prefix->header_size < INDEX_PREFIX_SIZE + INDEX_SUM_SIZE ||
        prefix->header_size > INDEX_HEADER_MAX)
        return index_broken(err, "its header has an impossible size");
    if (check_counts(prefix, err) < 0)
        return ERR_FAIL;
    return prefix->index_size == size_of(prefix) ? 0 : index_broken(err, "its sizes do not add up");
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

static int unknown_codec(const char *name, struct err *err)
{
    err_set(err, ERR_UNSUPPORTED, "codec", "the archive is packed with \"%s\"", name);
    return err_hint(err, HINT_NEWER);
}

static int get_codec(const char *name, struct index *index, struct err *err)
{
    if (codec_parse(name, &index->codec) && (index->version >= 3 || index->codec == CODEC_GZIP))
        return 0;
    return unknown_codec(name, err);
}

static int get_parameters(struct le_reader *reader, struct index *index, struct err *err)
{
    char codec[32];
    uint32_t level;

    index->params.min = (uint32_t)le_read(reader, 4);
    index->params.average = (uint32_t)le_read(reader, 4);
    index->params.max = (uint32_t)le_read(reader, 4);
    index->params.file_min = (uint32_t)le_read(reader, 4);
    level = (uint32_t)le_read(reader, 4);
    le_read_string(reader, codec, sizeof(codec));
    le_read_string(reader, index->writer, sizeof(index->writer));
    if (reader->failed || !index_is_text(codec) || !index_is_text(index->writer))
        return index_broken(err, "its parameters cannot be read");
    if (get_codec(codec, index, err) < 0)
        return ERR_FAIL;
    if (!chunk_params_valid(&index->params) || level > (uint32_t)codec_level_max(index->codec))
        return index_broken(err, "its parameters are invalid");
    index->level = (int)level;
    return 0;
}

static int get_tags(struct le_reader *reader, struct image_info *image, unsigned count,
                    struct err *err)
{
    if (count == 0)
        return 0;
    if (count > reader->left.size / 2)
        return index_broken(err, "it has fewer tags than its header states");
    image->tags = calloc(count, sizeof(*image->tags));
    if (!image->tags)
        return index_no_memory(err);
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
        return index_broken(err, "it has fewer layers than its header states");
    image->layers = calloc(count, sizeof(*image->layers));
    if (!image->layers)
        return index_no_memory(err);
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
        return index_broken(err, "its image cannot be read");
    fault = index_image_fault(image);
    return fault ? index_broken(err, fault) : 0;
}

static size_t row_size(const struct index *index)
{
    return index->version < 3 ? INDEX_SECTION_OLD : INDEX_SECTION_SIZE;
}

/* The tables of objects and of sections are the rest of the header. */
static int check_tables(const struct le_reader *reader, const struct index *index,
                        const struct index_prefix *prefix, struct err *err)
{
    size_t size =
        (size_t)prefix->object_count * INDEX_OBJECT_SIZE + prefix->section_count * row_size(index);

    return reader->left.size == size ? 0 : index_broken(err, "its tables have the wrong size");
}

/* Reads an object. Its base continues the address space. */
static int get_object(struct le_reader *reader, struct index *index, struct err *err)
{
    struct index_object *object = &index->objects[index->object_count];
    uint64_t size = le_read(reader, 8);
    unsigned codec = (unsigned)le_read(reader, 1);
    uint64_t reserved = le_read(reader, 7);

    if (codec != CODEC_GZIP && codec != CODEC_ZSTD) {
        err_set(err, ERR_UNSUPPORTED, "codec", "an object is packed with codec %u", codec);
        return err_hint(err, HINT_NEWER);
    }
    if (size < CODEC_PACKED_LEAST((enum codec)codec) || size > INT64_MAX - index->space ||
        reserved != 0)
        return index_broken(err, "an object is impossible");
    *object = (struct index_object){.size = size, .codec = (enum codec)codec, .base = index->space};
    index->space += size;
    index->object_count++;
    return 0;
}

/* Before version 3, the archive is the only object. */
static void set_archive(struct index *index)
{
    index->objects[0] = (struct index_object){.size = index->archive_size, .codec = CODEC_GZIP};
    index->object_count = 1;
    index->space = index->archive_size;
    index->whole = true;
}

static int get_objects(struct le_reader *reader, struct index *index,
                       const struct index_prefix *prefix, struct err *err)
{
    index->objects = calloc(prefix->object_count + 1u, sizeof(*index->objects));
    if (!index->objects)
        return index_no_memory(err);
    if (index->version < 3) {
        set_archive(index);
        return 0;
    }
    while (index->object_count < prefix->object_count)
        if (get_object(reader, index, err) < 0)
            return ERR_FAIL;
    index->whole = prefix->flags & INDEX_FLAG_WHOLE;
    if (index->whole && (index->object_count != 1 || index->objects[0].size != index->archive_size))
        return index_broken(err, "it describes no whole archive");
    return 0;
}

/* Reads the counts of a row, and computes the size of the block. */
static int get_counts(struct le_reader *reader, const struct index *index,
                      struct index_section *section, struct err *err)
{
    uint32_t reserved = 0;

    section->chunk_count = (uint32_t)le_read(reader, 4);
    section->extent_count = 1;
    section->size = 0;
    if (index->version >= 3) {
        section->extent_count = (uint32_t)le_read(reader, 4);
        reserved = (uint32_t)le_read(reader, 4);
    }
    if (section->chunk_count == 0 || section->chunk_count > INDEX_CHUNKS_MAX ||
        section->extent_count == 0 || section->extent_count > section->chunk_count ||
        (index->whole && section->extent_count != 1) || reserved != 0)
        return index_broken(err, "a section has an impossible number of chunks");
    section->size = section->chunk_count * index_record_size(index->names);
    if (index->version >= 3)
        section->size += section->extent_count * INDEX_EXTENT_SIZE;
    return 0;
}

/* Reads one row of the table of sections; its offsets continue those of the row before. */
static int get_section(struct le_reader *reader, struct index *index, struct index_section *section,
                       struct err *err)
{
    uint32_t layer = (uint32_t)le_read(reader, 4);

    if (get_counts(reader, index, section, err) < 0)
        return ERR_FAIL;
    section->raw_size = le_read(reader, 8);
    section->packed_size = le_read(reader, 8);
    section->sum = get_sum(reader);
    section->layer = layer == INDEX_NO_LAYER ? INDEX_REST : (int)(layer & INT32_MAX);
    if (section->layer == INDEX_REST)
        return 0;
    if (layer >= index->image.layer_count ||
        index->image.layers[layer].raw_offset != section->raw_offset ||
        index_padded(index->image.layers[layer].raw_size) != section->raw_size)
        return index_broken(err, "a section differs from its layer");
    return 0;
}

/* The sums of the sections that were read. Counts: at most 2^11 times 2^23. */
struct sums {
    uint64_t raw, packed, chunks, extents, at;
};

static int add_section(struct sums *sums, const struct index_section *section, struct err *err)
{
    sums->chunks += section->chunk_count;
    sums->extents += section->extent_count;
    sums->at += section->size;
    if (__builtin_add_overflow(sums->raw, section->raw_size, &sums->raw) ||
        __builtin_add_overflow(sums->packed, section->packed_size, &sums->packed))
        return index_broken(err, "its sections are too large");
    return 0;
}

static bool adds_up(const struct sums *sums, const struct index_prefix *prefix)
{
    return sums->raw == prefix->raw_size && sums->packed == prefix->archive_size &&
           sums->chunks == prefix->chunk_count &&
           (prefix->version < 3 || sums->extents == prefix->extent_count);
}

static int get_sections(struct le_reader *reader, struct index *index,
                        const struct index_prefix *prefix, struct err *err)
{
    struct sums sums = {.at = index->header_size};

    index->sections = calloc(prefix->section_count, sizeof(*index->sections));
    if (!index->sections)
        return index_no_memory(err);
    for (; index->section_count < prefix->section_count; index->section_count++) {
        struct index_section *section = &index->sections[index->section_count];

        section->raw_offset = sums.raw;
        section->packed_before = sums.packed;
        section->at = sums.at;
        if (get_section(reader, index, section, err) < 0 || add_section(&sums, section, err) < 0)
            return ERR_FAIL;
    }
    if (!adds_up(&sums, prefix))
        return index_broken(err, "its sections do not add up to the archive");
    return 0;
}

/* Parses the header. `header` excludes the checksum. */
static int parse_header(struct view header, struct index *index, struct err *err)
{
    struct le_reader reader = {.left = header};
    struct index_prefix prefix;

    if (get_prefix(&reader, &prefix, err) < 0)
        return ERR_FAIL;
    index->version = prefix.version;
    index->names = names_of(&prefix);
    index->header_size = prefix.header_size;
    index->archive_size = prefix.archive_size;
    index->raw_size = prefix.raw_size;
    if (get_parameters(&reader, index, err) < 0 || get_image(&reader, index, &prefix, err) < 0 ||
        check_tables(&reader, index, &prefix, err) < 0 ||
        get_objects(&reader, index, &prefix, err) < 0)
        return ERR_FAIL;
    return get_sections(&reader, index, &prefix, err);
}

int index_parse_header(struct view bytes, struct index **out, struct err *err)
{
    struct xxh128 sum, actual;
    struct index *index;
    uint64_t size;

    if (index_header_size(bytes, &size, err) < 0)
        return ERR_FAIL;
    if (bytes.size < size)
        return index_broken(err, "its header is cut short");
    bytes.size = (size_t)size - INDEX_SUM_SIZE;
    memcpy(sum.bytes, bytes.data + bytes.size, INDEX_SUM_SIZE);
    actual = xxh128_of(bytes.data, bytes.size);
    if (!xxh128_equals(&actual, &sum))
        return index_broken(err, "its header does not match its checksum");
    index = calloc(1, sizeof(*index));
    if (!index)
        return index_no_memory(err);
    if (parse_header(bytes, index, err) < 0) {
        index_destroy(index);
        return ERR_FAIL;
    }
    *out = index;
    return 0;
}

static int parse_sections(struct index *index, struct view bytes, struct err *err)
{
    const struct index_section *last = &index->sections[index->section_count - 1];

    if (bytes.size != last->at + last->size)
        return index_broken(err, "its size differs from its header");
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
    for (unsigned i = 0; i < index->section_count; i++) {
        free(index->sections[i].extents);
        free(index->sections[i].chunks);
    }
    free(index->sections);
    free(index->objects);
    free(index->image.layers);
    free(index->image.tags);
    free(index);
}
