/* The table, the boundaries, and their independence of piece sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "kit/small.h"
#include "kit/tarball.h"
#include "pack/chunk/chunker.h"
#include "pack/chunk/gear.h"

#define SIZE (8 * MIB)

static uint8_t *bytes;

/* Finds the boundaries of a run with windows of at most `piece` bytes. Returns their number. */
static size_t cut_all(const struct chunk_params *params, const uint8_t *run, size_t size,
                      size_t piece, size_t *at, size_t room)
{
    struct chunker chunker;
    size_t done = 0, count = 0;

    chunker_init(&chunker, params);
    while (done < size) {
        bool cut = false;
        size_t window = size - done < piece ? size - done : piece;
        size_t used = chunker_scan(&chunker, run + done, window, &cut);

        assert_true(cut || used == window);
        done += used;
        if (cut) {
            assert_true(count < room);
            at[count++] = done;
        }
    }
    return count;
}

static void the_table_is_what_its_generator_makes(void **state)
{
    uint64_t x = UINT64_C(0x7333646f636b2f31);

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        uint64_t z = x += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        assert_true(GEAR[i] == (z ^ (z >> 31)));
    }
}

/* A slow implementation of the definition. */
static size_t first_cut_by_definition(const struct chunk_params *params, const uint8_t *run)
{
    unsigned bits = (unsigned)__builtin_ctz(params->average);

    for (size_t size = params->min + 1; size < params->max; size++) {
        unsigned zeros = size <= params->average ? bits + 2 : bits - 2;
        size_t from = size - 64 > params->min - 64 ? size - 64 : params->min - 64;
        uint64_t hash = 0;

        for (size_t i = from; i < size; i++)
            hash = (hash << 1) + GEAR[run[i]];
        if (hash >> (64 - zeros) == 0)
            return size;
    }
    return params->max;
}

static void boundaries_follow_the_definition(void **state)
{
    static const struct chunk_params params = {256, 1024, 4096};
    size_t *at = malloc(SIZE / params.min * sizeof *at), from = 0;
    size_t count = cut_all(&params, bytes, SIZE / 8, SIZE, at, SIZE / params.min);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(at[i] - from, first_cut_by_definition(&params, bytes + from));
        from = at[i];
    }
    assert_true(count > 500);
    free(at);
}

static void pieces_do_not_matter(void **state)
{
    static const size_t pieces[] = {1, 3, 63, 64, 65, 4096, 100000, SIZE};
    size_t whole[1024], at[1024];
    size_t count = cut_all(&CHUNK_DEFAULT, bytes, SIZE, SIZE, whole, 1024);

    (void)state;
    assert_in_range(SIZE / count, 48 * KIB, 96 * KIB);
    for (size_t i = test_is_small() ? 2 : 0; i < ARRAY_SIZE(pieces); i++) {
        assert_int_equal(cut_all(&CHUNK_DEFAULT, bytes, SIZE, pieces[i], at, 1024), count);
        assert_memory_equal(at, whole, count * sizeof *at);
    }
}

static void boundaries_come_back_after_an_insertion(void **state)
{
    size_t before[1024], after[1024], same = 0;
    uint8_t *longer = malloc(SIZE + 100);
    size_t count = cut_all(&CHUNK_DEFAULT, bytes, SIZE, SIZE, before, 1024), other;

    (void)state;
    memcpy(longer, bytes, MIB);
    memset(longer + MIB, 'x', 100);
    memcpy(longer + MIB + 100, bytes + MIB, SIZE - MIB);
    other = cut_all(&CHUNK_DEFAULT, longer, SIZE + 100, SIZE, after, 1024);
    for (size_t i = 0, k = 0; i < count; i++) {
        while (k < other && after[k] < before[i] + (before[i] > MIB ? 100 : 0))
            k++;
        same += k < other && after[k] == before[i] + (before[i] > MIB ? 100 : 0);
    }
    assert_true(same + 8 > count);
    free(longer);
}

static void zeros_are_cut_at_the_maximum(void **state)
{
    static const size_t pieces[] = {1, 7, 4096, MIB};
    uint8_t *zeros = calloc(1, MIB);
    size_t at[16];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        assert_int_equal(cut_all(&CHUNK_DEFAULT, zeros, MIB, pieces[i], at, 16), 4);
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(at[k], (k + 1) * 256 * KIB);
    }
    /* A byte far into a run of zeros is detected. */
    noise(zeros + MIB / 2, MIB / 2, 9);
    assert_true(cut_all(&CHUNK_DEFAULT, zeros, MIB, MIB, at, 16) > 4);
    free(zeros);
}

static void fixed_chunks_have_the_maximum_size(void **state)
{
    struct chunker chunker;
    bool cut;

    (void)state;
    chunker_init(&chunker, &CHUNK_DEFAULT);
    assert_int_equal(chunker_scan_fixed(&chunker, 100, &cut), 100);
    assert_false(cut);
    assert_int_equal(chunker_scan_fixed(&chunker, MIB, &cut), 256 * KIB - 100);
    assert_true(cut);
    assert_int_equal(chunker_scan_fixed(&chunker, MIB, &cut), 256 * KIB);
    assert_true(cut);
}

static void parameters_are_checked(void **state)
{
    static const struct {
        struct chunk_params params;
        bool valid;
    } cases[] = {
        {{16384, 65536, 262144}, true},   {{64, 256, 256}, true},
        {{65536, 65536, 65536}, true},    {{63, 256, 1024}, false},
        {{64, 128, 1024}, false},         {{64, 300, 1024}, false},
        {{1024, 512, 2048}, false},       {{64, 4096, 2048}, false},
        {{64, 65536, 262145}, false},     {{0, 0, 0}, false},
        {{64, 65536, UINT32_MAX}, false}, {{64, 1u << 31, UINT32_MAX}, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(chunk_params_valid(&cases[i].params), cases[i].valid);
    assert_true(chunk_params_valid(&CHUNK_DEFAULT));
}

static int setup(void **state)
{
    (void)state;
    bytes = malloc(SIZE);
    noise(bytes, SIZE, 42);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(bytes);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_what_its_generator_makes),
        cmocka_unit_test(boundaries_follow_the_definition),
        cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(boundaries_come_back_after_an_insertion),
        cmocka_unit_test(zeros_are_cut_at_the_maximum),
        cmocka_unit_test(fixed_chunks_have_the_maximum_size),
        cmocka_unit_test(parameters_are_checked),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
