/* A chunk as a zstd frame: the form of the header, round trips, stored chunks, hostile frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/err.h"
#include "kit/small.h"
#include "pack/codec/zstd_frame.h"

enum content { ZEROES, TEXT, NOISE };

static void fill(uint8_t *bytes, size_t size, enum content content)
{
    uint64_t x = 88172645463325252;

    for (size_t i = 0; i < size; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bytes[i] = content == ZEROES ? 0 : content == TEXT ? "etaoin shrdlu\n"[x % 14] : (uint8_t)x;
    }
}

struct bench {
    struct zstd_unpacker *unpacker;
    uint8_t *raw, *packed, *again;
};

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    bench->unpacker = zstd_unpacker_create();
    bench->raw = malloc(ZSTD_FRAME_RAW_MAX + 1);
    bench->packed = malloc(zstd_frame_bound(ZSTD_FRAME_RAW_MAX + 1));
    bench->again = malloc(ZSTD_FRAME_RAW_MAX + 1);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    zstd_unpacker_destroy(bench->unpacker);
    free(bench->raw);
    free(bench->packed);
    free(bench->again);
    free(bench);
    return 0;
}

static void there_and_back(struct bench *bench, struct zstd_packer *packer, size_t size,
                           bool stored)
{
    struct err err;
    size_t packed;

    packed = zstd_frame_pack(packer, view_of(bench->raw, size), stored, bench->packed);
    assert_true(packed <= zstd_frame_stored_size(size));
    assert_true(packed >= ZSTD_FRAME_LEAST);
    assert_true(zstd_frame_stored_size(size) <= zstd_frame_bound(size));
    if (stored)
        assert_int_equal(packed, zstd_frame_stored_size(size));
    assert_int_equal(bench->packed[4], size < 256 ? 0x24 : size < 65792 ? 0x64 : 0xa4);
    memset(bench->again, 0x55, size + 1);
    assert_int_equal(zstd_frame_unpack(bench->unpacker, view_of(bench->packed, packed),
                                       bench->again, size, &err),
                     0);
    assert_memory_equal(bench->again, bench->raw, size);
    assert_int_equal(bench->again[size], 0x55);
    /* any other reader */
    assert_int_equal(ZSTD_decompress(bench->again, size, bench->packed, packed), size);
    assert_memory_equal(bench->again, bench->raw, size);
}

static void every_small_size_comes_back(void **state)
{
    struct bench *bench = *state;
    struct zstd_packer *packer = zstd_packer_create(3);

    for (enum content content = ZEROES; content <= NOISE; content++) {
        fill(bench->raw, 300, content);
        for (size_t size = 1; size <= 300; size++) {
            there_and_back(bench, packer, size, false);
            there_and_back(bench, packer, size, true);
        }
    }
    zstd_packer_destroy(packer);
}

/* Borders of the header's size field, of raw blocks, and of libzstd's blocks. */
static void every_level_content_and_size_comes_back(void **state)
{
    static const size_t sizes[] = {
        255,   256,           65535,     65536,  65537,  65791,         65792,
        65793, 128 * KIB - 1, 128 * KIB, 131073, 200000, 256 * KIB - 1, ZSTD_FRAME_RAW_MAX};
    struct bench *bench = *state;

    for (int level = 1; level <= ZSTD_FRAME_LEVEL_MAX; level += test_is_small() ? 6 : 1) {
        struct zstd_packer *packer = zstd_packer_create(level);

        for (enum content content = ZEROES; content <= NOISE; content++) {
            fill(bench->raw, ZSTD_FRAME_RAW_MAX, content);
            for (size_t i = level % 2; i<ARRAY_SIZE(sizes); i += level> 6 ? 5 : 1)
                there_and_back(bench, packer, sizes[i], false);
        }
        if (level == 1)
            for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                there_and_back(bench, packer, sizes[i], true);
        zstd_packer_destroy(packer);
    }
}

/* The example of docs/format.md. libzstd has no part in these bytes. */
static void the_stored_form_is_the_documented_one(void **state)
{
    static const uint8_t expected[] = {0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x06, 0x31, 0x00, 0x00, 0x68,
                                       0x65, 0x6c, 0x6c, 0x6f, 0x0a, 0x53, 0x88, 0xbd, 0x91};
    struct bench *bench = *state;
    struct zstd_packer *packer = zstd_packer_create(1);

    assert_int_equal(
        zstd_frame_pack(packer, view_of((const uint8_t *)"hello\n", 6), true, bench->packed),
        sizeof expected);
    assert_memory_equal(bench->packed, expected, sizeof expected);
    zstd_packer_destroy(packer);
}

