/* A chunk as a gzip member: the fixed header, round trips, stored chunks, damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/err.h"
#include "kit/small.h"
#include "pack/codec/gzip_member.h"

#define LARGEST (256 * 1024 + 512)

/* 18 bytes for gzip, and 5 for each stored block of 65,535 bytes. */
_Static_assert(LARGEST > 4 * 65535, "more than one stored block");

static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};

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

/* Any gzip reader must accept it. Returns zlib's size, or -1. */
static long zlib_inflates(const uint8_t *packed, size_t packed_size, uint8_t *out, size_t room)
{
    z_stream z = {.next_in = (uint8_t *)packed, .avail_in = (uInt)packed_size};
    int result;

    z.next_out = out;
    z.avail_out = (uInt)room;
    if (inflateInit2(&z, 31) != Z_OK)
        return -1;
    result = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return result == Z_STREAM_END && z.avail_in == 0 ? (long)z.total_out : -1;
}

struct bench {
    struct gzip_unpacker *unpacker;
    uint8_t *raw, *packed, *again;
};

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    bench->unpacker = gzip_unpacker_create();
    bench->raw = malloc(LARGEST);
    bench->packed = malloc(gzip_member_bound(LARGEST));
    bench->again = malloc(LARGEST + 1);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    gzip_unpacker_destroy(bench->unpacker);
    free(bench->raw);
    free(bench->packed);
    free(bench->again);
    free(bench);
    return 0;
}

static const size_t sizes[] = {1, 2, 100, 4096, 65535, 65536, 131071, LARGEST};

static void there_and_back(struct bench *bench, struct gzip_packer *packer, size_t size,
                           enum content content, bool stored)
{
    struct err err;
    size_t packed_size;

    fill(bench->raw, size, content);
    packed_size = gzip_member_pack(packer, view_of(bench->raw, size), stored, bench->packed);
    assert_true(packed_size <= gzip_member_bound(size));
    assert_true(packed_size <= gzip_member_stored_size(size));
    assert_memory_equal(bench->packed, header, sizeof(header));
    if (stored)
        assert_int_equal(packed_size, gzip_member_stored_size(size));
    memset(bench->again, 0x55, LARGEST + 1);
    assert_int_equal(gzip_member_unpack(bench->unpacker, view_of(bench->packed, packed_size),
                                        bench->again, size, &err),
                     0);
    assert_memory_equal(bench->again, bench->raw, size);
    assert_int_equal(bench->again[size], 0x55);
    assert_int_equal(zlib_inflates(bench->packed, packed_size, bench->again, LARGEST), size);
    assert_memory_equal(bench->again, bench->raw, size);
}

static void every_level_content_and_size_comes_back(void **state)
{
    for (int level = GZIP_MEMBER_FASTEST; level <= GZIP_MEMBER_LEVEL_MAX;
         level += test_is_small() ? 5 : 1) {
        struct gzip_packer *packer = gzip_packer_create(level);

        assert_non_null(packer);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            if ((level > 7 || test_is_small()) && sizes[i] > 65536)
                continue; /* slow, without new code paths */
            for (enum content content = ZEROES; content <= NOISE; content++) {
                there_and_back(*state, packer, sizes[i], content, false);
                there_and_back(*state, packer, sizes[i], content, true);
            }
        }
        gzip_packer_destroy(packer);
    }
}

static void used_packer_gives_equal_member(struct bench *bench, int level, size_t size,
                                           enum content before)
{
    uint8_t *second = malloc(gzip_member_bound(LARGEST));
    struct gzip_packer *fresh = gzip_packer_create(level), *used = gzip_packer_create(level);
    size_t packed;

    fill(bench->raw, LARGEST, before);
    gzip_member_pack(used, view_of(bench->raw, LARGEST), false, second);
    fill(bench->raw, size, TEXT);
    fill(bench->raw + size / 4, size / 8, NOISE);
    gzip_member_pack(used, view_of(bench->raw, size / 2), false, second);
    packed = gzip_member_pack(fresh, view_of(bench->raw, size), false, bench->packed);
    assert_int_equal(gzip_member_pack(used, view_of(bench->raw, size), false, second), packed);
    assert_memory_equal(second, bench->packed, packed);
    gzip_packer_destroy(fresh);
    gzip_packer_destroy(used);
    free(second);
}

static void equal_bytes_give_equal_members(void **state)
{
    static const int levels[] = {GZIP_MEMBER_FASTEST, 6};
    static const size_t chunks[] = {100, 5000, 65536, LARGEST};

    for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
        for (size_t k = 0; k < ARRAY_SIZE(chunks); k++)
            for (enum content before = ZEROES; before <= NOISE; before++)
                used_packer_gives_equal_member(*state, levels[i], chunks[k], before);
}

static void refused(struct bench *bench, const uint8_t *packed, size_t packed_size, size_t raw_size)
{
    struct err err = {0};

    assert_int_equal(gzip_member_unpack(bench->unpacker, view_of(packed, packed_size), bench->again,
                                        raw_size, &err),
                     ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
    assert_string_equal(err.code, "chunk");
}

/* A packed text of 300 bytes. The copy has exactly its size, so that the address sanitizer detects
 * every read beyond it. */
static uint8_t *sample(struct bench *bench, size_t *packed_size)
{
    struct gzip_packer *packer = gzip_packer_create(6);
    uint8_t *copy;

    fill(bench->raw, 300, TEXT);
    *packed_size = gzip_member_pack(packer, view_of(bench->raw, 300), false, bench->packed);
    gzip_packer_destroy(packer);
    copy = malloc(*packed_size + 1);
    memcpy(copy, bench->packed, *packed_size);
    copy[*packed_size] = 0;
    return copy;
}

static void only_the_whole_member_of_the_right_size_is_taken(void **state)
{
    struct bench *bench = *state;
    size_t size;
    uint8_t *packed = sample(bench, &size);

    refused(bench, packed, size, 299);
    refused(bench, packed, size, 301);
    refused(bench, packed, size, 0);
    refused(bench, packed, size + 1, 300); /* trailing bytes */
    for (size_t cut = 0; cut < size; cut += test_is_small() ? 3 : 1)
        refused(bench, packed, cut, 300);
    free(packed);
}

static void a_flipped_bit_never_gives_other_bytes(void **state)
{
    struct bench *bench = *state;
    size_t size;
    uint8_t *packed = sample(bench, &size);

    for (size_t bit = 0; bit < size * 8; bit += test_is_small() ? 7 : 1) {
        struct err err;

        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        /* Some bits of the header do not depend on the content: mtime, XFL, OS. */
        if (gzip_member_unpack(bench->unpacker, view_of(packed, size), bench->again, 300, &err) ==
            0)
            assert_memory_equal(bench->again, bench->raw, 300);
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_content_and_size_comes_back),
        cmocka_unit_test(equal_bytes_give_equal_members),
        cmocka_unit_test(only_the_whole_member_of_the_right_size_is_taken),
        cmocka_unit_test(a_flipped_bit_never_gives_other_bytes),
    };

    return cmocka_run_group_tests_name("member", tests, setup, teardown);
}
