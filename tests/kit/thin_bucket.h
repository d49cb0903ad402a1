/*
 * thin_bucket - writes images of format 3 into a bucket, with the index builder and without a push.
 *
 * An image is a save stream. Its chunks end at the borders of layers and after THIN_CHUNK bytes. A
 * thin image refers to the chunks of all objects that the bucket has.
 */
#ifndef S3DOCK_TESTS_KIT_THIN_BUCKET_H
#define S3DOCK_TESTS_KIT_THIN_BUCKET_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "catalog/keys.h"
#include "catalog/metadata.h"
#include "pack/codec/codec.h"
#include "pack/index/index.h"
#include "pull/verify_stream.h"
#include "store/store.h"
#include "transfer/describe_image.h"

#define THIN_CHUNK   (16 * KIB)
#define THIN_CHUNKS  1024
#define THIN_OBJECTS 80

struct thin_object {
    char key[KEY_MAX], etag[STORE_ETAG_MAX];
    struct text bytes;
    uint64_t size; /* that index and metadata state */
    enum codec codec;
};

struct thin_bucket {
    struct store *store;
    unsigned object_count, chunk_count;
    struct thin_object objects[THIN_OBJECTS];
    struct thin_chunk {
        struct index_chunk chunk;
        struct index_place place; /* object: into objects */
    } chunks[THIN_CHUNKS];
    struct packer *packers[3]; /* by codec */
};

static inline void thin_bucket_open(struct thin_bucket *bucket, struct store *store)
{
    struct err err;

    memset(bucket, 0, sizeof *bucket);
    bucket->store = store;
    for (int codec = CODEC_GZIP; codec <= CODEC_ZSTD; codec++)
        bucket->packers[codec] = packer_create(&(struct codec_choice){(enum codec)codec, 1}, &err);
}

static inline void thin_bucket_close(struct thin_bucket *bucket)
{
    for (unsigned i = 0; i < bucket->object_count; i++)
        text_finish(&bucket->objects[i].bytes);
    for (int codec = CODEC_GZIP; codec <= CODEC_ZSTD; codec++)
        packer_destroy(bucket->packers[codec]);
    store_destroy(bucket->store);
}

static inline void thin_bucket_put(struct thin_bucket *bucket, const char *key, struct view bytes,
                                   char etag[STORE_ETAG_MAX])
{
    struct err err;

    if (store_put_document(bucket->store, key, bytes, NULL, false, etag, &err) != STORE_DONE)
        fail_msg("%s: %s", key, err.text);
}

/* Begins an object, which gets chunks. */
static inline struct thin_object *thin_bucket_begin(struct thin_bucket *bucket, const char *stem,
                                                    enum codec codec, const char *ending)
{
    struct thin_object *object = &bucket->objects[bucket->object_count];

    assert_true(bucket->object_count < THIN_OBJECTS);
    object->codec = codec;
    text_init(&object->bytes, 16 * MIB);
    snprintf(object->key, sizeof object->key, "%s-%016x%s", stem, bucket->object_count + 1, ending);
    return object;
}

/* Writes the object into the bucket. */
static inline void thin_bucket_end(struct thin_bucket *bucket)
{
    struct thin_object *object = &bucket->objects[bucket->object_count++];

    object->size = object->bytes.size;
    thin_bucket_put(bucket, object->key, text_view(&object->bytes), object->etag);
}

/* Packs a chunk into the object that was begun. */
static inline const struct thin_chunk *thin_bucket_pack(struct thin_bucket *bucket, struct view raw)
{
    struct thin_object *object = &bucket->objects[bucket->object_count];
    struct thin_chunk *chunk = &bucket->chunks[bucket->chunk_count++];
    uint8_t *packed = malloc(codec_bound(raw.size));

    assert_true(bucket->chunk_count < THIN_CHUNKS);
    chunk->chunk.raw_size = (uint32_t)raw.size;
    chunk->chunk.name = chunk_name_of(NAME_SHA256, raw.data, raw.size);
    chunk->chunk.packed_size =
        (uint32_t)packer_pack(bucket->packers[object->codec], raw, false, packed);
    chunk->place = (struct index_place){bucket->object_count, object->bytes.size};
    text_add(&object->bytes, packed, chunk->chunk.packed_size);
    free(packed);
    return chunk;
}

static inline const struct thin_chunk *thin_bucket_find(const struct thin_bucket *bucket,
                                                        struct view raw)
{
    struct chunk_name name = chunk_name_of(NAME_SHA256, raw.data, raw.size);

    for (unsigned i = 0; i < bucket->chunk_count; i++)
        if (chunk_name_equals(&name, &bucket->chunks[i].chunk.name))
            return &bucket->chunks[i];
    return NULL;
}

/* An image that is being written. */
struct thin_image {
    struct thin_bucket *bucket;
    bool thin;
    struct index_builder *builder;
    unsigned numbers[THIN_OBJECTS]; /* the builder's numbers of the bucket's objects; 0: none */
    unsigned objects[INDEX_BUILDER_OBJECTS_MAX]; /* the bucket's objects by the builder's numbers */
};

static inline unsigned thin_image_object(struct thin_image *image, unsigned object)
{
    const struct thin_object *of = &image->bucket->objects[object];
    struct err err;

    if (object == image->bucket->object_count)
        return INDEX_OWN;
    if (!image->numbers[object]) {
        if (index_builder_object(image->builder, of->size, of->codec, &image->numbers[object],
                                 &err))
            fail_msg("%s", err.text);
        image->objects[image->numbers[object]] = object;
    }
    return image->numbers[object];
}

