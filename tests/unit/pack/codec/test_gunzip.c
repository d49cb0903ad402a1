/* Any gzip file, in pieces of any size: members, fields, padding, trailing bytes, damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/err.h"
#include "kit/sample.h"
#include "kit/small.h"
#include "pack/codec/gunzip.h"

/* Adds a member of zlib to `to`, with or without all optional fields. */
static void add_member(struct text *to, const void *raw, size_t size, bool fields)
{
    static uint8_t extra[] = "EXTRA";
    gz_header head = {.text = 1,
                      .time = 1234567,
                      .os = 3,
                      .extra = extra,
                      .extra_len = sizeof(extra),
                      .name = (Bytef *)"name.tar",
                      .comment = (Bytef *)"a comment",
                      .hcrc = 1};
    z_stream z = {0};
    uint8_t *out = malloc(size + 1000);

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    if (fields)
        deflateSetHeader(&z, &head);
    z.next_in = (uint8_t *)(uintptr_t)raw;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)size + 1000;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    text_add(to, out, z.total_out);
    deflateEnd(&z);
    free(out);
}

/* Reads `in` in pieces, through a buffer of `cap` bytes. Returns 0 if all of it was accepted. */
static int read_all(struct view in, size_t piece, size_t cap, struct text *out, struct err *err)
{
    struct gunzip *gunzip = gunzip_create(err);
    uint8_t *buffer = malloc(cap);
    struct view now = {in.data, 0};
    int result = 0;

    assert_non_null(gunzip);
    for (;;) {
        size_t produced;

        result = gunzip_read(gunzip, &now, buffer, cap, &produced, err);
        if (result < 0)
            break;
        text_add(out, buffer, produced);
        if (produced == cap)
            continue;
        assert_int_equal(now.size, 0); /* otherwise the loop would not end */
        if (in.size == 0) {
            result = gunzip_finish(gunzip, err);
            break;
        }
        now = view_of(in.data, in.size < piece ? in.size : piece);
        in.data += now.size;
        in.size -= now.size;
    }
    gunzip_destroy(gunzip);
    free(buffer);
    return result;
}

static const size_t pieces[] = {1, 2, 13, 100, 4096, 1 << 20};

static void taken(const struct text *packed, const struct text *raw)
{
    const size_t least = test_is_small() ? 2 : 0;

    for (size_t p = least; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
        for (size_t c = least; c < sizeof(pieces) / sizeof(pieces[0]); c++) {
            struct err err;
            struct text out;

            text_init(&out, 1 << 24);
            assert_int_equal(read_all(text_view(packed), pieces[p], pieces[c], &out, &err), 0);
            assert_int_equal(out.size, raw->size);
            assert_memory_equal(out.data, raw->data, raw->size);
            text_finish(&out);
        }
    }
}

static void refused(struct view packed)
{
    for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
        struct err err = {0};
        struct text out;

        text_init(&out, 1 << 24);
        assert_int_equal(read_all(packed, pieces[p], 512, &out, &err), ERR_FAIL);
        assert_int_equal(err.family, ERR_INTEGRITY);
        assert_string_equal(err.code, "gzip");
        text_finish(&out);
    }
}

struct spot_check {
    struct text packed, raw;
};

/* Three members: one with all fields, an empty one, and one of 20,000 compressible bytes. */
static int setup(void **state)
{
    struct spot_check *sample = malloc(sizeof(*sample));
    struct text large;

    text_init(&sample->packed, 1 << 20);
    text_init(&sample->raw, 1 << 20);
    text_init(&large, 1 << 20);
    add_member(&sample->packed, "hello ", 6, true);
    add_member(&sample->packed, "", 0, false);
    text_str(&sample->raw, "hello ");
    for (int i = 0; large.size < 20000; i++)
        text_printf(&large, "line %d of %d\n", i, i * i);
    add_member(&sample->packed, large.data, large.size, false);
    text_add(&sample->raw, large.data, large.size);
    text_finish(&large);
    *state = sample;
    return 0;
}

static int teardown(void **state)
{
    struct spot_check *sample = *state;

    text_finish(&sample->packed);
    text_finish(&sample->raw);
    free(sample);
    return 0;
}

static void members_are_joined_whatever_the_pieces(void **state)
{
    struct spot_check *sample = *state;

    taken(&sample->packed, &sample->raw);
}

