/*
 * The builder keeps the chunks in stream order, with a mark on each that starts a section.
 *
 * Until a chunk has a place of its own, all chunks follow each other in the own object, and a
 * repack may still move them: their places are computed when the index is written.
 */
#include <stdlib.h>

#include "base/array.h"
#include "base/err.h"
#include "pack/chunk/chunker.h"
#include "pack/index/builder.h"
#include "pack/index/index.h"
#include "pack/index/layout.h"

static bool writer_valid(const struct index_writer *writer)
{
    return writer->version == INDEX_VERSION ||
           (writer->version == 2 && writer->choice.codec == CODEC_GZIP);
}

struct index_builder *index_builder_create(const struct chunk_params *params,
                                           const struct index_writer *writer, struct err *err)
{
    struct index_builder *builder;

    if (!chunk_params_valid(params) || !writer_valid(writer)) {
        index_unbuildable(err, "its parameters are not valid");
        return NULL;
    }
    builder = calloc(1, sizeof(*builder));
    if (!builder) {
        index_no_memory(err);
        return NULL;
    }
    builder->params = *params;
    builder->writer = *writer;
    builder->objects[INDEX_OWN].codec = writer->choice.codec;
    builder->object_count = 1;
    return builder;
}

void index_builder_destroy(struct index_builder *builder)
{
    if (!builder)
        return;
    free(builder->chunks);
    free(builder);
}

int index_builder_object(struct index_builder *builder, uint64_t size, enum codec codec,
                         unsigned *number, struct err *err)
{
    if (builder->writer.version < 3 || builder->object_count == INDEX_BUILDER_OBJECTS_MAX)
        return index_unbuildable(err, "it cannot have a further object");
    if (size < CODEC_PACKED_LEAST(codec) || size > INT64_MAX)
        return index_unbuildable(err, "an object has an impossible size");
    *number = builder->object_count++;
    builder->objects[*number] = (struct index_object){.size = size, .codec = codec};
    return 0;
}

static int make_room(struct index_builder *builder, struct err *err)
{
    if (builder->count == INDEX_CHUNKS_MAX)
        return err_set(err, ERR_UNSUPPORTED, "index", "the image has more than %u chunks",
                       INDEX_CHUNKS_MAX);
    if (!array_reserve(&builder->chunks, &builder->room, builder->count, sizeof(*builder->chunks)))
        return index_no_memory(err);
    return 0;
}

static int check_place(const struct index_builder *builder, const struct index_chunk *chunk,
                       const struct index_place *place, struct err *err)
{
    const struct index_object *object;

    if (builder->writer.version < 3 || place->object >= builder->object_count)
        return index_unbuildable(err, "a chunk lies in no object");
    object = &builder->objects[place->object];
    if (place->offset > object->size || chunk->packed_size > object->size - place->offset)
        return index_unbuildable(err, "a chunk lies outside of its object");
    return 0;
}

int index_builder_add(struct index_builder *builder, const struct index_chunk *chunk,
                      const struct index_place *place, bool starts_section, struct err *err)
{
    struct index_object *own = &builder->objects[INDEX_OWN];
    struct index_place next = {.object = INDEX_OWN, .offset = own->size};

    if (place && check_place(builder, chunk, place, err) < 0)
        return ERR_FAIL;
    if (!index_chunk_valid(chunk, builder->objects[place ? place->object : INDEX_OWN].codec,
                           &builder->params))
        return err_set(err, ERR_INTERNAL, "index", "no such chunk: %u bytes packed into %u",
                       chunk->raw_size, chunk->packed_size);
    if (make_room(builder, err) < 0)
        return ERR_FAIL;
    if (place)
        next = *place;
    else
        own->size += chunk->packed_size;
    builder->placed = builder->placed || place;
    builder->chunks[builder->count++] = (struct built_chunk){
        *chunk, starts_section, .object = (uint16_t)next.object, .offset = next.offset};
    builder->raw_size += chunk->raw_size;
    builder->packed_size += chunk->packed_size;
    return 0;
}

int index_builder_repack(struct index_builder *builder, uint64_t number, uint32_t packed_size,
                         struct err *err)
{
    struct index_chunk chunk;

    if (number >= builder->count || builder->placed)
        return err_set(err, ERR_INTERNAL, "index", "chunk %llu cannot be packed again",
                       (unsigned long long)number);
    chunk = builder->chunks[number].chunk;
    builder->packed_size -= chunk.packed_size;
    chunk.packed_size = packed_size;
    if (!index_chunk_valid(&chunk, builder->writer.choice.codec, &builder->params))
        return err_set(err, ERR_INTERNAL, "index", "no such chunk: %u bytes packed into %u",
                       chunk.raw_size, packed_size);
    builder->packed_size += packed_size;
    builder->objects[INDEX_OWN].size = builder->packed_size;
    builder->chunks[number].chunk = chunk;
    return 0;
}

uint64_t index_builder_packed(const struct index_builder *builder)
{
    return builder->packed_size;
}

uint64_t index_builder_own_size(const struct index_builder *builder)
{
    return builder->objects[INDEX_OWN].size;
}

const struct index_chunk *index_builder_chunk(const struct index_builder *builder, uint64_t number)
{
    return number < builder->count ? &builder->chunks[number].chunk : NULL;
}

struct index_place index_builder_place(const struct index_builder *builder, uint64_t number)
{
    const struct built_chunk *chunk = &builder->chunks[number];

    return (struct index_place){.object = chunk->object, .offset = chunk->offset};
}