static inline void thin_image_chunk(struct thin_image *image, struct view raw, bool starts_section)
{
    const struct thin_chunk *known = image->thin ? thin_bucket_find(image->bucket, raw) : NULL;
    const struct thin_chunk *chunk = known ? known : thin_bucket_pack(image->bucket, raw);
    struct index_place place = chunk->place;
    struct err err;

    place.object = thin_image_object(image, place.object);
    if (index_builder_add(image->builder, &chunk->chunk, known ? &place : NULL, starts_section,
                          &err))
        fail_msg("%s", err.text);
}

static inline void thin_image_cut(struct thin_image *image, struct view stream,
                                  const struct image_info *info)
{
    for (size_t at = 0, end; at < stream.size; at = end) {
        bool starts = at == 0;

        end = at / THIN_CHUNK * THIN_CHUNK + THIN_CHUNK;
        end = stream.size < end ? stream.size : end;
        for (unsigned i = 0; i < info->layer_count; i++) {
            size_t begin = info->layers[i].raw_offset,
                   behind = begin + (info->layers[i].raw_size + 511) / 512 * 512;

            starts |= at == begin || at == behind;
            if (at >= begin && at < behind) {
                end = begin + (at - begin) / THIN_CHUNK * THIN_CHUNK + THIN_CHUNK;
                end = end < behind ? end : behind;
            } else if (at < begin && end > begin) {
                end = begin;
            }
        }
        thin_image_chunk(image, view_of(stream.data + at, end - at), starts);
    }
}

/* Writes the metadata. `order`: of the index. */
static inline void thin_image_document(struct thin_image *image, const char *ref, const char *stem,
                                       const struct image_info *info,
                                       const struct index_order *order, struct view index,
                                       const char *index_key)
{
    struct metadata_object *objects = calloc(order->count, sizeof *objects);
    struct metadata metadata = {.format = 3, .object_count = order->count, .objects = objects};
    _cleanup_text_ struct text json = {0};
    uint8_t sum[SHA256_SIZE];
    char key[KEY_MAX];
    struct err err;

    if (describe_image(info, &metadata, &err))
        fail_msg("%s", err.text);
    metadata.format = 3;
    metadata.thin = image->thin;
    metadata.size = index_builder_packed(image->builder);
    metadata.raw_size = info->raw_size;
    metadata.index_size = index.size;
    sha256_of(index, sum);
    hex_encode(sum, sizeof sum, metadata.index_sha256);
    snprintf(metadata.index_key, sizeof metadata.index_key, "%s", index_key);
    snprintf(metadata.image_tag, sizeof metadata.image_tag, "%s", ref);
    snprintf(metadata.app_name, sizeof metadata.app_name, "%.*s", (int)strcspn(ref, ":"), ref);
    snprintf(metadata.created_at, sizeof metadata.created_at, "2025-11-02T09:00:10Z");
    for (unsigned i = 0; i < order->count; i++) {
        unsigned number = order->objects[i];
        const struct thin_object *object =
            &image->bucket->objects[number == INDEX_OWN ? image->bucket->object_count - 1
                                                        : image->objects[number]];

        snprintf(objects[i].key, sizeof objects[i].key, "%s", object->key);
        snprintf(objects[i].etag, sizeof objects[i].etag, "%s", object->etag);
        objects[i].size = objects[i].used = object->size;
        objects[i].codec = (int)object->codec;
    }
    text_init(&json, MIB);
    metadata_write(&metadata, &json);
    snprintf(key, sizeof key, "%s.json", stem);
    thin_bucket_put(image->bucket, key, text_view(&json), NULL);
    metadata_finish(&metadata);
}

/* Writes an image. A whole one is one archive with all chunks of the stream. */
static inline void thin_bucket_publish(struct thin_bucket *bucket, const char *ref,
                                       struct view stream, enum codec codec, bool thin)
{
    struct thin_image image = {.bucket = bucket, .thin = thin};
    struct verify_stream *verify = verify_stream_create();
    struct index_writer writer = {.version = 3, .choice = {codec, 1}};
    /* A seed scan with these parameters cuts where thin_image_cut does. */
    struct chunk_params params = {THIN_CHUNK, THIN_CHUNK, THIN_CHUNK, THIN_CHUNK};
    _cleanup_text_ struct text index = {0};
    const struct image_info *info;
    struct index_order order;
    char stem[256], key[KEY_MAX];
    struct image_name name;
    struct view config;
    struct err err;

    if (name_parse_image(ref, &name, &err) || verify_stream_feed(verify, stream, &err) ||
        verify_stream_finish(verify, &info, &config, &err) ||
        !(image.builder = index_builder_create(&params, &writer, &err)))
        fail_msg("%s", err.text);
    key_image(key, &name, NULL, KEY_ARCHIVE);
    snprintf(stem, sizeof stem, "%.*s", (int)(strlen(key) - strlen(".tar.gz")), key);
    thin_bucket_begin(bucket, stem, codec,
                      thin                  ? ".data"
                      : codec == CODEC_GZIP ? ".tgz"
                                            : ".tar.zst");
    thin_image_cut(&image, stream, info);
    snprintf(key, sizeof key, "%s-%016x.index", stem, bucket->object_count + 1);
    thin_bucket_end(bucket);
    text_init(&index, 4 * MIB);
    if (index_builder_finish(image.builder, info, &order, &index, &err))
        fail_msg("%s", err.text);
    thin_bucket_put(bucket, key, text_view(&index), NULL);
    thin_image_document(&image, ref, stem, info, &order, text_view(&index), key);
    index_builder_destroy(image.builder);
    verify_stream_destroy(verify);
}

#endif
