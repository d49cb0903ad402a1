/*
 * The writer of an index. Once the image is known, it assigns the runs between marks to layers, and
 * joins the places of neighbouring chunks to extents.
 */
#include <string.h>

#include "base/err.h"
#include "base/le.h"
#include "pack/index/builder.h"
#include "pack/index/index.h"
#include "pack/index/layout.h"

/* ---- what is written ---- */

/* Computes the places that a repack may have moved. */
static void compute_places(struct index_builder *builder)
{
    uint64_t offset = 0;

    for (uint32_t i = 0; !builder->placed && i < builder->count; i++) {
        builder->chunks[i].offset = offset;
        offset += builder->chunks[i].chunk.packed_size;
    }
}

static unsigned number_in(const struct index_order *order, unsigned object)
{
    unsigned i = 0;

    while (i < order->count && order->objects[i] != object)
        i++;
    return i;
}

/* Lists the objects that are used. */
static int order_objects(const struct index_builder *builder, struct index_order *order,
                         struct err *err)
{
    order->count = 0;
    for (uint32_t i = 0; i < builder->count; i++) {
        unsigned object = builder->chunks[i].object;

        if (order->count && order->objects[order->count - 1] == object)
            continue;
        if (number_in(order, object) < order->count)
            continue;
        if (order->count == INDEX_OBJECTS_MAX)
            return index_unbuildable(err, "its chunks are in too many objects");
        order->objects[order->count++] = object;
    }
    return 0;
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

static void put_parameters(struct text *to, const struct index_builder *builder)
{
    const struct codec_choice *choice = &builder->writer.choice;
    const struct index *like = builder->writer.like;
    char writer[CODEC_WRITER_SIZE];

    codec_writer(choice, writer);
    le_add(to, builder->params.min, 4);
    le_add(to, builder->params.average, 4);
    le_add(to, builder->params.max, 4);
    le_add(to, builder->params.file_min, 4);
    le_add(to, (uint32_t)codec_level(choice), 4);
    le_add_string(to, codec_name(choice->codec));
    le_add_string(to, like ? like->writer : writer);
}

static void put_objects(struct text *to, const struct index_builder *builder,
                        const struct index_order *order)
{
    for (unsigned i = 0; i < order->count; i++) {
        const struct index_object *object = &builder->objects[order->objects[i]];

        le_add(to, object->size, 8);
        le_add(to, object->codec, 1);
        le_add(to, 0, 7); /* reserved */
    }
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

/* ---- blocks ---- */

/* Returns the number of chunks from `first` on that lie one behind the other, at most `count`. */
static uint32_t extent_at(const struct index_builder *builder, uint32_t first, uint32_t count)
{
    uint32_t length = 1;

    for (; length < count; length++) {
        const struct built_chunk *last = &builder->chunks[first + length - 1];
        const struct built_chunk *next = &builder->chunks[first + length];

        if (next->object != last->object || next->offset != last->offset + last->chunk.packed_size)
            break;
    }
    return length;
}

/* Writes the extents of a section. Returns their number. */
static uint32_t put_extents(struct text *to, const struct index_builder *builder,
                            const struct index_order *order, uint32_t first, uint32_t count)
{
    uint32_t extents = 0, length;

    for (; count > 0; first += length, count -= length, extents++) {
        const struct built_chunk *chunk = &builder->chunks[first];

        length = extent_at(builder, first, count);
        le_add(to, length, 4);
        le_add(to, number_in(order, chunk->object), 2);
        le_add(to, 0, 2); /* reserved */
        le_add(to, chunk->offset, 8);
    }
    return extents;
}

/* Writes the block of each section, and completes the sections. */
static int put_blocks(struct text *to, const struct index_builder *builder,
                      const struct index_order *order, struct index_section *sections,
                      unsigned section_count, struct err *err)
{
    uint32_t first = 0;

    for (unsigned i = 0; i < section_count; i++) {
        struct index_section *section = &sections[i];
        size_t begin = to->size;

        if (builder->writer.version >= 3)
            section->extent_count = put_extents(to, builder, order, first, section->chunk_count);
        for (uint32_t k = 0; k < section->chunk_count; k++)
            put_chunk(to, &builder->chunks[first + k].chunk);
        if (text_check(to, "the index", err) < 0)
            return ERR_FAIL;
        section->sum = xxh128_of(to->data + begin, to->size - begin);
        first += section->chunk_count;
    }
    return 0;
}

static void put_sections(struct text *to, const struct index_builder *builder,
                         const struct index_section *sections, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct index_section *section = &sections[i];

        le_add(to, section->layer == INDEX_REST ? INDEX_NO_LAYER : (uint32_t)section->layer, 4);
        le_add(to, section->chunk_count, 4);
        if (builder->writer.version >= 3) {
            le_add(to, section->extent_count, 4);
            le_add(to, 0, 4); /* reserved */
        }
        le_add(to, section->raw_size, 8);
        le_add(to, section->packed_size, 8);
        text_add(to, section->sum.bytes, sizeof(section->sum.bytes));
    }
}

/* ---- the header ---- */

static void put_prefix(struct text *to, const struct index_prefix *prefix)
{
    text_add(to, INDEX_MAGIC, sizeof(INDEX_MAGIC));
    le_add(to, prefix->version, 4);
    le_add(to, prefix->header_size, 4);
    le_add(to, prefix->index_size, 8);
    le_add(to, prefix->archive_size, 8);
    le_add(to, prefix->raw_size, 8);
    le_add(to, prefix->chunk_count, 4);
    le_add(to, prefix->section_count, 4);
    le_add(to, prefix->layer_count, 4);
    le_add(to, prefix->tag_count, 4);
    le_add(to, prefix->extent_count, 4);
    le_add(to, prefix->object_count, 2);
    le_add(to, prefix->flags, 2);
}

/* Returns true if the only object contains the chunks in the order of the stream, and nothing
 * else. */
static bool is_whole(const struct index_builder *builder, const struct index_order *order)
{
    uint64_t end = 0;

    for (uint32_t i = 0; i < builder->count; i++) {
        if (builder->chunks[i].offset != end)
            return false;
        end += builder->chunks[i].chunk.packed_size;
    }
    return order->count == 1 && builder->objects[order->objects[0]].size == end;
}

/* Fills the fields that only version 3 has. */
static void describe_objects(const struct index_builder *builder, const struct index_order *order,
                             const struct index_section *sections, struct index_prefix *prefix)
{
    prefix->object_count = (uint16_t)order->count;
    for (unsigned i = 0; i < prefix->section_count; i++)
        prefix->extent_count += sections[i].extent_count;
    if (is_whole(builder, order))
        prefix->flags = INDEX_FLAG_WHOLE;
}

static int write_index(const struct index_builder *builder, const struct image_info *image,
                       const struct index_order *order, struct text *body, struct text *blocks,
                       struct text *out, struct err *err)
{
    struct index_section sections[2 * IMAGE_LAYERS_MAX + 1];
    unsigned section_count = plan_sections(builder, image, sections);
    size_t begin = out->size;
    struct index_prefix prefix = {
        .version = builder->writer.version,
        .archive_size = builder->packed_size,
        .raw_size = builder->raw_size,
        .chunk_count = builder->count,
        .section_count = section_count,
        .layer_count = image->layer_count,
        .tag_count = image->tag_count,
    };