/* Two blocks: the first has 128 KiB. */
static void long_chunks_are_stored_in_blocks(void **state)
{
    struct bench *bench = *state;
    struct zstd_packer *packer = zstd_packer_create(3);
    size_t size = 128 * KIB + 10;

    fill(bench->raw, size, NOISE);
    there_and_back(bench, packer, size, false);
    assert_memory_equal(bench->packed + 9, "\x00\x00\x10", 3);
    assert_memory_equal(bench->packed + 12 + 128 * KIB, "\x51\x00\x00", 3);
    assert_memory_equal(bench->packed + 12, bench->raw, 128 * KIB);
    zstd_packer_destroy(packer);
}

/* A packer of one worker has packed other chunks than that of another worker. */
static void a_used_packer_gives_equal_frames(void **state)
{
    static const int levels[] = {1, 3, 4, 5, 9, 13, 19};
    static const size_t before[] = {300, 9000, 20000, 70000, 140000, ZSTD_FRAME_RAW_MAX};
    struct bench *bench = *state;
    uint8_t *second = malloc(zstd_frame_bound(65536));

    for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
        struct zstd_packer *used = zstd_packer_create(levels[i]);

        for (size_t k = 0; k < ARRAY_SIZE(before); k++) {
            struct zstd_packer *fresh = zstd_packer_create(levels[i]);
            size_t size;

            fill(bench->raw, before[k], TEXT);
            bench->raw[before[k] / 2] = (uint8_t)k;
            zstd_frame_pack(used, view_of(bench->raw, before[k]), false, bench->packed);
            fill(bench->raw, 65536, TEXT);
            fill(bench->raw + 10000, 20000, k % 2 ? NOISE : ZEROES);
            size = zstd_frame_pack(fresh, view_of(bench->raw, 65536), false, second);
            assert_int_equal(
                zstd_frame_pack(used, view_of(bench->raw, 65536), false, bench->packed), size);
            assert_memory_equal(bench->packed, second, size);
            zstd_packer_destroy(fresh);
        }
        zstd_packer_destroy(used);
    }
    free(second);
}

/* ---- frames of other forms ---- */

/* The copy has exactly its size, so that the address sanitizer detects every read beyond it. */
static void refused(struct bench *bench, const uint8_t *packed, size_t packed_size, size_t raw_size)
{
    uint8_t *copy = malloc(packed_size + 1);
    struct err err = {0};

    memcpy(copy + 1, packed, packed_size);
    assert_int_equal(zstd_frame_unpack(bench->unpacker, view_of(copy + 1, packed_size),
                                       bench->again, raw_size, &err),
                     ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
    assert_string_equal(err.code, "chunk");
    free(copy);
}

/* Packs 300 bytes of text into bench->packed. */
static size_t sample(struct bench *bench)
{
    struct zstd_packer *packer = zstd_packer_create(3);
    size_t size;

    fill(bench->raw, 300, TEXT);
    size = zstd_frame_pack(packer, view_of(bench->raw, 300), false, bench->packed);
    zstd_packer_destroy(packer);
    return size;
}

static void only_the_whole_frame_of_the_right_size_is_taken(void **state)
{
    struct bench *bench = *state;
    size_t size = sample(bench);

    refused(bench, bench->packed, size, 299);
    refused(bench, bench->packed, size, 301);
    refused(bench, bench->packed, size, 0);
    refused(bench, bench->packed, size, ZSTD_FRAME_RAW_MAX + 1);
    refused(bench, bench->packed, size + 1, 300); /* a byte follows */
    for (size_t cut = 0; cut < size; cut++)
        refused(bench, bench->packed, cut, 300);
}

static void a_second_frame_is_refused(void **state)
{
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};
    struct bench *bench = *state;
    size_t size = sample(bench), empty;

    memcpy(bench->packed + size, skippable, sizeof skippable);
    refused(bench, bench->packed, size + sizeof skippable, 300);
    empty = ZSTD_compress(bench->packed + size, 100, "", 0, 1);
    refused(bench, bench->packed, size + empty, 300);
    memmove(bench->packed + sizeof skippable, bench->packed, size);
    memcpy(bench->packed, skippable, sizeof skippable);
    refused(bench, bench->packed, sizeof skippable + size, 300);
}

