/* The needed chunks of a pull, and the ranges that fetch them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/err.h"
#include "pull/plan/needed_chunks.h"
#include "pull/plan/range_plan.h"

#define CHUNKS 100

static struct index_chunk chunks[CHUNKS];
static struct index_section sections[2];
static struct index_extent extents[2] = {{.chunks = 50}, {.chunks = 50, .offset = 25000}};
static struct index_object object = {.size = 50000, .codec = CODEC_GZIP};
static struct index index_ = {
    .section_count = 2, .sections = sections, .object_count = 1, .objects = &object};

/* Two sections of 50 chunks: 1000 raw bytes each, 500 packed. */
static void make_index(void)
{
    for (unsigned i = 0; i < CHUNKS; i++) {
        unsigned text = i == 77 ? 3 : i; /* a duplicate */

        chunks[i] = (struct index_chunk){.raw_size = 1000, .packed_size = 500};
        chunks[i].name = chunk_name_of(NAME_SHA256, &text, sizeof text);
    }
    for (unsigned i = 0; i < 2; i++)
        sections[i] = (struct index_section){.layer = INDEX_REST,
                                             .raw_offset = 50000 * i,
                                             .raw_size = 50000,
                                             .packed_size = 25000,
                                             .chunk_count = 50,
                                             .extent_count = 1,
                                             .extents = &extents[i],
                                             .chunks = chunks + 50 * (size_t)i};
}

static void ranges_become_chunks(void **state)
{
    static const struct {
        struct raw_range ranges[2];
        unsigned count, chunks;
        bool need[2];
    } cases[] = {
        {{{0, 100000}}, 1, 100, {true, true}},
        {{{0, 1}}, 1, 1, {true, false}},
        {{{999, 2}}, 1, 2, {true, false}},
        {{{49000, 2000}}, 1, 2, {true, true}},
        {{{5000, 1000}, {70000, 1500}}, 2, 3, {true, true}},
        {{{5000, 100}, {5200, 100}}, 2, 1, {true, false}},
        {{{5000, 0}, {99999, 1}}, 2, 1, {false, true}},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        bool need[2];
        struct needed_chunks *needed =
            needed_create(&index_, cases[i].ranges, cases[i].count, &err);

        needed_sections(&index_, cases[i].ranges, cases[i].count, need);
        assert_non_null(needed);
        assert_int_equal(needed->count, cases[i].chunks);
        assert_int_equal(needed->packed_size, 500 * cases[i].chunks);
        assert_memory_equal(need, cases[i].need, sizeof need);
        needed_destroy(needed);
    }
}

static void a_chunk_that_is_found_serves_its_duplicates(void **state)
{
    const struct raw_range all = {0, 100000};
    struct err err;
    struct needed_chunks *needed = needed_create(&index_, &all, 1, &err);
    struct chunk_name unknown = {{1}};

    (void)state;
    assert_int_equal(needed_by_name(needed, &err), 0);
    assert_null(needed_find(needed, &unknown, 1000));
    assert_null(needed_find(needed, &chunks[3].name, 999));
    assert_ptr_equal(needed_find(needed, &chunks[77].name, 1000), &needed->chunks[3]);
    needed_find(needed, &chunks[77].name, 1000)->seed_offset = 4711;
    assert_int_equal(needed_place(needed, &needed->chunks[77]), 4711);
    assert_int_equal(needed_place(needed, &needed->chunks[78]), NEEDED_FROM_ARCHIVE);
    assert_int_equal(needed_missing(needed), 98 * 500);
    assert_false(needed_misses(needed, needed->chunks[3].raw_offset));
    assert_false(needed_misses(needed, needed->chunks[77].raw_offset));
    assert_true(needed_misses(needed, needed->chunks[78].raw_offset));
    assert_true(needed_misses(needed, needed->chunks[0].raw_offset));
    assert_true(needed_misses(needed, needed->chunks[99].raw_offset));
    assert_false(needed_misses(needed, needed->chunks[99].raw_offset + 1));
    needed->chunks[78].kept = true;
    assert_false(needed_misses(needed, needed->chunks[78].raw_offset));
    needed_destroy(needed);
}