static void zeroes_at_the_end_are_padding(void **state)
{
    struct spot_check *sample = *state;
    static const uint8_t zeroes[5000];

    text_add(&sample->packed, zeroes, 1);
    taken(&sample->packed, &sample->raw);
    text_add(&sample->packed, zeroes, sizeof(zeroes));
    taken(&sample->packed, &sample->raw);
}

static void other_bytes_at_the_end_are_not(void **state)
{
    static const struct view junk[] = {
        {(const uint8_t *)"x", 1},
        {(const uint8_t *)"\0\0\0\0x", 5},
        {(const uint8_t *)"\0\x1f\x8b\x08", 4}, /* a member after padding */
        {(const uint8_t *)"\x1f", 1},           /* only the beginning of a member */
        {(const uint8_t *)"\x1f\x8b\x08\x00", 4},
        {(const uint8_t *)"\x1f\x8c", 2},
    };
    struct spot_check *sample = *state;
    size_t size = sample->packed.size;

    for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
        sample->packed.size = size;
        text_add(&sample->packed, junk[i].data, junk[i].size);
        refused(text_view(&sample->packed));
    }
}

static void other_formats_than_gzip_are_refused(void **state)
{
    static const struct view cases[] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"\0", 1},
        {(const uint8_t *)"plain text, and some more of it", 31},
        {(const uint8_t *)"\x78\x9c\x03\x00\x00\x00\x00\x01", 8},      /* zlib */
        {(const uint8_t *)"\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00", 9},  /* zstd */
        {(const uint8_t *)"\x1f\x8b\x08\xe0\0\0\0\0\0\xff\x03\0", 12}, /* reserved flags */
        {(const uint8_t *)"\x1f\x8b\x07\x00\0\0\0\0\0\xff\x03\0", 12}, /* method */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        refused(cases[i]);
}

static void every_cut_but_those_between_members_is_refused(void **state)
{
    struct spot_check *sample = *state;
    size_t ends[2] = {0};
    struct text member;

    text_init(&member, 1000);
    add_member(&member, "hello ", 6, true);
    ends[0] = member.size;
    add_member(&member, "", 0, false);
    ends[1] = member.size;
    text_finish(&member);
    for (size_t size = 0; size < sample->packed.size;
         size += test_is_small() ? 17 : sample_step(2)) {
        struct err err;
        struct text out;
        int expected = size == ends[0] || size == ends[1] ? 0 : ERR_FAIL;

        text_init(&out, 1 << 20);
        assert_int_equal(read_all(view_of(sample->packed.data, size), 4096, 4096, &out, &err),
                         expected);
        text_finish(&out);
    }
}

static void a_flipped_bit_never_gives_other_bytes(void **state)
{
    struct spot_check *sample = *state;

    for (size_t bit = 0; bit < sample->packed.size * 8;
         bit += test_is_small() ? 211 : sample_step(5)) {
        char *byte = &sample->packed.data[bit / 8];
        struct err err;
        struct text out;

        *byte ^= (char)(1 << bit % 8);
        text_init(&out, 1 << 22);
        if (read_all(text_view(&sample->packed), 1 << 20, 1 << 16, &out, &err) == 0) {
            assert_int_equal(out.size, sample->raw.size);
            assert_memory_equal(out.data, sample->raw.data, out.size);
        }
        text_finish(&out);
        *byte ^= (char)(1 << bit % 8);
    }
}

static void a_reader_that_failed_stays_so(void **state)
{
    struct err err;
    struct gunzip *gunzip = gunzip_create(&err);
    struct spot_check *sample = *state;
    struct view junk = view_str("no gzip"), good = text_view(&sample->packed);
    uint8_t out[100];
    size_t produced;

    assert_int_equal(gunzip_read(gunzip, &junk, out, sizeof(out), &produced, &err), ERR_FAIL);
    assert_int_equal(gunzip_read(gunzip, &good, out, sizeof(out), &produced, &err), ERR_FAIL);
    assert_int_equal(produced, 0);
    assert_int_equal(gunzip_finish(gunzip, &err), ERR_FAIL);
    gunzip_destroy(gunzip);
    gunzip_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_are_joined_whatever_the_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(zeroes_at_the_end_are_padding, setup, teardown),
        cmocka_unit_test_setup_teardown(other_bytes_at_the_end_are_not, setup, teardown),
        cmocka_unit_test(other_formats_than_gzip_are_refused),
        cmocka_unit_test_setup_teardown(every_cut_but_those_between_members_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_flipped_bit_never_gives_other_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_that_failed_stays_so, setup, teardown),
    };

    return cmocka_run_group_tests_name("gunzip", tests, NULL, NULL);
}