/* Compresses with one parameter that differs from ours, and expects a refusal. */
static void parameter_is_refused(struct bench *bench, size_t raw_size, ZSTD_cParameter parameter,
                                 int value)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t size;

    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(context, parameter, value);
    fill(bench->raw, raw_size, TEXT);
    size = ZSTD_compress2(context, bench->packed, zstd_frame_bound(raw_size), bench->raw, raw_size);
    assert_false(ZSTD_isError(size));
    refused(bench, bench->packed, size, raw_size);
    ZSTD_freeCCtx(context);
}

static void frames_of_other_forms_are_refused(void **state)
{
    struct bench *bench = *state;

    parameter_is_refused(bench, 300, ZSTD_c_checksumFlag, 0);
    parameter_is_refused(bench, 300, ZSTD_c_contentSizeFlag, 0);
    parameter_is_refused(bench, ZSTD_FRAME_RAW_MAX, ZSTD_c_windowLog, 17); /* several segments */
    parameter_is_refused(bench, ZSTD_FRAME_RAW_MAX + 1, ZSTD_c_compressionLevel, 1);
}

/* The size field has a shorter form for this size, or promises another size. */
static void a_size_in_another_form_is_refused(void **state)
{
    static const uint8_t wide[] = {0x28, 0xb5, 0x2f, 0xfd, 0xa4, 6,   0,    0,    0,    0x31, 0,
                                   0,    'h',  'e',  'l',  'l',  'o', '\n', 0x53, 0x88, 0xbd, 0x91};
    static const uint8_t reserved[] = {0x28, 0xb5, 0x2f, 0xfd, 0x2c, 6,    0x31, 0,    0,   'h',
                                       'e',  'l',  'l',  'o',  '\n', 0x53, 0x88, 0xbd, 0x91};
    static const uint8_t reserved_block[] = {0x28, 0xb5, 0x2f, 0xfd, 0x24, 6,   0x37,
                                             0,    0,    'h',  'e',  'l',  'l', 'o',
                                             '\n', 0x53, 0x88, 0xbd, 0x91};
    static const uint8_t dictionary[] = {0x28, 0xb5, 0x2f, 0xfd, 0x25, 0x07, 6,
                                         0x31, 0,    0,    'h',  'e',  'l',  'l',
                                         'o',  '\n', 0x53, 0x88, 0xbd, 0x91};
    struct bench *bench = *state;

    assert_int_equal(ZSTD_decompress(bench->again, 6, wide, sizeof wide), 6);
    refused(bench, wide, sizeof wide, 6);
    refused(bench, reserved, sizeof reserved, 6);
    refused(bench, reserved_block, sizeof reserved_block, 6);
    refused(bench, dictionary, sizeof dictionary, 6);
}

/* The checksum covers the content, and all other bits decide about the form. */
static void every_flipped_bit_is_refused(void **state)
{
    struct bench *bench = *state;
    size_t size = sample(bench);
    struct err err;

    for (size_t bit = 0; bit < size * 8; bit++) {
        bench->packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (zstd_frame_unpack(bench->unpacker, view_of(bench->packed, size), bench->again, 300,
                              &err) == 0)
            assert_memory_equal(bench->again, bench->raw, 300); /* a bit that no reader uses */
        bench->packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_small_size_comes_back),
        cmocka_unit_test(every_level_content_and_size_comes_back),
        cmocka_unit_test(the_stored_form_is_the_documented_one),
        cmocka_unit_test(long_chunks_are_stored_in_blocks),
        cmocka_unit_test(a_used_packer_gives_equal_frames),
        cmocka_unit_test(only_the_whole_frame_of_the_right_size_is_taken),
        cmocka_unit_test(a_second_frame_is_refused),
        cmocka_unit_test(frames_of_other_forms_are_refused),
        cmocka_unit_test(a_size_in_another_form_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
    };

    return cmocka_run_group_tests_name("zstd_frame", tests, setup, teardown);
}
