/*
 * Three things live here: the layout (docs/format.md has it byte by byte), the builder that writes
 * it, and the reader.
 *
 * Nothing is written twice: offsets are not stored, they are the running sums of the sizes, so that
 * they cannot contradict each other. What is stored twice on purpose are the totals in the prefix:
 * they are what the sums are held against.
 *
 * The reader first holds the header against its own sum, then treats it as hostile all the same: a
 * sum proves that bytes are as they were written, not that the writer was a friend. Counts are
 * bounded by what the bytes at hand can carry before anything is allocated, and every addition of
 * sizes is checked.
 *
 *   header   prefix 64 | parameters | image | tags | layers | sections | sum 16
 *   records  24 bytes a chunk: raw size, packed size, name
 */
#include "pack/index.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/cut.h"
#include "pack/member.h"

#define MAGIC_SIZE   8
#define SUM_SIZE     16
#define RECORD_SIZE  24
#define SECTION_SIZE 40
#define LAYER_MIN    (3 * 2 + 2 * 8) /* three empty strings, two numbers */
#define NO_LAYER     UINT32_MAX      /* INDEX_REST on the wire */
#define PACKED_MIN   20              /* the smallest gzip member */

/* As PNG's: a byte that is no text, and line ends that a text transfer would change. */
static const uint8_t magic[MAGIC_SIZE] = {0x89, 'S', '3', 'D', 'X', '\r', '\n', 0x1a};

struct prefix {
    uint32_t version, header_size;
    uint64_t object_size, archive_size, raw_size;
    uint32_t chunk_count, section_count, layer_count, tag_count;
};

static int broken(struct err *err, const char *why)
{
    return err_set(err, ERR_INTEGRITY, "index", "the index is corrupt: %s", why);
}

/* ---- what writer and reader agree on ----------------------------------------------------------
 */

static uint64_t padded(uint64_t size)
{
    return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

static bool within(uint64_t offset, uint64_t size, uint64_t whole)
{
    return offset <= whole && size <= whole - offset;
}

static bool chunk_valid(const struct index_chunk *chunk, const struct chunk_params *params)
{
    return chunk->raw_size >= 1 && chunk->raw_size <= params->max &&
           chunk->packed_size >= PACKED_MIN &&
           chunk->packed_size <= member_stored_size(chunk->raw_size);
}

static bool is_digest(const char *text)
{
    uint8_t digest[SHA256_SIZE];

    return strncmp(text, "sha256:", 7) == 0 && hex_decode(text + 7, digest, sizeof(digest));
}

static bool is_printable(const char *text)
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
    if (!is_printable(layer->media_type))
        return "a layer has no proper media type";
    if (layer->raw_size > UINT64_MAX - TAR_BLOCK ||
        !within(layer->raw_offset, padded(layer->raw_size), raw_size))
        return "a layer lies outside of the image";
    return NULL;
}

