/* The table of codecs, and the packers behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/codec/codec.h"
#include "pack/codec/gzip_fast.h"

#define LARGEST (256 * KIB)

static void names_are_read_as_they_are_written(void **state)
{
    enum codec codec = CODEC_GZIP;

    (void)state;
    assert_true(codec_parse(codec_name(CODEC_ZSTD), &codec));
    assert_int_equal(codec, CODEC_ZSTD);
    assert_true(codec_parse(codec_name(CODEC_GZIP), &codec));
    assert_int_equal(codec, CODEC_GZIP);
    assert_false(codec_parse("Gzip", &codec));
    assert_false(codec_parse("", &codec));
    assert_int_equal(codec, CODEC_GZIP);
}

static void levels_outside_the_range_are_refused(void **state)
{
    static const struct codec_choice choices[] = {{CODEC_GZIP, -1}, {CODEC_GZIP, 13},
                                                  {CODEC_GZIP, 19}, {CODEC_ZSTD, -1},
                                                  {CODEC_ZSTD, 20}, {CODEC_ZSTD, 1000}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
        struct err err = {0};

        assert_null(packer_create(&choices[i], &err));
        assert_int_equal(err.family, ERR_USAGE);
        assert_string_equal(err.code, "level");
    }
    packer_destroy(NULL);
    unpacker_destroy(NULL);
}

static void the_writer_names_recipe_library_and_level(void **state)
{
    char writer[CODEC_WRITER_SIZE];

    (void)state;
    codec_writer(&(struct codec_choice){CODEC_GZIP, 12}, writer);
    assert_memory_equal(writer, "s3dock/1 libdeflate 1.", 22);
    assert_non_null(strstr(writer, " level 12"));
    codec_writer(&(struct codec_choice){CODEC_GZIP, CODEC_FASTEST}, writer);
    assert_memory_equal(writer, "s3dock/1 ", 9);
    assert_non_null(strstr(writer, " level 1"));
    assert_int_equal(!strstr(writer, "isa-l"), !gzip_fast_writer());
    assert_int_equal(!strstr(writer, "libdeflate"), gzip_fast_writer() != NULL);
    codec_writer(&(struct codec_choice){CODEC_ZSTD, 19}, writer);
    assert_memory_equal(writer, "s3dock/2 libzstd 1.", 19);
    assert_non_null(strstr(writer, " level 19"));
    codec_writer(&(struct codec_choice){CODEC_ZSTD, CODEC_FASTEST}, writer);
    assert_non_null(strstr(writer, " level 1"));
}

/* One limit serves for both codecs. */
static void the_stored_forms_are_within_the_limits(void **state)
{
    (void)state;
    for (size_t size = 1; size <= LARGEST + KIB; size += size < 300 ? 1 : 4099) {
        assert_true(codec_stored_size(CODEC_ZSTD, size) < codec_stored_size(CODEC_GZIP, size));
        assert_true(codec_stored_size(CODEC_GZIP, size) == codec_packed_max(size));
        assert_true(codec_packed_max(size) < codec_bound(size));
        assert_true(codec_stored_size(CODEC_ZSTD, size) >= CODEC_PACKED_LEAST(CODEC_ZSTD));
    }
    assert_int_equal(codec_stored_size(CODEC_ZSTD, 1), CODEC_PACKED_LEAST(CODEC_ZSTD));
}

/* Each codec refuses the chunks of the other one. */
static void a_chunk_has_one_codec(void **state)
{
    static const enum codec codecs[] = {CODEC_GZIP, CODEC_ZSTD};
    uint8_t raw[1000], again[1000], *out = malloc(codec_bound(sizeof raw));
    struct err err = {0};
    struct unpacker *unpacker = unpacker_create(&err);

    (void)state;
    memset(raw, 'x', sizeof raw);
    for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
        struct packer *packer =
            packer_create(&(struct codec_choice){codecs[i], CODEC_FASTEST}, &err);
        struct view packed =
            view_of(out, packer_pack(packer, view_of(raw, sizeof raw), false, out));

        assert_int_equal(unpacker_unpack(unpacker, codecs[i], packed, again, sizeof raw, &err), 0);
        assert_memory_equal(raw, again, sizeof raw);
        assert_int_equal(unpacker_unpack(unpacker, codecs[1 - i], packed, again, sizeof raw, &err),
                         ERR_FAIL);
        assert_string_equal(err.code, "chunk");
        packer_destroy(packer);
    }
    unpacker_destroy(unpacker);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_as_they_are_written),
        cmocka_unit_test(levels_outside_the_range_are_refused),
        cmocka_unit_test(the_writer_names_recipe_library_and_level),
        cmocka_unit_test(the_stored_forms_are_within_the_limits),
        cmocka_unit_test(a_chunk_has_one_codec),
    };

    return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
