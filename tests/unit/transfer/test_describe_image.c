#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "pack/image/bundle.h"
#include "transfer/describe_image.h"

#define LAYERS 2

static struct image_layer layers[LAYERS];
static struct image_info image;

static void spell(char out[DIGEST_TEXT_SIZE], char digit)
{
    str_copy(out, DIGEST_TEXT_SIZE, "sha256:");
    memset(out + 7, digit, 64);
    out[71] = '\0';
}

/* Plain layers from a containerd store. */
static int set_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LAYERS; i++) {
        layers[i] = (struct image_layer){.raw_size = 1024, .raw_offset = 1024 + 2048 * i};
        str_copy(layers[i].media_type, sizeof layers[i].media_type,
                 "application/vnd.oci.image.layer.v1.tar");
        spell(layers[i].diff_id, (char)('1' + i));
        spell(layers[i].digest, (char)('1' + i));
    }
    image = (struct image_info){.layer_count = LAYERS, .layers = layers, .config_size = 100};
    spell(image.id, 'c');
    spell(image.manifest_id, 'd');
    return 0;
}

static void compress_the_last_layer(void)
{
    struct image_layer *layer = &layers[LAYERS - 1];

    str_copy(layer->media_type, sizeof layer->media_type,
             "application/vnd.oci.image.layer.v1.tar+gzip");
    spell(layer->digest, 'e');
}

static void plain_layers_are_known_by_their_bundle(void **state)
{
    struct metadata metadata = {0};
    char id[DIGEST_TEXT_SIZE];
    struct err err = {0};

    (void)state;
    assert_int_equal(bundle_manifest_id(&image, id, &err), 0);
    assert_int_equal(describe_image(&image, &metadata, &err), 0);
    assert_string_equal(metadata.image_id, image.id);
    assert_string_equal(metadata.manifest_id, id);
    assert_string_equal(metadata.engine_id, "");
    assert_false(metadata.packed_layers);
    assert_int_equal(metadata.layer_count, LAYERS);
    metadata_finish(&metadata);
}

/* An engine that got compressed layers has no plain tars: the metadata states it. */
static void packed_layers_are_known_by_their_bundle(void **state)
{
    struct metadata metadata = {0};
    char plain[DIGEST_TEXT_SIZE], packed[DIGEST_TEXT_SIZE];
    struct err err = {0};

    (void)state;
    assert_int_equal(bundle_manifest_id(&image, plain, &err), 0);
    compress_the_last_layer();
    assert_int_equal(bundle_manifest_id(&image, packed, &err), 0);
    assert_string_not_equal(packed, plain);
    assert_int_equal(describe_image(&image, &metadata, &err), 0);
    assert_string_equal(metadata.manifest_id, packed);
    assert_true(metadata.packed_layers);
    assert_string_equal(metadata.engine_id, image.manifest_id);
    assert_true(metadata_names(&metadata, image.manifest_id));
    assert_true(metadata_names(&metadata, packed));
    metadata_finish(&metadata);
}

static void the_id_of_the_engine_is_kept(void **state)
{
    struct metadata metadata = {0};
    struct err err = {0};
    char id[DIGEST_TEXT_SIZE];

    (void)state;
    compress_the_last_layer();
    spell(id, 'f');
    str_copy(metadata.engine_id, sizeof metadata.engine_id, id);
    assert_int_equal(describe_image(&image, &metadata, &err), 0);
    assert_string_equal(metadata.engine_id, id);
    metadata_finish(&metadata);
}

/* The stream of a graph driver has no other id. */
static void the_config_is_not_an_id_of_an_engine(void **state)
{
    struct metadata metadata = {0};
    struct err err = {0};

    (void)state;
    compress_the_last_layer();
    str_copy(image.manifest_id, sizeof image.manifest_id, image.id);
    assert_int_equal(describe_image(&image, &metadata, &err), 0);
    assert_string_equal(metadata.engine_id, "");
    metadata_finish(&metadata);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(plain_layers_are_known_by_their_bundle, set_up),
        cmocka_unit_test_setup(packed_layers_are_known_by_their_bundle, set_up),
        cmocka_unit_test_setup(the_id_of_the_engine_is_kept, set_up),
        cmocka_unit_test_setup(the_config_is_not_an_id_of_an_engine, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
