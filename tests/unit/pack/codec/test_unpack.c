/* Inputs with zstd, xz and bzip2, in pieces of any size: several streams, damage, trailing bytes.
 * gzip has its own tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bzlib.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "kit/small.h"
#include "pack/codec/unpack.h"

#define RAW_SIZE 300000
#define ROOM     400000

static uint8_t raw[RAW_SIZE];
static size_t raw_size; /* bytes of it that are used */

static size_t by_gzip(uint8_t *out)
{
    z_stream z = {.next_in = raw, .avail_in = raw_size, .next_out = out, .avail_out = ROOM};

    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static size_t by_zstd(uint8_t *out)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t size;

    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size = ZSTD_compress2(context, out, ROOM, raw, raw_size);
    assert_false(ZSTD_isError(size));
    ZSTD_freeCCtx(context);
    return size;
}

static size_t by_xz(uint8_t *out)
{
    size_t size = 0;

    assert_int_equal(
        lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, raw, raw_size, out, &size, ROOM),
        LZMA_OK);
    return size;
}

static size_t by_bzip2(uint8_t *out)
{
    unsigned size = ROOM;

    assert_int_equal(BZ2_bzBuffToBuffCompress((char *)out, &size, (char *)raw, raw_size, 1, 0, 0),
                     BZ_OK);
    return size;
}

static const struct kind {
    const char *name;
    size_t (*pack)(uint8_t *out);
    size_t zeros; /* accepted bytes of padding at the end */
} KINDS[] = {
    {"gzip", by_gzip, 512}, {"zstd", by_zstd, 0}, {"xz", by_xz, 4}, {"bzip2", by_bzip2, 0}};

static int set_up(void **state)
{
    (void)state;
    raw_size = test_is_small() ? RAW_SIZE / 8 : RAW_SIZE;
    for (size_t i = 0; i < raw_size; i++)
        raw[i] = (uint8_t)(i % 7 ? i / 50 : i * 2654435761u >> 24);
    return 0;
}

static size_t memory_limit = UNPACK_MEMORY_MAX;

/* A failed reader keeps failing, also without input. */
static void expect_failure_again(struct unpack *unpack)
{
    struct view none = {0};
    struct err err = {.text = ""};
    size_t produced;
    uint8_t byte;

    assert_int_equal(unpack_read(unpack, &none, &byte, 1, &produced, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
    assert_int_equal(produced, 0);
    assert_int_equal(unpack_finish(unpack, &err), ERR_FAIL);
}

/* Unpacks `in` in pieces, through a buffer of `cap` bytes. Returns 0 if all of it was accepted. */
static int read_all(struct view in, size_t piece, size_t cap, struct text *out, struct err *err)
{
    const struct packing *packing = packing_of(in);
    uint8_t *buffer = malloc(cap);
    struct view now = {in.data, 0};
    struct unpack *unpack;
    int result;

    assert_non_null(packing);
    unpack = unpack_create(packing, memory_limit, err);
    assert_non_null(unpack);
    for (;;) {
        size_t produced, next;

        result = unpack_read(unpack, &now, buffer, cap, &produced, err);
        if (result) {
            expect_failure_again(unpack);
            break;
        }
        text_add(out, buffer, produced);
        if (produced)
            continue;
        assert_int_equal(now.size, 0);
        in.data = now.data;
        if (in.size == 0) {
            result = unpack_finish(unpack, err);
            break;
        }
        next = in.size < piece ? in.size : piece;
        now = view_of(in.data, next);
        in.size -= next;
    }
    unpack_destroy(unpack);
    free(buffer);
    return result;
}

/* Reads one input. It must fail with the error of its packing, or unpack to this multiple of `raw`.
 */
static void expect(const struct kind *kind, struct view in, size_t piece, size_t cap,
                   unsigned times)
{
    struct err err = {0};
    struct text out;

    text_init(&out, 4 * raw_size);
    if (times == 0) {
        assert_int_equal(read_all(in, piece, cap, &out, &err), ERR_FAIL);
        assert_int_equal(err.family, ERR_INTEGRITY);
        assert_string_equal(err.code, kind->name);
    } else {
        assert_int_equal(read_all(in, piece, cap, &out, &err), 0);
        assert_int_equal(out.size, times * raw_size);
        for (unsigned i = 0; i < times; i++)
            assert_memory_equal(out.data + i * raw_size, raw, raw_size);
    }
    text_finish(&out);
}

static void streams_are_read_in_any_pieces(void **state)
{
    uint8_t *room = malloc(2 * ROOM);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
        size_t size = KINDS[i].pack(room);

        expect(&KINDS[i], view_of(room, size), size, ROOM, 1);
        expect(&KINDS[i], view_of(room, size), 1, 4096, 1);
        expect(&KINDS[i], view_of(room, size), 10000, 37, 1);
        memcpy(room + size, room, size);
        expect(&KINDS[i], view_of(room, 2 * size), 1000, 100000, 2);
        expect(&KINDS[i], view_of(room, 2 * size), 2 * size, 2 * raw_size, 2);
    }
    free(room);
}

static void truncated_inputs_are_refused(void **state)
{
    uint8_t *room = malloc(2 * ROOM);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
        size_t size = KINDS[i].pack(room);

        memcpy(room + size, room, size);
        for (size_t lost = 1; lost < 16; lost++)
            expect(&KINDS[i], view_of(room, size - lost), 5000, 65536, 0);
        expect(&KINDS[i], view_of(room, size / 2), 5000, 65536, 0);
        expect(&KINDS[i], view_of(room, 11), 5000, 65536, 0);
        expect(&KINDS[i], view_of(room, 2 * size - 9), 5000, 65536, 0);
        expect(&KINDS[i], view_of(room, size + 3), 5000, 65536, 0);
    }
    free(room);
}