/* What is wrong with an image that shall be, or was, described; or NULL. */
static const char *image_fault(const struct image_info *image)
{
    if (!is_digest(image->id) || (image->manifest_id[0] && !is_digest(image->manifest_id)))
        return "the image has no proper id";
    if (!is_printable(image->os) || !is_printable(image->architecture) ||
        !is_printable(image->variant) || !is_printable(image->created))
        return "the image's platform is not text";
    if (!within(image->config_offset, image->config_size, image->raw_size))
        return "the config lies outside of the image";
    if (image->layer_count > IMAGE_LAYERS_MAX || image->tag_count > IMAGE_TAGS_MAX)
        return "too many layers or tags";
    for (unsigned i = 0; i < image->tag_count; i++) {
        if (!is_printable(image->tags[i]))
            return "a tag is not text";
    }
    for (unsigned i = 0; i < image->layer_count; i++) {
        const char *fault = layer_fault(&image->layers[i], image->raw_size);

        if (fault)
            return fault;
    }
    return NULL;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

#define BUILDER_FIRST_ROOM 1024

struct built_chunk {
    struct index_chunk chunk;
    bool starts_section;
};

struct index_builder {
    struct chunk_params params;
    int level;
    uint64_t raw_size, packed_size;
    struct built_chunk *chunks;
    uint32_t count, room; /* at most INDEX_CHUNKS_MAX */
};

struct index_builder *index_builder_create(const struct chunk_params *params, int level,
                                           struct err *err)
{
    struct index_builder *builder;

    if (!chunk_params_valid(params)) {
        err_set(err, ERR_INTERNAL, "index", "the chunk parameters are not valid");
        return NULL;
    }
    builder = calloc(1, sizeof(*builder));
    if (!builder) {
        err_memory(err, "the index");
        return NULL;
    }
    builder->params = *params;
    builder->level = level;
    return builder;
}

void index_builder_destroy(struct index_builder *builder)
{
    if (!builder)
        return;
    free(builder->chunks);
    free(builder);
}

static int make_room(struct index_builder *builder, struct err *err)
{
    uint32_t room = builder->room ? 2 * builder->room : BUILDER_FIRST_ROOM;
    struct built_chunk *chunks;

    if (builder->count < builder->room)
        return 0;
    if (builder->count == INDEX_CHUNKS_MAX)
        return err_set(err, ERR_UNSUPPORTED, "index", "the image has more than %u chunks",
                       INDEX_CHUNKS_MAX);
    chunks = realloc(builder->chunks, room * sizeof(*chunks));
    if (!chunks)
        return err_memory(err, "the index");
    builder->chunks = chunks;
    builder->room = room;
    return 0;
}

int index_builder_add(struct index_builder *builder, const struct index_chunk *chunk,
                      bool starts_section, struct err *err)
{
    if (!chunk_valid(chunk, &builder->params))
        return err_set(err, ERR_INTERNAL, "index", "no such chunk: %u bytes packed into %u",
                       chunk->raw_size, chunk->packed_size);
    if (make_room(builder, err) < 0)
        return ERR_FAIL;
    builder->chunks[builder->count++] = (struct built_chunk){*chunk, starts_section};
    builder->raw_size += chunk->raw_size;
    builder->packed_size += chunk->packed_size;
    return 0;
}

uint64_t index_builder_packed(const struct index_builder *builder)
{
    return builder->packed_size;
}

static void put_u16(struct text *to, uint16_t value)
{
    uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};

    text_add(to, bytes, sizeof(bytes));
}

static void put_u32(struct text *to, uint32_t value)
{
    put_u16(to, (uint16_t)value);
    put_u16(to, (uint16_t)(value >> 16));
}

static void put_u64(struct text *to, uint64_t value)
{
    put_u32(to, (uint32_t)value);
    put_u32(to, (uint32_t)(value >> 32));
}

static void put_string(struct text *to, const char *string)
{
    size_t size = strlen(string); /* of an array in a struct: far below 64 KiB */

    put_u16(to, (uint16_t)size);
    text_add(to, string, size);
}

static void put_sum(struct text *to, struct view bytes)
{
    struct xxh128 sum = xxh128_of(bytes.data, bytes.size);

    text_add(to, sum.bytes, sizeof(sum.bytes));
}

static void put_chunk(struct text *to, const struct index_chunk *chunk)
{
    put_u32(to, chunk->raw_size);
    put_u32(to, chunk->packed_size);
    text_add(to, chunk->name.bytes, sizeof(chunk->name.bytes));
}

static void put_image(struct text *to, const struct image_info *image)
{
    put_string(to, image->id);
    put_string(to, image->manifest_id);
    put_string(to, image->os);
    put_string(to, image->architecture);
    put_string(to, image->variant);
    put_string(to, image->created);
    put_u64(to, image->config_offset);
    put_u64(to, image->config_size);
    for (unsigned i = 0; i < image->tag_count; i++)
        put_string(to, image->tags[i]);
    for (unsigned i = 0; i < image->layer_count; i++) {
        const struct image_layer *layer = &image->layers[i];

        put_string(to, layer->diff_id);
        put_string(to, layer->digest);
        put_string(to, layer->media_type);
        put_u64(to, layer->raw_offset);
        put_u64(to, layer->raw_size);
    }
}