/* The second section refers to the places of the first one, as a thin image may. */
static void repeats_count_once(void **state)
{
    const struct raw_range all = {0, 100000};
    struct err err;
    struct needed_chunks *needed;

    (void)state;
    extents[1].offset = 5000; /* places of the chunks 10 to 49, and ten more */
    needed = needed_create(&index_, &all, 1, &err);
    extents[1].offset = 25000;
    assert_non_null(needed);
    for (unsigned i = 0; i < CHUNKS; i++)
        assert_int_equal(needed->chunks[i].repeat, i >= 50 && i < 90);
    assert_int_equal(needed_missing(needed), 60 * 500);
    assert_true(needed_counts(needed, &needed->chunks[10]));
    assert_false(needed_counts(needed, &needed->chunks[50]));
    assert_true(needed_misses(needed, needed->chunks[50].raw_offset));
    needed->chunks[10].kept = needed->chunks[50].kept = true;
    assert_int_equal(needed_missing(needed), 59 * 500);
    needed_destroy(needed);
}

/* Every chunk once, in order, in ranges without long gaps. */
static void spans_fetch_one_range_each(void **state)
{
    const struct raw_range all = {0, 100000};
    struct err err;
    struct needed_chunks *needed = needed_create(&index_, &all, 1, &err);
    struct buffer buffer = {.aux = calloc(1, sizeof(struct span))};
    uint64_t fetched = 0, gets = 0;
    struct range_plan plan;
    uint32_t seen = 0;

    (void)state;
    for (unsigned i = 10; i < 30; i++) /* 10,000 packed bytes: too long a gap */
        needed->chunks[i].seed_offset = 1000 * i;
    for (unsigned i = 60; i < 67; i++) /* 3,500: short enough */
        needed->chunks[i].seed_offset = 1000 * i;
    range_plan_init(&plan, needed, NULL, 50000, 20000, 30000);
    while (!range_plan_done(&plan)) {
        struct span *span = span_of(&buffer);
        size_t raw = 0;

        assert_int_equal(range_plan_next(&plan, span, &err), 0);
        for (unsigned i = 0; i < span->count; i++, seen++) {
            const struct span_chunk *chunk = &span->chunks[i];

            assert_int_equal(chunk->raw_offset, 1000 * seen);
            raw += chunk->chunk.raw_size;
            if (chunk->from == SPAN_FROM_SEED)
                assert_int_equal(chunk->at, 1000 * seen);
            else
                assert_int_equal(span->address + chunk->at, 500 * seen);
        }
        assert_true(raw <= 30000 && span->op.length <= 20000);
        fetched += span->op.length;
        gets += span->op.length > 0;
    }
    assert_int_equal(seen, 100);
    assert_true(fetched <= 45000 && fetched >= 35000);
    assert_true(gets <= 6);
    needed_destroy(needed);
    free(buffer.aux);
}

/* The second section is in another object, which follows the first one in the address space. */
static void a_range_ends_with_its_object(void **state)
{
    const struct raw_range all = {0, 100000};
    struct index_object objects[2] = {{.size = 25000, .codec = CODEC_GZIP},
                                      {.size = 25000, .codec = CODEC_ZSTD, .base = 25000}};
    struct index_extent second = {.chunks = 50, .object = 1};
    struct index two = index_;
    struct buffer buffer = {.aux = calloc(1, sizeof(struct span))};
    struct needed_chunks *needed;
    struct range_plan plan;
    struct err err;

    (void)state;
    two.object_count = 2;
    two.objects = objects;
    sections[1].extents = &second;
    needed = needed_create(&two, &all, 1, &err);
    range_plan_init(&plan, needed, NULL, 50000, 50000, 100000);
    for (unsigned i = 0; i < 2; i++) {
        struct span *span = span_of(&buffer);

        assert_int_equal(range_plan_next(&plan, span, &err), 0);
        assert_int_equal(span->count, 50);
        assert_int_equal(span->address, 25000 * i);
        assert_int_equal(span->op.length, 25000);
        assert_int_equal(span->chunks[0].codec, objects[i].codec);
    }
    assert_true(range_plan_done(&plan));
    sections[1].extents = &extents[1];
    needed_destroy(needed);
    free(buffer.aux);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_become_chunks),
        cmocka_unit_test(a_chunk_that_is_found_serves_its_duplicates),
        cmocka_unit_test(repeats_count_once),
        cmocka_unit_test(spans_fetch_one_range_each),
        cmocka_unit_test(a_range_ends_with_its_object),
    };

    make_index();
    return cmocka_run_group_tests_name("needed_chunks", tests, NULL, NULL);
}
