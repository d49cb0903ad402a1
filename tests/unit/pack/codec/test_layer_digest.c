/* Both digests of a layer: plain, gzip with many members, zstd with many frames, intact and
 * damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "kit/small.h"
#include "kit/tarball.h"
#include "pack/codec/layer_digest.h"

#define SIZE (300 * KIB)

static const uint8_t NOTHING[SHA256_SIZE];

static uint8_t *raw;

static struct tarball gzip_of(const uint8_t *bytes, size_t size)
{
    struct tarball out = {.room = size + 1000, .data = malloc(size + 1000)};
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
    z.next_in = (Bytef *)bytes;
    z.avail_in = (uInt)size;
    z.next_out = out.data;
    z.avail_out = (uInt)out.room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.size = z.total_out;
    deflateEnd(&z);
    return out;
}

static struct tarball zstd_of(const uint8_t *bytes, size_t size)
{
    size_t room = ZSTD_compressBound(size);
    struct tarball out = {.room = room, .data = malloc(room)};

    out.size = ZSTD_compress(out.data, room, bytes, size, 1);
    assert_false(ZSTD_isError(out.size));
    return out;
}

typedef struct tarball compressor(const uint8_t *bytes, size_t size);

/* The raw bytes as three members or frames. The middle one is empty. */
static struct tarball three(compressor *compress)
{
    struct tarball all = {0};
    struct tarball part[] = {compress(raw, SIZE / 2), compress(raw, 0),
                             compress(raw + SIZE / 2, SIZE - SIZE / 2)};

    for (size_t i = 0; i < 3; i++) {
        tarball_raw(&all, part[i].data, part[i].size);
        tarball_finish(&part[i]);
    }
    return all;
}

static bool digest(struct layer_digest *digest, struct view bytes, size_t piece,
                   uint8_t diff[SHA256_SIZE])
{
    uint8_t stored[SHA256_SIZE], expected[SHA256_SIZE];
    bool compressed;

    layer_digest_reset(digest);
    for (size_t at = 0; at < bytes.size; at += piece)
        layer_digest_add(digest, bytes.data + at,
                         bytes.size - at < piece ? bytes.size - at : piece);
    layer_digest_end(digest, stored, diff, &compressed);
    sha256_of(bytes, expected);
    assert_memory_equal(stored, expected, SHA256_SIZE);
    return compressed;
}

static void compressed_layers_are_recognised_by_their_content(void **state)
{
    static compressor *const compressors[] = {gzip_of, zstd_of};
    static const char *const types[] = {"application/vnd.oci.image.layer.v1.tar+gzip",
                                        "application/vnd.oci.image.layer.v1.tar+zstd"};
    static const size_t pieces[] = {1, 3, 4, 5, 1000, 1 << 20};
    struct layer_digest *layer = layer_digest_create();
    uint8_t expected[SHA256_SIZE], diff[SHA256_SIZE];

    (void)state;
    sha256_of(view_of(raw, SIZE), expected);
    for (size_t i = 0; i < 2; i++) {
        struct tarball all = three(compressors[i]);

        for (size_t k = test_is_small() ? 3 : 0; k < ARRAY_SIZE(pieces); k++) {
            assert_true(digest(layer, view_of(all.data, all.size), pieces[k], diff));
            assert_memory_equal(diff, expected, SHA256_SIZE);
            assert_string_equal(layer_digest_media_type(layer), types[i]);

            assert_true(digest(layer, view_of(all.data, all.size - 1), pieces[k], diff));
            assert_memory_equal(diff, NOTHING, SHA256_SIZE);
        }
        all.data[all.size / 3] ^= 1;
        assert_true(digest(layer, view_of(all.data, all.size), 1000, diff));
        assert_memory_not_equal(diff, expected, SHA256_SIZE);
        tarball_finish(&all);
    }
    layer_digest_destroy(layer);
}

static void a_large_layer_is_digested_in_little_memory(void **state)
{
    struct layer_digest *layer = layer_digest_create();
    size_t size = test_is_small() ? 256 * KIB : 32 * MIB;
    uint8_t *zeros = calloc(1, size), expected[SHA256_SIZE], diff[SHA256_SIZE];
    struct tarball gzip = gzip_of(zeros, size), zstd = zstd_of(zeros, size);

    (void)state;
    sha256_of(view_of(zeros, size), expected);
    digest(layer, view_of(gzip.data, gzip.size), gzip.size, diff);
    assert_memory_equal(diff, expected, SHA256_SIZE);
    digest(layer, view_of(zstd.data, zstd.size), zstd.size, diff);
    assert_memory_equal(diff, expected, SHA256_SIZE);
    tarball_finish(&gzip);
    tarball_finish(&zstd);
    free(zeros);
    layer_digest_destroy(layer);
}

static void plain_layers_have_one_name(void **state)
{
    static const size_t sizes[] = {0, 1, 3, 4, 5, SIZE};
    struct layer_digest *layer = layer_digest_create();
    uint8_t expected[SHA256_SIZE], diff[SHA256_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        assert_false(digest(layer, view_of(raw, sizes[i]), 2, diff));
        sha256_of(view_of(raw, sizes[i]), expected);
        assert_memory_equal(diff, expected, SHA256_SIZE);
        assert_string_equal(layer_digest_media_type(layer),
                            "application/vnd.oci.image.layer.v1.tar");
    }
    layer_digest_destroy(layer);
}

static void a_layer_that_only_begins_like_gzip_has_no_digest(void **state)
{
    struct layer_digest *layer = layer_digest_create();
    uint8_t diff[SHA256_SIZE];

    (void)state;
    assert_true(digest(layer, view_str("\x1f\x8b\x08 and then something else"), 7, diff));
    assert_memory_equal(diff, NOTHING, SHA256_SIZE);
    assert_true(digest(layer, view_str("\x28\xb5\x2f\xfd and then something else"), 7, diff));
    assert_memory_equal(diff, NOTHING, SHA256_SIZE);
    layer_digest_destroy(layer);
}

static void packings_that_not_every_daemon_unpacks_are_recognised(void **state)
{
    static const struct {
        const char *bytes, *type;
    } cases[] = {{"\xfd"
                  "7zXZ and more",
                  LAYER_PLAIN_TAR "+xz"},
                 {"BZh9 and more", LAYER_PLAIN_TAR "+bzip2"},
                 {"BZh0 and more", LAYER_PLAIN_TAR}};
    struct layer_digest *layer = layer_digest_create();
    uint8_t diff[SHA256_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        bool packed = digest(layer, view_str(cases[i].bytes), 3, diff);

        assert_string_equal(layer_digest_media_type(layer), cases[i].type);
        assert_int_equal(packed, i < 2);
        if (packed)
            assert_memory_equal(diff, NOTHING, SHA256_SIZE);
    }
    layer_digest_destroy(layer);
}

static int setup(void **state)
{
    (void)state;
    raw = malloc(SIZE);
    noise(raw, SIZE, 77);
    memset(raw + 1000, 'a', 100000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(raw);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compressed_layers_are_recognised_by_their_content),
        cmocka_unit_test(a_large_layer_is_digested_in_little_memory),
        cmocka_unit_test(plain_layers_have_one_name),
        cmocka_unit_test(a_layer_that_only_begins_like_gzip_has_no_digest),
        cmocka_unit_test(packings_that_not_every_daemon_unpacks_are_recognised),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
