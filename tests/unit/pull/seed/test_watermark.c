/*
 * The position of a seed scan among the needed chunks, derived from the chunks that it finds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "pull/plan/needed_chunks.h"
#include "pull/seed/watermark.h"

#define CHUNKS 4000
#define PACKED (32 * KIB) /* the scan may skip 128 of them at once */

static struct needed_chunk chunks[CHUNKS];
static struct needed_chunks needed = {.count = CHUNKS, .chunks = chunks, .seed_fd = -1};
static struct watermark mark;

static int begin(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CHUNKS; i++)
        chunks[i] = (struct needed_chunk){
            .chunk.packed_size = PACKED, .seed_offset = NEEDED_FROM_ARCHIVE, .original = i};
    watermark_init(&mark, &needed);
    return 0;
}

static void find(uint32_t number)
{
    chunks[number].seed_offset = number;
    watermark_found(&mark, number);
}

static void find_all(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        find(i);
}

static void a_row_of_finds_moves_the_watermark(void **state)
{
    (void)state;
    find_all(0, WATERMARK_BEHIND);
    assert_int_equal(mark.at, 0);
    find_all(WATERMARK_BEHIND, 1000);
    assert_int_equal(mark.at, 999 - WATERMARK_BEHIND);
}

static void missing_chunks_within_a_row_are_fetched(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3000; i++)
        if (i % 8)
            find(i);
    assert_int_equal(mark.at, 2999 - WATERMARK_BEHIND);
}

static void single_finds_do_not_move_it(void **state)
{
    (void)state;
    find_all(0, 200);
    find(2000); /* a chunk of a common file */
    assert_int_equal(mark.at, 199 - WATERMARK_BEHIND);
    find_all(3000, 3000 + WATERMARK_ROW - 2);
    assert_int_equal(mark.at, 199 - WATERMARK_BEHIND);
    find_all(200, 200 + WATERMARK_ROW); /* back in order, a new row */
    assert_int_equal(mark.at, 199 + WATERMARK_ROW - WATERMARK_BEHIND);
}

static void it_skips_small_gaps(void **state)
{
    (void)state;
    find_all(0, 200);
    find_all(300, 400);
    assert_int_equal(mark.at, 399 - WATERMARK_BEHIND);
}

static void it_waits_at_large_gaps(void **state)
{
    (void)state;
    find_all(0, 200);
    find_all(200 + WATERMARK_LEAP / PACKED + WATERMARK_BEHIND + 2, CHUNKS); /* other order */
    assert_true(mark.at < 200);
    find_all(200, 300);
    assert_true(mark.at > 200); /* the missing chunk has come */
}

static void kept_chunks_are_not_missing(void **state)
{
    (void)state;
    for (uint32_t i = 200; i < 2000; i++)
        chunks[i].kept = true;
    find_all(0, 200);
    find_all(2000, 2100);
    assert_int_equal(mark.at, 2099 - WATERMARK_BEHIND);
}

/* Tiny chunks that never let the watermark advance: a naive search would visit all missing chunks.
 */
static void work_is_linear(void **state)
{
    enum { MANY = 400000, MISSING = MANY / 2 };
    struct needed_chunk *tiny = calloc(MANY, sizeof *tiny);
    struct needed_chunks hostile = {.count = MANY, .chunks = tiny, .seed_fd = -1};

    (void)state;
    assert_non_null(tiny);
    for (uint32_t i = 0; i < MANY; i++)
        tiny[i] = (struct needed_chunk){.chunk.packed_size = WATERMARK_LEAP / MISSING + 1,
                                        .seed_offset = NEEDED_FROM_ARCHIVE,
                                        .original = i};
    watermark_init(&mark, &hostile);
    for (uint32_t i = MISSING + WATERMARK_BEHIND; i < MANY; i++) {
        tiny[i].seed_offset = i;
        watermark_found(&mark, i);
    }
    assert_int_equal(mark.at, 0);
    assert_true(mark.looks <= (uint64_t)WATERMARK_LOOKS * MANY + MANY);
    free(tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_row_of_finds_moves_the_watermark, begin),
        cmocka_unit_test_setup(missing_chunks_within_a_row_are_fetched, begin),
        cmocka_unit_test_setup(single_finds_do_not_move_it, begin),
        cmocka_unit_test_setup(it_skips_small_gaps, begin),
        cmocka_unit_test_setup(it_waits_at_large_gaps, begin),
        cmocka_unit_test_setup(kept_chunks_are_not_missing, begin),
        cmocka_unit_test(work_is_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
