/*
 * The chunks that the prefetch fetches, and how far the stream may follow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/err.h"
#include "pull/plan/prefetch.h"
#include "pull/plan/range_plan.h"
#include "pull/plan/span.h"

#define CHUNKS 1000
#define PACKED (16 * KIB)

static struct needed_chunk chunks[CHUNKS];
static struct needed_chunks needed = {.count = CHUNKS, .chunks = chunks, .seed_fd = -1};
static struct prefetch *forage;

/* Like that of a whole image with a seed. */
#define RANGE (384 * KIB)
#define SPANS 32
static const struct prefetch_options ALONG = {.range = RANGE, .spans = SPANS, .ahead = UINT64_MAX};

/* Every chunk is on this host, except those that a test removes. */
static int begin(void **state)
{
    struct err err;

    (void)state;
    for (uint32_t i = 0; i < CHUNKS; i++)
        chunks[i] = (struct needed_chunk){.chunk.packed_size = PACKED,
                                          .packed_offset = (uint64_t)i * PACKED,
                                          .seed_offset = i,
                                          .original = i};
    forage = prefetch_create(&needed, &ALONG, &err);
    return forage ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    prefetch_destroy(forage);
    return 0;
}

static void lack(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        chunks[i].seed_offset = NEEDED_FROM_ARCHIVE;
}

static struct span *next(uint32_t limit, uint32_t first, uint32_t count)
{
    struct span *span = prefetch_next(forage, limit, RANGE, RANGE_PLAN_BRIDGE);

    assert_non_null(span);
    assert_int_equal(span->address, (uint64_t)first * PACKED);
    assert_int_equal(span->op.length, (uint64_t)count * PACKED);
    assert_int_equal(span->in_size, span->op.length);
    return span;
}

static void missing_chunks_are_fetched_and_marked(void **state)
{
    (void)state;
    lack(3, 5);
    lack(700, 701);
    struct span *a = next(CHUNKS, 3, 2), *b = next(CHUNKS, 700, 1);

    assert_null(prefetch_next(forage, CHUNKS, RANGE, RANGE_PLAN_BRIDGE));
    assert_int_equal(prefetch_out(forage), 2);
    prefetch_done(forage, b, true);
    assert_int_equal(prefetch_settled(forage), 3); /* the first request still runs */
    assert_false(chunks[3].fetched);
    prefetch_done(forage, a, true);
    assert_int_equal(prefetch_settled(forage), CHUNKS);
    for (uint32_t i = 0; i < CHUNKS; i++)
        assert_int_equal(chunks[i].fetched, i == 3 || i == 4 || i == 700);
}

static void the_prefetch_stops_at_the_watermark(void **state)
{
    (void)state;
    lack(10, 20);
    assert_null(prefetch_next(forage, 10, RANGE, RANGE_PLAN_BRIDGE));
    assert_int_equal(prefetch_settled(forage), 10);
    struct span *a = next(15, 10, 5);

    assert_null(prefetch_next(forage, 15, RANGE, RANGE_PLAN_BRIDGE));
    assert_int_equal(prefetch_settled(forage), 10);
    prefetch_done(forage, a, true);
    assert_int_equal(prefetch_settled(forage), 15);
    prefetch_done(forage, next(CHUNKS, 15, 5), true);
}

static void small_gaps_are_bridged_and_long_runs_cut(void **state)
{
    (void)state;
    chunks[1].chunk.packed_size = RANGE_PLAN_BRIDGE;
    for (uint32_t i = 2; i < CHUNKS; i++)
        chunks[i].packed_offset -= PACKED - RANGE_PLAN_BRIDGE;
    lack(0, 1);
    lack(2, 3);
    lack(100, 200);
    struct span *a = prefetch_next(forage, CHUNKS, RANGE, RANGE_PLAN_BRIDGE);

    assert_int_equal(a->op.length, 2 * PACKED + RANGE_PLAN_BRIDGE);
    prefetch_done(forage, a, true);
    assert_true(chunks[0].fetched && !chunks[1].fetched && chunks[2].fetched);
    for (uint32_t left = 100; left;) {
        struct span *span = prefetch_next(forage, CHUNKS, RANGE, RANGE_PLAN_BRIDGE);

        assert_in_range(span->op.length, PACKED, RANGE);
        left -= (uint32_t)(span->op.length / PACKED);
        prefetch_done(forage, span, true);
    }
    assert_null(prefetch_next(forage, CHUNKS, RANGE, RANGE_PLAN_BRIDGE));
}

static void kept_chunks_and_long_runs_are_skipped(void **state)
{
    (void)state;
    lack(0, 3);
    chunks[0].kept = true;
    chunks[1].chunk.packed_size = RANGE + 1;
    chunks[2].packed_offset = chunks[1].packed_offset + RANGE + 1;
    struct span *span = prefetch_next(forage, CHUNKS, RANGE, RANGE_PLAN_BRIDGE);

    assert_int_equal(span->address, chunks[2].packed_offset);
    prefetch_done(forage, span, true);
    assert_false(chunks[1].fetched);
}