    if (put_blocks(blocks, builder, order, sections, section_count, err) < 0)
        return ERR_FAIL;
    put_parameters(body, builder);
    put_image(body, image);
    if (prefix.version >= 3) {
        put_objects(body, builder, order);
        describe_objects(builder, order, sections, &prefix);
    }
    put_sections(body, builder, sections, section_count);
    if (text_check(body, "the index header", err) < 0)
        return ERR_FAIL;
    prefix.header_size = (uint32_t)(INDEX_PREFIX_SIZE + body->size + INDEX_SUM_SIZE);
    prefix.index_size = prefix.header_size + blocks->size;
    put_prefix(out, &prefix);
    text_add(out, body->data, body->size);
    if (text_check(out, "the index", err) < 0)
        return ERR_FAIL;
    put_sum(out, view_of(out->data + begin, out->size - begin));
    text_add(out, blocks->data, blocks->size);
    return text_check(out, "the index", err);
}

int index_builder_finish(struct index_builder *builder, const struct image_info *image,
                         struct index_order *order, struct text *out, struct err *err)
{
    const char *fault = index_image_fault(image);
    struct index_order used;
    struct text body, blocks;
    int result;

    if (fault)
        return index_unbuildable(err, fault);
    if (builder->count == 0 || image->raw_size != builder->raw_size)
        return index_unbuildable(err, "its chunks do not add up to its size");
    compute_places(builder);
    if (order_objects(builder, &used, err) < 0)
        return ERR_FAIL;
    text_init(&body, INDEX_HEADER_MAX - INDEX_PREFIX_SIZE - INDEX_SUM_SIZE);
    text_init(&blocks, (size_t)builder->count * (INDEX_EXTENT_SIZE + INDEX_RECORD_SIZE));
    result = write_index(builder, image, &used, &body, &blocks, out, err);
    text_finish(&body);
    text_finish(&blocks);
    if (order)
        *order = used;
    return result;
}