static void put_parameters(struct text *to, const struct index_builder *builder)
{
    char writer[64];

    snprintf(writer, sizeof(writer), "libdeflate %s level %d", LIBDEFLATE_VERSION_STRING,
             builder->level);
    put_u32(to, builder->params.min);
    put_u32(to, builder->params.average);
    put_u32(to, builder->params.max);
    put_u32(to, CUT_FILE_MIN);
    put_u32(to, (uint32_t)builder->level);
    put_string(to, "gzip");
    put_string(to, writer);
}

/* The layer whose padded payload is exactly this range; of several the first. */
static int find_layer(const struct image_info *image, uint64_t raw_offset, uint64_t raw_size)
{
    for (unsigned i = 0; i < image->layer_count; i++) {
        const struct image_layer *layer = &image->layers[i];

        if (layer->raw_offset == raw_offset && padded(layer->raw_size) == raw_size)
            return (int)i;
    }
    return INDEX_REST;
}

/* The run of chunks that begins with `first` and goes up to the next one that starts a section. */
static struct index_section next_run(const struct index_builder *builder, uint32_t first)
{
    struct index_section run = {.layer = INDEX_REST};

    do {
        const struct index_chunk *chunk = &builder->chunks[first + run.chunk_count].chunk;

        run.raw_size += chunk->raw_size;
        run.packed_size += chunk->packed_size;
        run.chunk_count++;
    } while (first + run.chunk_count < builder->count &&
             !builder->chunks[first + run.chunk_count].starts_section);
    return run;
}

/* Two sections a layer at most, as each layer can have a rest before it, and the last rest. */
static unsigned plan_sections(const struct index_builder *builder, const struct image_info *image,
                              struct index_section *sections)
{
    unsigned count = 0;
    uint64_t raw_offset = 0;

    for (uint32_t first = 0; first < builder->count;) {
        struct index_section run = next_run(builder, first);

        run.layer = find_layer(image, raw_offset, run.raw_size);
        first += run.chunk_count;
        raw_offset += run.raw_size;
        if (run.layer == INDEX_REST && count > 0 && sections[count - 1].layer == INDEX_REST) {
            sections[count - 1].raw_size += run.raw_size;
            sections[count - 1].packed_size += run.packed_size;
            sections[count - 1].chunk_count += run.chunk_count;
        } else {
            sections[count++] = run;
        }
    }
    return count;
}

static void put_sections(struct text *to, const struct index_section *sections, unsigned count,
                         struct view records)
{
    for (unsigned i = 0; i < count; i++) {
        const struct index_section *section = &sections[i];
        size_t size = (size_t)section->chunk_count * RECORD_SIZE;

        put_u32(to, section->layer == INDEX_REST ? NO_LAYER : (uint32_t)section->layer);
        put_u32(to, section->chunk_count);
        put_u64(to, section->raw_size);
        put_u64(to, section->packed_size);
        put_sum(to, view_of(records.data, size));
        records.data += size;
    }
}

static void put_prefix(struct text *to, const struct prefix *prefix)
{
    text_add(to, magic, sizeof(magic));
    put_u32(to, prefix->version);
    put_u32(to, prefix->header_size);
    put_u64(to, prefix->object_size);
    put_u64(to, prefix->archive_size);
    put_u64(to, prefix->raw_size);
    put_u32(to, prefix->chunk_count);
    put_u32(to, prefix->section_count);
    put_u32(to, prefix->layer_count);
    put_u32(to, prefix->tag_count);
    put_u64(to, 0); /* reserved */
}

static int write_object(const struct index_builder *builder, const struct image_info *image,
                        struct text *body, struct text *records, struct text *out, struct err *err)
{
    struct index_section sections[2 * IMAGE_LAYERS_MAX + 1];
    unsigned section_count = plan_sections(builder, image, sections);
    size_t begin = out->size;
    struct prefix prefix = {
        .version = INDEX_VERSION,
        .archive_size = builder->packed_size,
        .raw_size = builder->raw_size,
        .chunk_count = builder->count,
        .section_count = section_count,
        .layer_count = image->layer_count,
        .tag_count = image->tag_count,
    };