static void damage_is_refused(void **state)
{
    uint8_t *room = malloc(ROOM);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
        size_t size = KINDS[i].pack(room);

        for (size_t at = 40; at < size; at += size / 9) {
            room[at] ^= 0x10;
            expect(&KINDS[i], view_of(room, size), 5000, 65536, 0);
            room[at] ^= 0x10;
        }
    }
    free(room);
}

static void trailing_bytes_are_refused(void **state)
{
    uint8_t *room = calloc(1, 2 * ROOM);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
        size_t size = KINDS[i].pack(room);

        memset(room + size, 0, 512);
        expect(&KINDS[i], view_of(room, size + KINDS[i].zeros), 5000, 65536, 1);
        if (KINDS[i].zeros == 0)
            expect(&KINDS[i], view_of(room, size + 512), 5000, 65536, 0);
        memcpy(room + size, "junk junk junk", 14);
        expect(&KINDS[i], view_of(room, size + 14), 5000, 65536, 0);
    }
    free(room);
}

/* A dictionary that needs too much memory is not an integrity error. */
static void too_much_memory_is_refused(void **state)
{
    uint8_t *room = malloc(ROOM);
    lzma_options_lzma options;
    lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    struct err err = {0};
    struct text out;
    size_t size = 0;
    /* a frame's header: a window of 2 GiB */
    static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8,
                                   0x01, 0x00, 0x00, 0x00, 0x00, 0x00};

    (void)state;
    text_init(&out, ROOM);
    assert_int_equal(read_all(view_of(zstd, sizeof zstd), 100, 100, &out, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_UNSUPPORTED);
    assert_false(lzma_lzma_preset(&options, 0));
    assert_int_equal(
        lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, raw, 1000, room, &size, ROOM),
        LZMA_OK);
    /* The dictionary's size is in the block header: 26 says 1.5 GiB or so; the header's CRC
     * follows. */
    for (size_t i = 12; i < 20; i++)
        if (room[i] == 0x21 && room[i + 1] == 1) {
            uint32_t sum;

            room[i + 2] = 38;
            sum = lzma_crc32(room + 12, (size_t)room[12] * 4, 0);
            for (unsigned k = 0; k < 4; k++)
                room[12 + room[12] * 4 + k] = (uint8_t)(sum >> 8 * k);
        }
    assert_int_equal(read_all(view_of(room, size), 100, 100, &out, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_UNSUPPORTED);
    text_finish(&out);
    free(room);
}

/* A window of 8 MiB suits both limits, one of 16 MiB only that of an input. */
static void a_window_has_the_limit_of_the_reader(void **state)
{
    static const size_t limits[] = {UNPACK_MEMORY_BUCKET, UNPACK_MEMORY_MAX};
    uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68, 0x09, 0x00, 0x00, 's'}; /* raw: "s" */
    struct err err = {0};
    struct text out;

    (void)state;
    text_init(&out, ROOM);
    for (unsigned i = 0; i < 4; i++) {
        int answer;

        memory_limit = limits[i % 2];
        frame[5] = i < 2 ? 0x68 : 0x70;
        answer = read_all(view_of(frame, sizeof frame), 100, 100, &out, &err);
        assert_int_equal(answer, i == 2 ? ERR_FAIL : 0);
        if (answer) {
            assert_int_equal(err.family, ERR_UNSUPPORTED);
            assert_non_null(strstr(err.text, "more than 8 MiB"));
        }
    }
    memory_limit = UNPACK_MEMORY_MAX;
    text_finish(&out);
}

/* Only a certain match counts as a packing. */
static void packings_are_known_by_their_first_bytes(void **state)
{
    static const char *const others[] = {
        "", "BZ", "BZh9-image/layer", "zstd", "blobs/sha256/", "\xfd\x37zX"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        assert_null(packing_of(view_str(others[i])));
    assert_string_equal(packing_of(view_str("\x50\x2a\x4d\x18"
                                            "skip"))
                            ->name,
                        "zstd");
    assert_string_equal(packing_of(view_str("BZh1\x17\x72\x45\x38\x50\x90"))->name, "bzip2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_read_in_any_pieces),
        cmocka_unit_test(truncated_inputs_are_refused),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(trailing_bytes_are_refused),
        cmocka_unit_test(too_much_memory_is_refused),
        cmocka_unit_test(a_window_has_the_limit_of_the_reader),
        cmocka_unit_test(packings_are_known_by_their_first_bytes),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