static void the_number_of_requests_is_limited(void **state)
{
    struct span *spans[SPANS];

    (void)state;
    for (uint32_t i = 0; i < CHUNKS; i += 2)
        lack(i, i + 1);
    for (uint32_t i = 0; i < SPANS; i++)
        spans[i] = next(CHUNKS, 2 * i, 1);
    assert_null(prefetch_next(forage, CHUNKS, RANGE, RANGE_PLAN_BRIDGE));
    assert_int_equal(prefetch_settled(forage), 0);
    prefetch_done(forage, spans[0], true);
    assert_int_equal(prefetch_settled(forage), 2);
    spans[0] = next(CHUNKS, 2 * SPANS, 1);
    for (uint32_t i = 0; i < SPANS; i++)
        prefetch_done(forage, spans[i], true);
}

static void a_full_partial_download_ends_the_prefetch(void **state)
{
    (void)state;
    lack(0, CHUNKS);
    struct span *a = prefetch_next(forage, CHUNKS, RANGE, RANGE_PLAN_BRIDGE),
                *b = prefetch_next(forage, CHUNKS, RANGE, RANGE_PLAN_BRIDGE);
    uint32_t second = (uint32_t)b->number;

    prefetch_done(forage, a, false);
    assert_null(prefetch_next(forage, CHUNKS, RANGE, RANGE_PLAN_BRIDGE));
    assert_int_equal(prefetch_settled(forage), second);
    prefetch_done(forage, b, true);
    assert_int_equal(prefetch_settled(forage), CHUNKS); /* the stream fetches the rest itself */
    assert_false(chunks[0].fetched);
    assert_true(chunks[second].fetched);
}

/* ---- thin images ---- */

/* Chunks of a thin image, in the order of the stream. Addresses are in units of PACKED. */
static void place(const uint32_t *addresses, uint32_t count, uint32_t first_of_second_object)
{
    for (uint32_t i = 0; i < count; i++) {
        chunks[i].packed_offset = (uint64_t)addresses[i] * PACKED;
        chunks[i].object = addresses[i] >= first_of_second_object;
        chunks[i].seed_offset = NEEDED_FROM_ARCHIVE;
    }
    needed.count = count;
}

static uint64_t thin_bridge; /* of the thin image */

/* Creates the prefetch again, for the chunks as they are now. Sizes are in units of PACKED. */
static void begin_thin(uint64_t bridge, size_t range, uint64_t most_ahead)
{
    const struct prefetch_options options = {
        .range = range * PACKED, .spans = 4, .ahead = most_ahead * PACKED};
    struct err err;

    thin_bridge = bridge * PACKED;
    prefetch_destroy(forage);
    forage = prefetch_create(&needed, &options, &err);
    assert_non_null(forage);
}

static int end_thin(void **state)
{
    needed.count = CHUNKS;
    return end(state);
}

/* The next range begins at `address` and has `length` (in units); its first chunk is `number`. */
static struct span *next_thin(uint32_t number, uint64_t address, uint64_t length)
{
    struct span *span = prefetch_next(forage, needed.count, SIZE_MAX, thin_bridge);

    assert_non_null(span);
    assert_int_equal(span->number, number);
    assert_int_equal(span->address, address * PACKED);
    assert_int_equal(span->op.length, length * PACKED);
    assert_int_equal(span->in_size, span->op.length);
    return span;
}

static void ranges_follow_the_first_need_and_grow_in_the_object(void **state)
{
    (void)state;
    place((uint32_t[]){20, 21, 3, 22, 100, 23, 2, 5}, 8, 100);
    begin_thin(1, 16, 1000);
    struct span *a = next_thin(0, 20, 4), *b = next_thin(2, 3, 3), *c = next_thin(4, 100, 1),
                *d = next_thin(6, 2, 1);

    assert_int_equal(prefetch_settled(forage), 0);
    prefetch_done(forage, a, true);
    assert_int_equal(prefetch_settled(forage), 2);
    assert_true(chunks[0].fetched && chunks[1].fetched && chunks[3].fetched && chunks[5].fetched);
    assert_false(chunks[2].fetched || chunks[7].fetched);
    prefetch_done(forage, c, true);
    prefetch_done(forage, b, true);
    assert_true(chunks[2].fetched && chunks[7].fetched && !chunks[6].fetched);
    assert_null(prefetch_next(forage, needed.count, SIZE_MAX, thin_bridge));
    assert_int_equal(prefetch_settled(forage), 6);
    prefetch_done(forage, d, true);
    assert_int_equal(prefetch_settled(forage), 8);
}

static void a_range_ends_with_its_object(void **state)
{
    (void)state;
    place((uint32_t[]){98, 99, 100, 101}, 4, 100);
    begin_thin(4, 16, 1000);
    prefetch_done(forage, next_thin(0, 98, 2), true);
    prefetch_done(forage, next_thin(2, 100, 2), true);
}