    for (uint32_t i = 0; i < builder->count; i++)
        put_chunk(records, &builder->chunks[i].chunk);
    if (text_check(records, "the index", err) < 0)
        return ERR_FAIL;
    put_parameters(body, builder);
    put_image(body, image);
    put_sections(body, sections, section_count, text_view(records));
    if (text_check(body, "the index header", err) < 0)
        return ERR_FAIL;
    prefix.header_size = (uint32_t)(INDEX_PREFIX_SIZE + body->size + SUM_SIZE);
    prefix.object_size = prefix.header_size + records->size;
    put_prefix(out, &prefix);
    text_add(out, body->data, body->size);
    if (text_check(out, "the index", err) < 0)
        return ERR_FAIL;
    put_sum(out, view_of(out->data + begin, out->size - begin));
    text_add(out, records->data, records->size);
    return text_check(out, "the index", err);
}

int index_builder_finish(struct index_builder *builder, const struct image_info *image,
                         struct text *out, struct err *err)
{
    const char *fault = image_fault(image);
    struct text body, records;
    int result;

    if (fault)
        return err_set(err, ERR_INTERNAL, "index", "cannot index the image: %s", fault);
    if (builder->count == 0 || image->raw_size != builder->raw_size)
        return err_set(err, ERR_INTERNAL, "index",
                       "cannot index the image: its chunks do not add up to its size");
    text_init(&body, INDEX_HEADER_MAX - INDEX_PREFIX_SIZE - SUM_SIZE);
    text_init(&records, (size_t)builder->count * RECORD_SIZE);
    result = write_object(builder, image, &body, &records, out, err);
    text_finish(&body);
    text_finish(&records);
    return result;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

/* Walks over bytes. Reading beyond the end gives zeroes and is remembered: checked where it
 * matters, and at the end. */
struct reader {
    struct view left;
    bool failed;
};

static const uint8_t *get_bytes(struct reader *reader, size_t size)
{
    const uint8_t *bytes = reader->left.data;

    if (reader->failed || reader->left.size < size) {
        reader->failed = true;
        return NULL;
    }
    reader->left.data += size;
    reader->left.size -= size;
    return bytes;
}

static uint64_t get_number(struct reader *reader, size_t size)
{
    const uint8_t *bytes = get_bytes(reader, size);
    uint64_t value = 0;

    for (size_t i = 0; bytes && i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static uint16_t get_u16(struct reader *reader)
{
    return (uint16_t)get_number(reader, 2);
}

static uint32_t get_u32(struct reader *reader)
{
    return (uint32_t)get_number(reader, 4);
}

static uint64_t get_u64(struct reader *reader)
{
    return get_number(reader, 8);
}

static void get_string(struct reader *reader, char *out, size_t room)
{
    size_t size = get_u16(reader);
    const uint8_t *bytes = get_bytes(reader, size);

    out[0] = '\0';
    if (!bytes || size >= room || memchr(bytes, '\0', size)) {
        reader->failed = true;
        return;
    }
    memcpy(out, bytes, size);
    out[size] = '\0';
}

static struct xxh128 get_sum(struct reader *reader)
{
    const uint8_t *bytes = get_bytes(reader, SUM_SIZE);
    struct xxh128 sum = {{0}};

    if (bytes)
        memcpy(sum.bytes, bytes, sizeof(sum.bytes));
    return sum;
}

static bool sum_matches(struct view bytes, const struct xxh128 *sum)
{
    struct xxh128 actual = xxh128_of(bytes.data, bytes.size);

    return xxh128_equals(&actual, sum);
}

static int get_prefix(struct reader *reader, struct prefix *prefix, struct err *err)
{
    const uint8_t *bytes = get_bytes(reader, MAGIC_SIZE);
    uint64_t reserved;

    if (!bytes || memcmp(bytes, magic, sizeof(magic)) != 0)
        return broken(err, "it does not begin like one");
    prefix->version = get_u32(reader);
    prefix->header_size = get_u32(reader);
    prefix->object_size = get_u64(reader);
    prefix->archive_size = get_u64(reader);
    prefix->raw_size = get_u64(reader);
    prefix->chunk_count = get_u32(reader);
    prefix->section_count = get_u32(reader);
    prefix->layer_count = get_u32(reader);
    prefix->tag_count = get_u32(reader);
    reserved = get_u64(reader);
    if (reader->failed)
        return broken(err, "it is cut short");
    if (prefix->version != INDEX_VERSION) {
        err_set(err, ERR_UNSUPPORTED, "index_version", "the index has format version %u, not %d",
                prefix->version, INDEX_VERSION);
        return err_hint(err, "a newer s3dock wrote this image: update s3dock on this machine");
    }
    if (prefix->header_size < INDEX_PREFIX_SIZE + SUM_SIZE ||
        prefix->header_size > INDEX_HEADER_MAX)
        return broken(err, "its header has an impossible size");
    if (prefix->chunk_count == 0 || prefix->chunk_count > INDEX_CHUNKS_MAX ||
        prefix->section_count == 0 || prefix->section_count > INDEX_SECTIONS_MAX ||
        prefix->section_count > prefix->chunk_count || prefix->layer_count > IMAGE_LAYERS_MAX ||
        prefix->tag_count > IMAGE_TAGS_MAX)
        return broken(err, "it counts more than there can be");
    if (prefix->object_size != prefix->header_size + (uint64_t)prefix->chunk_count * RECORD_SIZE ||
        reserved != 0)
        return broken(err, "its sizes do not add up");
    return 0;
}

int index_header_size(struct view bytes, uint64_t *size, struct err *err)
{
    struct reader reader = {.left = bytes};
    struct prefix prefix;

    if (get_prefix(&reader, &prefix, err) < 0)
        return ERR_FAIL;
    *size = prefix.header_size;
    return 0;
}

static int get_parameters(struct reader *reader, struct index *index, struct err *err)
{
    uint32_t level;

    index->params.min = get_u32(reader);
    index->params.average = get_u32(reader);
    index->params.max = get_u32(reader);
    index->file_min = get_u32(reader);
    level = get_u32(reader);
    get_string(reader, index->codec, sizeof(index->codec));
    get_string(reader, index->writer, sizeof(index->writer));
    if (reader->failed || !is_printable(index->codec) || !is_printable(index->writer))
        return broken(err, "its parameters cannot be read");
    if (strcmp(index->codec, "gzip") != 0)
        return err_set(err, ERR_UNSUPPORTED, "codec", "the archive is packed with \"%s\"",
                       index->codec);
    if (!chunk_params_valid(&index->params) || level > MEMBER_LEVEL_MAX)
        return broken(err, "its parameters are impossible");
    index->level = (int)level;
    return 0;
}

static int get_tags(struct reader *reader, struct image_info *image, unsigned count,
                    struct err *err)
{
    if (count == 0)
        return 0;
    if (count > reader->left.size / 2)
        return broken(err, "it counts more tags than it holds");
    image->tags = calloc(count, sizeof(*image->tags));
    if (!image->tags)
        return err_memory(err, "the index");
    for (; image->tag_count < count; image->tag_count++)
        get_string(reader, image->tags[image->tag_count], sizeof(image->tags[0]));
    return 0;
}

static int get_layers(struct reader *reader, struct image_info *image, unsigned count,
                      struct err *err)
{
    if (count == 0)
        return 0;
    if (count > reader->left.size / LAYER_MIN)
        return broken(err, "it counts more layers than it holds");
    image->layers = calloc(count, sizeof(*image->layers));
    if (!image->layers)
        return err_memory(err, "the index");
    for (; image->layer_count < count; image->layer_count++) {
        struct image_layer *layer = &image->layers[image->layer_count];

        get_string(reader, layer->diff_id, sizeof(layer->diff_id));
        get_string(reader, layer->digest, sizeof(layer->digest));
        get_string(reader, layer->media_type, sizeof(layer->media_type));
        layer->raw_offset = get_u64(reader);
        layer->raw_size = get_u64(reader);
    }
    return 0;
}

static int get_image(struct reader *reader, struct index *index, const struct prefix *prefix,
                     struct err *err)
{
    struct image_info *image = &index->image;
    const char *fault;

    image->raw_size = prefix->raw_size;
    get_string(reader, image->id, sizeof(image->id));
    get_string(reader, image->manifest_id, sizeof(image->manifest_id));
    get_string(reader, image->os, sizeof(image->os));
    get_string(reader, image->architecture, sizeof(image->architecture));
    get_string(reader, image->variant, sizeof(image->variant));
    get_string(reader, image->created, sizeof(image->created));
    image->config_offset = get_u64(reader);
    image->config_size = get_u64(reader);
    if (get_tags(reader, image, prefix->tag_count, err) < 0 ||
        get_layers(reader, image, prefix->layer_count, err) < 0)
        return ERR_FAIL;
    if (reader->failed)
        return broken(err, "its image cannot be read");
    fault = image_fault(image);
    return fault ? broken(err, fault) : 0;
}

/* One row of the table, after the sections before it. */
static int get_section(struct reader *reader, struct index *index, struct index_section *section,
                       struct err *err)
{
    uint32_t layer = get_u32(reader);

    section->chunk_count = get_u32(reader);
    section->raw_size = get_u64(reader);
    section->packed_size = get_u64(reader);
    section->sum = get_sum(reader);
    section->layer = layer == NO_LAYER ? INDEX_REST : (int)(layer & INT32_MAX);
    if (section->chunk_count == 0 || section->chunk_count > INDEX_CHUNKS_MAX)
        return broken(err, "a section has an impossible number of chunks");
    section->size = section->chunk_count * RECORD_SIZE;
    if (section->layer == INDEX_REST)
        return 0;
    if (layer >= index->image.layer_count ||
        index->image.layers[layer].raw_offset != section->raw_offset ||
        padded(index->image.layers[layer].raw_size) != section->raw_size)
        return broken(err, "a section is not the layer it says it is");
    return 0;
}

static int get_sections(struct reader *reader, struct index *index, const struct prefix *prefix,
                        struct err *err)
{
    uint64_t raw = 0, packed = 0, chunks = 0;

    if (reader->left.size != (size_t)prefix->section_count * SECTION_SIZE)
        return broken(err, "its table of sections has the wrong size");
    index->sections = calloc(prefix->section_count, sizeof(*index->sections));
    if (!index->sections)
        return err_memory(err, "the index");
    for (; index->section_count < prefix->section_count; index->section_count++) {
        struct index_section *section = &index->sections[index->section_count];

        section->raw_offset = raw;
        section->packed_offset = packed;
        section->at = index->header_size + chunks * RECORD_SIZE;
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

/* `header` without its sum. */
static int parse_header(struct view header, struct index *index, struct err *err)
{
    struct reader reader = {.left = header};
    struct prefix prefix;

    if (get_prefix(&reader, &prefix, err) < 0)
        return ERR_FAIL;
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
    bytes.size = (size_t)size - SUM_SIZE;
    memcpy(sum.bytes, bytes.data + bytes.size, SUM_SIZE);
    if (!sum_matches(bytes, &sum))
        return broken(err, "its header does not match its checksum");
    index = calloc(1, sizeof(*index));
    if (!index)
        return err_memory(err, "the index");
    if (parse_header(bytes, index, err) < 0) {
        index_destroy(index);
        return ERR_FAIL;
    }
    *out = index;
    return 0;
}

/* Reads the records into `chunks` and holds them against the section. Sums cannot overflow: 2^23
 * chunks of less than 2^20 bytes. */
static int get_chunks(const struct index *index, const struct index_section *section,
                      struct view records, struct index_chunk *chunks, struct err *err)
{
    struct reader reader = {.left = records};
    uint64_t raw = 0, packed = 0;

    for (uint32_t i = 0; i < section->chunk_count; i++) {
        chunks[i].raw_size = get_u32(&reader);
        chunks[i].packed_size = get_u32(&reader);
        chunks[i].name = get_sum(&reader);
        if (!chunk_valid(&chunks[i], &index->params))
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

    if (number >= index->section_count)
        return err_set(err, ERR_INTERNAL, "index", "the index has no section %u", number);
    section = &index->sections[number];
    if (section->chunks)
        return 0;
    if (records.size != section->size)
        return broken(err, "a section has the wrong size");
    if (!sum_matches(records, &section->sum))
        return broken(err, "a section does not match its checksum");
    chunks = calloc(section->chunk_count, sizeof(*chunks));
    if (!chunks)
        return err_memory(err, "the index");
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
        return broken(err, "it does not have its size");
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
