#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/hash.h"
#include "kit/tarball.h"
#include "pack/image/bundle.h"
#include "pack/image/image.h"
#include "pack/tar/tar.h"

#define LAYERS 4
#define REF    "shop:20250721-2118-f7a5a27"
#define PLAIN  "application/vnd.oci.image.layer.v1.tar"

static const struct {
    size_t size;
    uint64_t offset;
    unsigned seed;
} shapes[LAYERS] = {
    {5000, 90112, 1}, {512, 1024, 2}, {70000, 2048, 3}, {512, 1024, 2}, /* the second one again */
};

static uint8_t payload[LAYERS][70000];
static struct image_layer layers[LAYERS];
static struct image_info image;
static char config[2048];
static bool none[LAYERS];

static void spell(struct view bytes, char out[DIGEST_TEXT_SIZE])
{
    uint8_t sum[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];

    sha256_of(bytes, sum);
    hex_encode(sum, sizeof sum, hex);
    snprintf(out, DIGEST_TEXT_SIZE, "sha256:%s", hex);
}

static int set_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LAYERS; i++) {
        noise(payload[i], shapes[i].size, shapes[i].seed);
        layers[i] = (struct image_layer){
            .media_type = PLAIN, .raw_offset = shapes[i].offset, .raw_size = shapes[i].size};
        spell(view_of(payload[i], shapes[i].size), layers[i].diff_id);
        memcpy(layers[i].digest, layers[i].diff_id, sizeof layers[i].digest);
    }
    snprintf(config, sizeof config,
             "{\"os\":\"linux\",\"architecture\":\"arm64\",\"rootfs\":{\"diff_ids\":[\"%s\",\"%s\","
             "\"%s\",\"%s\"]}}",
             layers[0].diff_id, layers[1].diff_id, layers[2].diff_id, layers[3].diff_id);
    image = (struct image_info){
        .layer_count = LAYERS, .layers = layers, .config_size = strlen(config), .raw_size = 200000};
    spell(view_str(config), image.id);
    return 0;
}

static struct bundle *make(const bool *leave_out, struct err *err)
{
    return bundle_create(&(struct bundle_options){.image = &image,
                                                  .config = view_str(config),
                                                  .reference = REF,
                                                  .leave_out = leave_out,
                                                  .mtime = 1753132680},
                         err);
}

/* Returns the whole tar, with its layers. */
static void render(const struct bundle *bundle, struct tarball *out)
{
    static const uint8_t zeros[BUNDLE_TRAILER];

    tarball_init(out);
    for (unsigned i = 0; i < bundle->count; i++) {
        const struct bundle_part *part = &bundle->parts[i];

        if (part->layer == BUNDLE_NO_LAYER)
            tarball_raw(out, part->bytes.data, part->bytes.size);
        else
            tarball_payload(out, payload[part->layer], part->raw_size);
    }
    tarball_raw(out, zeros, sizeof zeros);
}

/* Reads the bundle with the reader of save streams. */
static int read_back(struct tarball *tar, struct image *reader, const struct image_info **info,
                     struct err *err)
{
    struct tar *scanner = tar_create();
    size_t at = 0;
    int answer = 0;

    while (answer == 0 && at < tar->size) {
        struct tar_step step;

        answer = tar_scan(scanner, tar->data + at, tar->size - at, &step, err);
        if (answer == 0)
            answer = image_feed(reader, &step, tar_entry(scanner), tar->data + at, err);
        at += step.used;
    }
    tar_destroy(scanner);
    return answer ? answer : image_finish(reader, info, err);
}