static void gaps_longer_than_the_bridge_and_long_ranges_are_cut(void **state)
{
    (void)state;
    place((uint32_t[]){0, 3, 7, 8, 9, 10}, 6, 1000);
    begin_thin(2, 4, 1000);
    prefetch_done(forage, next_thin(0, 0, 4), true);
    prefetch_done(forage, next_thin(2, 7, 4), true);
    assert_null(prefetch_next(forage, needed.count, SIZE_MAX, thin_bridge));
    for (uint32_t i = 0; i < 6; i++)
        assert_true(chunks[i].fetched);
}

static void a_repeat_is_requested_once(void **state)
{
    (void)state;
    place((uint32_t[]){9, 7, 8, 9, 9, 7}, 6, 1000);
    begin_thin(0, 16, 1000);
    struct span *a = next_thin(0, 9, 1), *b = next_thin(1, 7, 2);

    assert_null(prefetch_next(forage, needed.count, SIZE_MAX, thin_bridge));
    prefetch_done(forage, a, true);
    prefetch_done(forage, b, true);
    for (uint32_t i = 0; i < 6; i++)
        assert_true(chunks[i].fetched);
}

/* A hostile index: chunks that begin inside of others, also longer ones at the same address. */
static void overlapping_chunks_are_requested(void **state)
{
    (void)state;
    place((uint32_t[]){4, 4, 5, 4}, 4, 1000);
    chunks[0].chunk.packed_size = 8 * PACKED;
    chunks[3].chunk.packed_size = 17 * PACKED;
    begin_thin(0, 16, 1000);
    prefetch_done(forage, next_thin(0, 4, 8), true);
    assert_null(prefetch_next(forage, needed.count, SIZE_MAX, thin_bridge));
    assert_true(chunks[0].fetched && chunks[1].fetched && chunks[2].fetched);
    assert_false(chunks[3].fetched); /* longer than a range: the stream fetches it */
    assert_int_equal(prefetch_settled(forage), 4);
}

static void chunks_behind_the_limit_are_not_claimed(void **state)
{
    (void)state;
    place((uint32_t[]){0, 2, 1, 3}, 4, 1000);
    begin_thin(2, 16, 1000);
    struct span *span = prefetch_next(forage, 2, SIZE_MAX, thin_bridge);

    assert_int_equal(span->in_size, 3 * PACKED);
    prefetch_done(forage, span, true);
    assert_true(chunks[0].fetched && chunks[1].fetched && !chunks[2].fetched);
    assert_null(prefetch_next(forage, 2, SIZE_MAX, thin_bridge));
    prefetch_done(forage, next_thin(2, 1, 3), true);
    assert_true(chunks[2].fetched && chunks[3].fetched);
}

static void requests_wait_for_the_stream(void **state)
{
    (void)state;
    place((uint32_t[]){0, 10, 20, 30, 1, 40}, 6, 1000);
    begin_thin(0, 16, 2);
    prefetch_done(forage, next_thin(0, 0, 2), true); /* claims chunk 4, too: not ahead yet */
    prefetch_done(forage, next_thin(1, 10, 1), true);
    assert_null(prefetch_next(forage, needed.count, SIZE_MAX, thin_bridge));
    assert_int_equal(prefetch_settled(forage), 2);
    prefetch_passed(forage, 1);
    prefetch_done(forage, next_thin(2, 20, 1), true);
    assert_null(prefetch_next(forage, needed.count, SIZE_MAX, thin_bridge));
    prefetch_passed(forage, 3);
    prefetch_done(forage, next_thin(3, 30, 1), true);
    assert_null(prefetch_next(forage, needed.count, SIZE_MAX, thin_bridge)); /* 3 and 4 are ahead */
    prefetch_passed(forage, 5);
    prefetch_done(forage, next_thin(5, 40, 1), true);
    assert_null(prefetch_next(forage, needed.count, SIZE_MAX, thin_bridge));
    assert_int_equal(prefetch_settled(forage), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(missing_chunks_are_fetched_and_marked, begin, end),
        cmocka_unit_test_setup_teardown(the_prefetch_stops_at_the_watermark, begin, end),
        cmocka_unit_test_setup_teardown(small_gaps_are_bridged_and_long_runs_cut, begin, end),
        cmocka_unit_test_setup_teardown(kept_chunks_and_long_runs_are_skipped, begin, end),
        cmocka_unit_test_setup_teardown(the_number_of_requests_is_limited, begin, end),
        cmocka_unit_test_setup_teardown(a_full_partial_download_ends_the_prefetch, begin, end),
        cmocka_unit_test_setup_teardown(ranges_follow_the_first_need_and_grow_in_the_object, begin,
                                        end_thin),
        cmocka_unit_test_setup_teardown(a_range_ends_with_its_object, begin, end_thin),
        cmocka_unit_test_setup_teardown(gaps_longer_than_the_bridge_and_long_ranges_are_cut, begin,
                                        end_thin),
        cmocka_unit_test_setup_teardown(a_repeat_is_requested_once, begin, end_thin),
        cmocka_unit_test_setup_teardown(overlapping_chunks_are_requested, begin, end_thin),
        cmocka_unit_test_setup_teardown(chunks_behind_the_limit_are_not_claimed, begin, end_thin),
        cmocka_unit_test_setup_teardown(requests_wait_for_the_stream, begin, end_thin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
