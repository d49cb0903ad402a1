#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "kit/tarball.h"
#include "pack/codec/codec.h"
#include "pack/codec/compressible.h"

static uint8_t bytes[64 * 1024];
static uint8_t out[128 * 1024];

static void noise_is_noise(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        noise(bytes, sizeof bytes, seed);
        assert_true(is_incompressible(view_of(bytes, sizeof bytes)));
    }
}

static void text_and_zeros_are_not(void **state)
{
    (void)state;
    memset(bytes, 0, sizeof bytes);
    assert_false(is_incompressible(view_of(bytes, sizeof bytes)));
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) "the quick brown fox jumps over the lazy dog"[i * 7 % 43];
    assert_false(is_incompressible(view_of(bytes, sizeof bytes)));
}

static void seven_bit_noise_is_not(void **state)
{
    (void)state;
    noise(bytes, sizeof bytes, 7);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] &= 0x7f;
    assert_false(is_incompressible(view_of(bytes, sizeof bytes)));
}

static void little_is_never_noise(void **state)
{
    (void)state;
    noise(bytes, sizeof bytes, 3);
    for (size_t size = 0; size < 8192; size += 511)
        assert_false(is_incompressible(view_of(bytes, size)));
}

/* Values are distributed like noise, but the same kilobyte repeats: the packer must compress it. */
static void repeated_noise_is_still_deflated(void **state)
{
    struct err err;
    struct packer *packer = packer_create(&(struct codec_choice){CODEC_GZIP, 6}, &err);

    (void)state;
    assert_non_null(packer);
    noise(bytes, 4096, 5);
    for (size_t at = 4096; at < sizeof bytes; at += 4096)
        memcpy(bytes + at, bytes, 4096);
    assert_true(packer_pack(packer, view_of(bytes, sizeof bytes), false, out) < 8192);
    packer_destroy(packer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_noise),
        cmocka_unit_test(text_and_zeros_are_not),
        cmocka_unit_test(seven_bit_noise_is_not),
        cmocka_unit_test(little_is_never_noise),
        cmocka_unit_test(repeated_noise_is_still_deflated),
    };

    return cmocka_run_group_tests_name("density", tests, NULL, NULL);
}
