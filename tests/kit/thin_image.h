/*
 * thin_image.h - a thin image in a test's bucket: chunks that an archive of archive.h holds are
 * referred to, the others are in data of its own.
 */
#ifndef S3DOCK_TESTS_KIT_THIN_IMAGE_H
#define S3DOCK_TESTS_KIT_THIN_IMAGE_H

#include "kit/archive.h"
#include "pack/index/chunk_lookup.h"

/* The image that is being written. Builder's object 1 is the archive. */
struct thin_image {
    struct packer *packer;
    struct index_builder *builder;
    struct chunk_lookup *known;
    uint32_t cursor;
    struct text data, index;
};

static inline void thin_image_add(struct thin_image *thin, char layer, unsigned number)
{
    static uint8_t raw[ARCHIVE_CHUNK], packed[2 * ARCHIVE_CHUNK];
    struct index_chunk chunk = {.raw_size = ARCHIVE_CHUNK};
    struct index_place place = {.object = 1};
    struct held_chunk held;
    struct err err;

    archive_chunk(raw, layer, number);
    chunk.name = chunk_name_of(NAME_SHA256, raw, sizeof raw);
    if (chunk_lookup_find(thin->known, &chunk.name, chunk.raw_size, &thin->cursor, &held)) {
        chunk.packed_size = held.size;
        place.offset = held.offset;
    } else {
        chunk.packed_size =
            (uint32_t)packer_pack(thin->packer, view_of(raw, sizeof raw), false, packed);
        text_add(&thin->data, (char *)packed, chunk.packed_size);
    }
    assert_int_equal(
        index_builder_add(thin->builder, &chunk, held.size ? &place : NULL, number == 0, &err), 0);
}

/* Writes data and index of the image into `thin`. */
static inline void thin_image_make(struct thin_image *thin, const char *letters,
                                   const char *base_letters, struct index_order *order)
{
    static const struct index_writer writer = {.version = 3, .choice = {CODEC_ZSTD, 1}};
    struct image_layer layers[ARCHIVE_LAYERS] = {0};
    struct image_info image = archive_image(letters, layers);
    struct held_index held = {.objects = {1}};
    struct text archive, index;
    struct err err = {.text = ""};
    unsigned number;

    archive_make(base_letters, &archive, &index);
    assert_int_equal(index_parse(text_view(&index), &held.index, &err), 0);
    text_init(&thin->data, 16 * MIB);
    text_init(&thin->index, MIB);
    thin->packer = packer_create(&writer.choice, &err);
    thin->builder = index_builder_create(&CHUNK_DEFAULT, &writer, &err);
    thin->known = chunk_lookup_create(&err);
    assert_int_equal(chunk_lookup_add(thin->known, &held, &err), 0);
    assert_int_equal(index_builder_object(thin->builder, archive.size, CODEC_GZIP, &number, &err),
                     0);
    for (unsigned i = 0; letters[i]; i++)
        for (unsigned k = 0; k < ARCHIVE_CHUNKS; k++)
            thin_image_add(thin, letters[i], k);
    thin_image_add(thin, '0', 0);
    if (index_builder_finish(thin->builder, &image, order, &thin->index, &err))
        fail_msg("%s", err.text);
    index_destroy(held.index);
    chunk_lookup_destroy(thin->known);
    index_builder_destroy(thin->builder);
    packer_destroy(thin->packer);
    text_finish(&archive);
    text_finish(&index);
}

/* Publishes a thin image that refers to the archive of `base`, which has the layers
 * `base_letters`. */
static inline void thin_image_publish(struct bucket *bucket, const char *ref, const char *letters,
                                      const char *base, const char *base_letters,
                                      void (*change)(struct metadata *))
{
    struct digest_text layers[ARCHIVE_LAYERS];
    struct metadata_object objects[2] = {{.codec = METADATA_ZSTD}, {.codec = METADATA_GZIP}};
    struct metadata_object ordered[2] = {0};
    struct metadata metadata = {.format = 3, .thin = true, .layers = layers, .objects = ordered};
    char key[KEY_MAX], unique[KEY_UNIQUE_SIZE];
    struct image_name name, base_name;
    struct store_info info;
    struct index_order order;
    struct thin_image thin = {0};
    uint8_t sum[SHA256_SIZE];
    struct err err;

    assert_int_equal(name_parse_image(ref, &name, &err), 0);
    assert_int_equal(name_parse_image(base, &base_name, &err), 0);
    thin_image_make(&thin, letters, base_letters, &order);
    snprintf(unique, sizeof unique, "000000000%.7s", name.hash);
    key_data(objects[0].key, &name, NULL, unique, DATA_THIN);
    archive_put(bucket, objects[0].key, text_view(&thin.data), objects[0].etag);
    objects[0].size = objects[0].used = thin.data.size;
    key_image(objects[1].key, &base_name, NULL, KEY_ARCHIVE);
    assert_int_equal(store_head(bucket->store, objects[1].key, &info, &err), STORE_DONE);
    strcpy(objects[1].etag, info.etag);
    objects[1].size = objects[1].used = info.size;
    metadata.object_count = order.count;
    for (unsigned i = 0; i < order.count; i++)
        ordered[i] = objects[order.objects[i]];
    for (; letters[metadata.layer_count]; metadata.layer_count++)
        archive_diff_id(layers[metadata.layer_count].text, letters[metadata.layer_count]);
    key_data(metadata.index_key, &name, NULL, unique, DATA_INDEX);
    metadata.index_size = thin.index.size;
    sha256_of(text_view(&thin.index), sum);
    hex_encode(sum, sizeof sum, metadata.index_sha256);
    metadata.size = thin.data.size + info.size;
    metadata.raw_size = 1000;
    archive_diff_id(metadata.image_id, '0');
    strcpy(metadata.platform, "linux/amd64");
    strcpy(metadata.git_hash, name.hash);
    strcpy(metadata.git_time, name.time);
    strcpy(metadata.image_tag, ref);
    strcpy(metadata.app_name, name.app);
    strcpy(metadata.created_at, "2025-07-21T21:18:00Z");
    archive_put(bucket, metadata.index_key, text_view(&thin.index), NULL);
    key_image(key, &name, NULL, KEY_ARCHIVE);
    archive_describe(bucket, &metadata, key, change);
    text_finish(&thin.data);
    text_finish(&thin.index);
}

#endif
