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
    forage = prefetch_create(&needed, &err);
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
    struct span *span = prefetch_next(forage, limit);

    assert_non_null(span);
    assert_int_equal(span->op.offset, (uint64_t)first * PACKED);
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

    assert_null(prefetch_next(forage, CHUNKS));
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
    assert_null(prefetch_next(forage, 10));
    assert_int_equal(prefetch_settled(forage), 10);
    struct span *a = next(15, 10, 5);

    assert_null(prefetch_next(forage, 15));
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
    struct span *a = prefetch_next(forage, CHUNKS);

    assert_int_equal(a->op.length, 2 * PACKED + RANGE_PLAN_BRIDGE);
    prefetch_done(forage, a, true);
    assert_true(chunks[0].fetched && !chunks[1].fetched && chunks[2].fetched);
    for (uint32_t left = 100; left;) {
        struct span *span = prefetch_next(forage, CHUNKS);

        assert_in_range(span->op.length, PACKED, PREFETCH_RANGE);
        left -= (uint32_t)(span->op.length / PACKED);
        prefetch_done(forage, span, true);
    }
    assert_null(prefetch_next(forage, CHUNKS));
}

static void kept_chunks_and_long_runs_are_skipped(void **state)
{
    (void)state;
    lack(0, 3);
    chunks[0].kept = true;
    chunks[1].chunk.packed_size = PREFETCH_RANGE + 1;
    chunks[2].packed_offset = chunks[1].packed_offset + PREFETCH_RANGE + 1;
    struct span *span = prefetch_next(forage, CHUNKS);

    assert_int_equal(span->op.offset, chunks[2].packed_offset);
    prefetch_done(forage, span, true);
    assert_false(chunks[1].fetched);
}

static void the_number_of_requests_is_limited(void **state)
{
    struct span *spans[PREFETCH_SPANS];

    (void)state;
    for (uint32_t i = 0; i < CHUNKS; i += 2)
        lack(i, i + 1);
    for (uint32_t i = 0; i < PREFETCH_SPANS; i++)
        spans[i] = next(CHUNKS, 2 * i, 1);
    assert_null(prefetch_next(forage, CHUNKS));
    assert_int_equal(prefetch_settled(forage), 0);
    prefetch_done(forage, spans[0], true);
    assert_int_equal(prefetch_settled(forage), 2);
    spans[0] = next(CHUNKS, 2 * PREFETCH_SPANS, 1);
    for (uint32_t i = 0; i < PREFETCH_SPANS; i++)
        prefetch_done(forage, spans[i], true);
}

static void a_full_partial_download_ends_the_prefetch(void **state)
{
    (void)state;
    lack(0, CHUNKS);
    struct span *a = prefetch_next(forage, CHUNKS), *b = prefetch_next(forage, CHUNKS);
    uint32_t second = (uint32_t)b->number;

    prefetch_done(forage, a, false);
    assert_null(prefetch_next(forage, CHUNKS));
    assert_int_equal(prefetch_settled(forage), second);
    prefetch_done(forage, b, true);
    assert_int_equal(prefetch_settled(forage), CHUNKS); /* the stream fetches the rest itself */
    assert_false(chunks[0].fetched);
    assert_true(chunks[second].fetched);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