/* A complete bundle is a save archive like those of Docker 25, with the stated manifest id. */
static void a_whole_bundle_is_the_image(void **state)
{
    struct image *reader = image_create();
    const struct image_info *info;
    struct bundle *bundle;
    struct tarball tar;
    char id[DIGEST_TEXT_SIZE];
    struct err err = {0};

    (void)state;
    bundle = make(none, &err);
    assert_non_null(bundle);
    render(bundle, &tar);
    assert_int_equal(tar.size, bundle->size);
    if (read_back(&tar, reader, &info, &err))
        fail_msg("%s", err.text);
    assert_string_equal(info->id, image.id);
    assert_string_equal(info->manifest_id, bundle->manifest_id);
    assert_int_equal(bundle_manifest_id(&image, id, &err), 0);
    assert_string_equal(id, bundle->manifest_id);
    assert_int_equal(info->layer_count, LAYERS);
    for (unsigned i = 0; i < LAYERS; i++)
        assert_string_equal(info->layers[i].diff_id, layers[i].diff_id);
    assert_int_equal(info->tag_count, 1);
    assert_string_equal(info->tags[0], REF);
    bundle_destroy(bundle);
    image_destroy(reader);
    tarball_finish(&tar);
}

/* The requested layers in the order of the stream, each once. */
static void layers_that_are_left_out_are_named_and_absent(void **state)
{
    static const struct {
        bool out[LAYERS];
        unsigned count;
        int sent[LAYERS];
    } cases[] = {
        {{false, false, false, false}, 3, {1, 2, 0}}, {{true, false, false, false}, 2, {1, 2}},
        {{true, true, false, true}, 1, {2}},          {{true, true, true, true}, 0, {0}},
        {{true, true, false, false}, 2, {3, 2}}, /* present above fewer layers */
        {{true, true, true, false}, 1, {3}},
    };
    struct err err = {0};
    char id[DIGEST_TEXT_SIZE] = "";

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bundle *bundle = make(cases[i].out, &err);
        unsigned seen = 0;
        struct view documents;

        assert_non_null(bundle);
        for (unsigned part = 0; part < bundle->count; part++)
            if (bundle->parts[part].layer != BUNDLE_NO_LAYER)
                assert_int_equal(bundle->parts[part].layer, cases[i].sent[seen++]);
        assert_int_equal(seen, cases[i].count);
        documents = bundle->parts[bundle->count - 1].bytes;
        for (unsigned layer = 0; layer < LAYERS; layer++)
            assert_non_null(memmem(documents.data, documents.size, layers[layer].diff_id + 7, 64));
        assert_non_null(memmem(documents.data, documents.size, "oci-layout", 10));
        assert_non_null(memmem(documents.data, documents.size,
                               "\"io.containerd.image.name\":\"docker.io/library/" REF "\"", 73));
        assert_non_null(memmem(documents.data, documents.size,
                               "\"org.opencontainers.image.ref.name\":\"20250721-2118-f7a5a27\"",
                               59));
        if (id[0])
            assert_string_equal(id, bundle->manifest_id); /* for any set of sent layers */
        memcpy(id, bundle->manifest_id, sizeof id);
        bundle_destroy(bundle);
    }
}

static void expect_refusal(enum err_family family, const char *code)
{
    struct err err = {0};
    struct bundle *bundle = make(none, &err);

    assert_null(bundle);
    assert_int_equal(err.family, family);
    assert_string_equal(err.code, code);
}

