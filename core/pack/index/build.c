/*
 * The writer of an index. The builder keeps the chunks in stream order, with a mark on each that
 * starts a section. At the end, when the image is known, it assigns the runs between marks to
 * layers.
 */
#include "pack/index/index.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "base/le.h"
#include "pack/chunk/cut.h"
#include "pack/codec/gzip_member.h"
#include "pack/index/layout.h"

struct built_chunk {
    struct index_chunk chunk;
    bool starts_section;
};

struct index_builder {
    struct chunk_params params;
    int level;
    uint64_t raw_size, packed_size;
    struct built_chunk *chunks;
    uint32_t count; /* at most INDEX_CHUNKS_MAX */
    size_t room;
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
    if (builder->count == INDEX_CHUNKS_MAX)
        return err_set(err, ERR_UNSUPPORTED, "index", "the image has more than %u chunks",
                       INDEX_CHUNKS_MAX);
    if (!array_reserve(&builder->chunks, &builder->room, builder->count, sizeof(*builder->chunks)))
        return err_memory(err, "the index");
    return 0;
}

int index_builder_add(struct index_builder *builder, const struct index_chunk *chunk,
                      bool starts_section, struct err *err)
{
    if (!index_chunk_valid(chunk, &builder->params))
        return err_set(err, ERR_INTERNAL, "index", "no such chunk: %u bytes packed into %u",
                       chunk->raw_size, chunk->packed_size);
    if (make_room(builder, err) < 0)
        return ERR_FAIL;
    builder->chunks[builder->count++] = (struct built_chunk){*chunk, starts_section};
    builder->raw_size += chunk->raw_size;
    builder->packed_size += chunk->packed_size;
    return 0;
}

int index_builder_repack(struct index_builder *builder, uint64_t number, uint32_t packed_size,
                         struct err *err)
{
    struct index_chunk chunk;

    if (number >= builder->count)
        return err_set(err, ERR_INTERNAL, "index", "no chunk has the number %llu",
                       (unsigned long long)number);
    chunk = builder->chunks[number].chunk;
    builder->packed_size -= chunk.packed_size;
    chunk.packed_size = packed_size;
    if (!index_chunk_valid(&chunk, &builder->params))
        return err_set(err, ERR_INTERNAL, "index", "no such chunk: %u bytes packed into %u",
                       chunk.raw_size, packed_size);
    builder->packed_size += packed_size;
    builder->chunks[number].chunk = chunk;
    return 0;
}

uint64_t index_builder_packed(const struct index_builder *builder)
{
    return builder->packed_size;
}

const struct index_chunk *index_builder_chunk(const struct index_builder *builder, uint64_t number)
{
    return number < builder->count ? &builder->chunks[number].chunk : NULL;
}

static void put_sum(struct text *to, struct view bytes)
{
    struct xxh128 sum = xxh128_of(bytes.data, bytes.size);

    text_add(to, sum.bytes, sizeof(sum.bytes));
}

static void put_chunk(struct text *to, const struct index_chunk *chunk)
{
    le_add(to, chunk->raw_size, 4);
    le_add(to, chunk->packed_size, 4);
    text_add(to, chunk->name.bytes, sizeof(chunk->name.bytes));
}

static void put_image(struct text *to, const struct image_info *image)
{
    le_add_string(to, image->id);
    le_add_string(to, image->manifest_id);
    le_add_string(to, image->os);
    le_add_string(to, image->architecture);
    le_add_string(to, image->variant);
    le_add_string(to, image->created);
    le_add(to, image->config_offset, 8);
    le_add(to, image->config_size, 8);
    for (unsigned i = 0; i < image->tag_count; i++)
        le_add_string(to, image->tags[i]);
    for (unsigned i = 0; i < image->layer_count; i++) {
        const struct image_layer *layer = &image->layers[i];

        le_add_string(to, layer->diff_id);
        le_add_string(to, layer->digest);
        le_add_string(to, layer->media_type);
        le_add(to, layer->raw_offset, 8);
        le_add(to, layer->raw_size, 8);
    }
}

void index_writer(int level, char out[INDEX_WRITER_SIZE])
{
    snprintf(out, INDEX_WRITER_SIZE, "%s libdeflate %s level %d", GZIP_MEMBER_RECIPE,
             LIBDEFLATE_VERSION_STRING, level);
}

static void put_parameters(struct text *to, const struct index_builder *builder)
{
    char writer[INDEX_WRITER_SIZE];

    index_writer(builder->level, writer);
    le_add(to, builder->params.min, 4);
    le_add(to, builder->params.average, 4);
    le_add(to, builder->params.max, 4);
    le_add(to, CUT_FILE_MIN, 4);
    le_add(to, (uint32_t)builder->level, 4);
    le_add_string(to, "gzip");
    le_add_string(to, writer);
}

/* Returns the first layer whose padded payload is exactly this range. */
static int find_layer(const struct image_info *image, uint64_t raw_offset, uint64_t raw_size)
{
    for (unsigned i = 0; i < image->layer_count; i++) {
        const struct image_layer *layer = &image->layers[i];

        if (layer->raw_offset == raw_offset && index_padded(layer->raw_size) == raw_size)
            return (int)i;
    }
    return INDEX_REST;
}

/* Returns the run of chunks from `first` to the next chunk that starts a section. */
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

/* At most two sections a layer, because a rest can precede each layer, and the last rest. */
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
        size_t size = (size_t)section->chunk_count * INDEX_RECORD_SIZE;

        le_add(to, section->layer == INDEX_REST ? INDEX_NO_LAYER : (uint32_t)section->layer, 4);
        le_add(to, section->chunk_count, 4);
        le_add(to, section->raw_size, 8);
        le_add(to, section->packed_size, 8);
        put_sum(to, view_of(records.data, size));
        records.data += size;
    }
}

static void put_prefix(struct text *to, const struct index_prefix *prefix)
{
    text_add(to, INDEX_MAGIC, sizeof(INDEX_MAGIC));
    le_add(to, prefix->version, 4);
    le_add(to, prefix->header_size, 4);
    le_add(to, prefix->object_size, 8);
    le_add(to, prefix->archive_size, 8);
    le_add(to, prefix->raw_size, 8);
    le_add(to, prefix->chunk_count, 4);
    le_add(to, prefix->section_count, 4);
    le_add(to, prefix->layer_count, 4);
    le_add(to, prefix->tag_count, 4);
    le_add(to, 0, 8); /* reserved */
}

static int write_object(const struct index_builder *builder, const struct image_info *image,
                        struct text *body, struct text *records, struct text *out, struct err *err)
{
    struct index_section sections[2 * IMAGE_LAYERS_MAX + 1];
    unsigned section_count = plan_sections(builder, image, sections);
    size_t begin = out->size;
    struct index_prefix prefix = {
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
    prefix.header_size = (uint32_t)(INDEX_PREFIX_SIZE + body->size + INDEX_SUM_SIZE);
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
    const char *fault = index_image_fault(image);
    struct text body, records;
    int result;

    if (fault)
        return err_set(err, ERR_INTERNAL, "index", "cannot index the image: %s", fault);
    if (builder->count == 0 || image->raw_size != builder->raw_size)
        return err_set(err, ERR_INTERNAL, "index",
                       "cannot index the image: its chunks do not add up to its size");
    text_init(&body, INDEX_HEADER_MAX - INDEX_PREFIX_SIZE - INDEX_SUM_SIZE);
    text_init(&records, (size_t)builder->count * INDEX_RECORD_SIZE);
    result = write_object(builder, image, &body, &records, out, err);
    text_finish(&body);
    text_finish(&records);
    return result;
}
