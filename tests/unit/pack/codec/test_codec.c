/* The table of codecs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pack/codec/codec.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_read_as_they_are_written)};

    return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
