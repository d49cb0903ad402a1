/*
 * archive.h - generated archives with index and metadata in a test's bucket. A letter names each
 * layer, and a layer has three chunks.
 */
#ifndef S3DOCK_TESTS_KIT_ARCHIVE_H
#define S3DOCK_TESTS_KIT_ARCHIVE_H

#include "base/digest_text.h"
#include "base/hash.h"
#include "catalog/metadata.h"
#include "kit/bucket.h"
#include "kit/index_v1.h"
#include "pack/codec/codec.h"
#include "pack/index/index.h"

#define ARCHIVE_CHUNK  (32 * KIB)
#define ARCHIVE_CHUNKS 3 /* per layer */
#define ARCHIVE_LAYERS 8

static inline void archive_chunk(uint8_t out[ARCHIVE_CHUNK], char layer, unsigned number)
{
    uint64_t state = (uint64_t)layer * 16 + number;

    for (size_t i = 0; i < ARCHIVE_CHUNK; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        out[i] = (uint8_t)(state >> 33);
    }
}

static inline void archive_diff_id(char *out, char layer)
{
    snprintf(out, DIGEST_TEXT_SIZE, "sha256:%064x", layer);
}

static inline void archive_add_chunk(char layer, unsigned number, struct packer *packer,
                                     struct index_builder *builder, struct text *archive)
{
    static uint8_t raw[ARCHIVE_CHUNK], packed[2 * ARCHIVE_CHUNK];
    struct index_chunk chunk = {.raw_size = ARCHIVE_CHUNK};
    struct err err;

    archive_chunk(raw, layer, number);
    chunk.name = chunk_name_of(NAME_SHA256, raw, sizeof raw);
    chunk.packed_size = (uint32_t)packer_pack(packer, view_of(raw, sizeof raw), false, packed);
    text_add(archive, (char *)packed, chunk.packed_size);
    assert_int_equal(index_builder_add(builder, &chunk, NULL, number == 0, &err), 0);
}

/* Describes the image of these layers. `layers`: ARCHIVE_LAYERS elements. */
static inline struct image_info archive_image(const char *letters, struct image_layer *layers)
{
    struct image_info image = {.layer_count = (unsigned)strlen(letters), .layers = layers};

    for (unsigned i = 0; i < image.layer_count; i++) {
        archive_diff_id(layers[i].diff_id, letters[i]);
        archive_diff_id(layers[i].digest, letters[i]);
        strcpy(layers[i].media_type, "application/vnd.oci.image.layer.v1.tar");
        layers[i].raw_offset = (uint64_t)i * ARCHIVE_CHUNKS * ARCHIVE_CHUNK;
        layers[i].raw_size = ARCHIVE_CHUNKS * ARCHIVE_CHUNK;
    }
    archive_diff_id(image.id, '0');
    strcpy(image.os, "linux");
    strcpy(image.architecture, "amd64");
    image.config_offset = (uint64_t)image.layer_count * ARCHIVE_CHUNKS * ARCHIVE_CHUNK;
    image.config_size = 1000;
    image.raw_size = image.config_offset + ARCHIVE_CHUNK;
    return image;
}

/* Builds the archive and its index. The caller finishes both. */
static inline void archive_make(const char *letters, struct text *archive, struct text *index)
{
    struct image_layer layers[ARCHIVE_LAYERS] = {0};
    struct image_info image = archive_image(letters, layers);
    struct err err = {.text = ""};
    const struct index_writer writer = {.version = 2, .choice = {CODEC_GZIP, 1}};
    struct packer *packer = packer_create(&writer.choice, &err);
    struct index_builder *builder = index_builder_create(&CHUNK_DEFAULT, &writer, &err);

    text_init(archive, 16 * MIB);
    text_init(index, MIB);
    for (unsigned i = 0; i < image.layer_count; i++)
        for (unsigned k = 0; k < ARCHIVE_CHUNKS; k++)
            archive_add_chunk(letters[i], k, packer, builder, archive);
    archive_add_chunk('0', 0, packer, builder, archive);
    if (index_builder_finish(builder, &image, NULL, index, &err))
        fail_msg("%s", err.text);
    index_builder_destroy(builder);
    packer_destroy(packer);
}

static inline void archive_put(struct bucket *bucket, const char *key, struct view body,
                               char etag[STORE_ETAG_MAX])
{
    struct store_info info;
    struct err err = {.text = ""};

    if (store_put_document(bucket->store, key, body, NULL, false, NULL, &err) != STORE_DONE ||
        store_head(bucket->store, key, &info, &err) != STORE_DONE)
        fail_msg("%s: %s", key, err.text);
    if (etag)
        strcpy(etag, info.etag);
}

/* Writes the metadata. `change` may modify it before. */
static inline void archive_describe(struct bucket *bucket, struct metadata *metadata,
                                    const char *key, void (*change)(struct metadata *))
{
    char sibling[KEY_MAX];
    struct text text;

    if (change)
        change(metadata);
    text_init(&text, MIB);
    metadata_write(metadata, &text);
    assert_true(key_sibling(sibling, key, KEY_METADATA));
    archive_put(bucket, sibling, text_view(&text), NULL);
    text_finish(&text);
}

/* Publishes an archive with an index of this version. */
static inline void archive_publish_as(struct bucket *bucket, const char *ref, const char *letters,
                                      unsigned version, void (*change)(struct metadata *))
{
    char key[KEY_MAX];
    struct digest_text layers[ARCHIVE_LAYERS];
    struct metadata metadata = {.format = METADATA_ARCHIVE_FORMAT, .layers = layers};
    struct image_name name;
    struct text archive, index;
    uint8_t sum[SHA256_SIZE];
    struct err err;

    assert_int_equal(name_parse_image(ref, &name, &err), 0);
    key_image(key, &name, NULL, KEY_ARCHIVE);
    archive_make(letters, &archive, &index);
    if (version == 1) {
        struct text old;

        text_init(&old, MIB);
        index_v1_make(text_view(&index), text_view(&archive), &old);
        text_finish(&index);
        index = old;
    }
    for (; letters[metadata.layer_count]; metadata.layer_count++)
        archive_diff_id(layers[metadata.layer_count].text, letters[metadata.layer_count]);
    metadata.size = archive.size;
    metadata.index_size = index.size;
    sha256_of(text_view(&index), sum);
    hex_encode(sum, sizeof sum, metadata.index_sha256);
    key_sibling(metadata.index_key, key, KEY_INDEX);
    archive_diff_id(metadata.image_id, '0');
    strcpy(metadata.git_hash, name.hash);
    strcpy(metadata.git_time, name.time);
    strcpy(metadata.image_tag, ref);
    strcpy(metadata.app_name, name.app);
    strcpy(metadata.created_at, "2025-07-21T21:18:00Z");
    archive_put(bucket, key, text_view(&archive), metadata.archive_etag);
    archive_put(bucket, metadata.index_key, text_view(&index), NULL);
    archive_describe(bucket, &metadata, key, change);
    text_finish(&archive);
    text_finish(&index);
}

static inline void archive_publish(struct bucket *bucket, const char *ref, const char *letters,
                                   void (*change)(struct metadata *))
{
    archive_publish_as(bucket, ref, letters, 2, change);
}

#endif