static void an_index_that_lies_is_refused(void **state)
{
    (void)state;
    config[2]++;
    expect_refusal(ERR_INTEGRITY, "config");
    config[2]--;
    image.layer_count--;
    expect_refusal(ERR_INTEGRITY, "index");
    image.layer_count++;
    layers[2].diff_id[20] ^= 1;
    layers[2].digest[20] ^= 1;
    expect_refusal(ERR_INTEGRITY, "index");
    layers[2].diff_id[20] ^= 1;
    layers[2].digest[20] ^= 1;
    layers[2].raw_offset -= 600; /* into the one before */
    expect_refusal(ERR_INTEGRITY, "index");
    layers[2].raw_offset += 600;
    strcat(layers[1].media_type, "+gzip"); /* and has but one digest */
    expect_refusal(ERR_UNSUPPORTED, "layers");
    layers[1].digest[20] ^= 1;
    strcpy(layers[1].media_type, PLAIN "+bzip2");
    expect_refusal(ERR_UNSUPPORTED, "layers");
    strcpy(layers[1].media_type, PLAIN);
    expect_refusal(ERR_UNSUPPORTED, "layers");
    layers[1].digest[20] ^= 1;
    layers[3].raw_size++; /* the second one again, and yet not */
    expect_refusal(ERR_INTEGRITY, "index");
    layers[3].raw_size--;
    image.config_size = BUNDLE_CONFIG_MAX + 1;
    expect_refusal(ERR_UNSUPPORTED, "layers");
    image.config_size = strlen(config);
}

/* A compressed layer keeps its form: blob and descriptor use the stored digest, the config the
 * diffID. */
static void a_packed_layer_goes_by_its_stored_digest(void **state)
{
    struct err err = {0};
    struct bundle *bundle;
    struct view documents;
    char wanted[256];

    (void)state;
    strcpy(layers[2].media_type, PLAIN "+gzip");
    memset(layers[2].digest + 7, 'b', 64);
    bundle = make(none, &err);
    assert_non_null(bundle);
    assert_non_null(memmem(bundle->parts[2].bytes.data, 100, layers[2].digest + 7, 64));
    documents = bundle->parts[bundle->count - 1].bytes;
    snprintf(wanted, sizeof wanted,
             "{\"mediaType\":\"" PLAIN "+gzip\",\"digest\":\"%s\",\"size\":70000}",
             layers[2].digest);
    assert_non_null(memmem(documents.data, documents.size, wanted, strlen(wanted)));
    assert_non_null(memmem(documents.data, documents.size, layers[2].diff_id, 71));
    bundle_destroy(bundle);
    set_up(NULL);
}

/* No layers, like an image FROM scratch with only labels. */
static void an_image_without_layers_is_bundled(void **state)
{
    const struct image_info before = image;
    char kept[sizeof config];
    struct err err = {0};
    struct bundle *bundle;

    (void)state;
    memcpy(kept, config, sizeof kept);
    strcpy(config, "{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[]}}");
    image.layer_count = 0;
    image.config_size = strlen(config);
    spell(view_str(config), image.id);
    bundle = make(NULL, &err);
    assert_non_null(bundle);
    assert_int_equal(bundle->count, 1);
    bundle_destroy(bundle);
    memcpy(config, kept, sizeof config);
    image = before;
}

/* A size above eleven octal digits, in a form that the tar readers of all engines accept. */
static void a_huge_layer_has_its_size(void **state)
{
    const uint64_t huge = (UINT64_C(1) << 35) + 12345;
    struct err err = {0};
    struct bundle *bundle;
    struct tar *scanner = tar_create();
    struct tar_step step;
    uint8_t header[TAR_BLOCK];

    (void)state;
    layers[0].raw_size = huge;
    bundle = make(none, &err);
    assert_non_null(bundle);
    memcpy(header, bundle->parts[4].bytes.data, sizeof header);
    assert_int_equal(tar_scan(scanner, header, sizeof header, &step, &err), 0);
    assert_int_equal(tar_entry(scanner)->size, huge);
    layers[0].raw_size = shapes[0].size;
    tar_destroy(scanner);
    bundle_destroy(bundle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_bundle_is_the_image),
        cmocka_unit_test(layers_that_are_left_out_are_named_and_absent),
        cmocka_unit_test(an_index_that_lies_is_refused),
        cmocka_unit_test(a_packed_layer_goes_by_its_stored_digest),
        cmocka_unit_test(an_image_without_layers_is_bundled),
        cmocka_unit_test(a_huge_layer_has_its_size),
    };

    return cmocka_run_group_tests_name("bundle", tests, set_up, NULL);
}
