/* The cost of a pull: ranges and bytes by the gap that is bridged, and the choice of that gap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "pack/index/extent_cost.h"

static struct err err;

static void add(struct object_runs *runs, unsigned object, uint64_t offset, uint64_t size)
{
    struct object_run run = {.object = object, .offset = offset, .size = size};

    assert_int_equal(object_runs_add(runs, &run, &err), 0);
}

/* Pieces of `size` bytes, `gap` bytes apart, in one object. */
static struct object_runs pieces(unsigned count, uint64_t size, uint64_t gap)
{
    struct object_runs runs = {0};

    for (unsigned i = 0; i < count; i++)
        add(&runs, 0, i * (size + gap), size);
    return runs;
}

static void costs_follow_gaps_and_ranges(void **state)
{
    static const struct {
        uint64_t gap, range, ranges, bytes;
    } rows[] = {
        {0, 100, 4, 240},  /* nothing is bridged */
        {9, 100, 4, 240},  /* one byte too short */
        {10, 100, 4, 250}, /* 100 + 10 + 30: two ranges */
        {10, 1000, 3, 250}, {50, 1000, 2, 300},
        {50, 50, 6, 300},   {UINT64_MAX, UINT64_MAX / 2, 2, 300}, /* never across objects */
    };
    struct object_runs runs = {0};

    (void)state;
    add(&runs, 0, 1000, 100);
    add(&runs, 0, 1110, 30);
    add(&runs, 0, 1190, 10);
    add(&runs, 1, 1200, 100);
    object_runs_sort(&runs);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct extent_cost cost = extent_cost_of(&runs, rows[i].gap, rows[i].range);

        assert_int_equal(cost.ranges, rows[i].ranges);
        assert_int_equal(cost.bytes, rows[i].bytes);
    }
    object_runs_finish(&runs);
    assert_int_equal(extent_cost_of(&runs, 0, 1).ranges, 0);
}

/* The shortest sufficient bridge; otherwise the longest within the bytes. */
static void the_bridge_is_the_shortest_that_suffices(void **state)
{
    static const struct extent_limits limits = {.ranges = 1.4, .bytes = 1.039};
    static const struct {
        uint64_t size, gap;
        bool within;
        uint64_t bridge;
    } rows[] = {
        {8 * MIB, MIB, true, 4 * KIB}, /* no bridge is needed */
        {512 * KIB, 3 * KIB, true, 4 * KIB},
        {512 * KIB, 10 * KIB, true, 16 * KIB},
        {4 * MIB / 10, 40 * KIB, false, 32 * KIB}, /* 10 % of the bytes */
        {64 * KIB, 4 * KIB, false, 4 * KIB},       /* 6 % with the least bridge */
        {512 * KIB, 300 * KIB, false, 256 * KIB},  /* longer than the longest bridge */
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct object_runs runs = pieces(100, rows[i].size, rows[i].gap);
        uint64_t bridge;

        assert_int_equal(extent_bridge_of(&runs, 8 * MIB, &limits, &bridge), rows[i].within);
        assert_int_equal(bridge, rows[i].bridge);
        object_runs_finish(&runs);
    }
}

/* A few more ranges are no scatter: an image of one range may lie in several objects. */
static void spare_ranges_count(void **state)
{
    struct extent_limits limits = {.ranges = 1.6, .bytes = 1.04};
    struct object_runs runs = {0};
    uint64_t bridge;

    (void)state;
    for (unsigned i = 0; i < 16; i++)
        add(&runs, i, 0, 1000);
    assert_false(extent_bridge_of(&runs, 8 * MIB, &limits, &bridge));
    limits.spare = 16;
    assert_true(extent_bridge_of(&runs, 8 * MIB, &limits, &bridge));
    object_runs_finish(&runs);
}

/* Two sections: one with two extents, of which one is a repeat, and one in another object. */
static void an_index_is_followed(void **state)
{
    struct index_chunk chunks[] = {{.packed_size = 10}, {.packed_size = 30}, {.packed_size = 10}};
    struct index_extent two[] = {{.chunks = 2, .offset = 100}, {.chunks = 1, .offset = 100}};
    struct index_extent one[] = {{.chunks = 2, .object = 3, .offset = 7}};
    struct index_section sections[] = {
        {.chunk_count = 3, .extent_count = 2, .chunks = chunks, .extents = two},
        {.chunk_count = 2, .extent_count = 1, .chunks = chunks, .extents = one},
    };
    static const bool second[] = {false, true};
    struct index index = {.section_count = 2, .sections = sections, .object_count = 4};
    uint64_t used[INDEX_OBJECTS_MAX], bridge;
    struct extent_limits limits = {.ranges = 1, .bytes = 1};
    struct extent_cost cost;

    (void)state;
    assert_int_equal(extent_used(&index, used, &err), 0);
    assert_int_equal(used[0], 40);
    assert_int_equal(used[3], 40);
    assert_int_equal(used[1] + used[2] + used[4], 0);
    assert_int_equal(extent_cost(&index, NULL, 0, MIB, &cost, &err), 0);
    assert_int_equal(cost.ranges, 2);
    assert_int_equal(cost.bytes, 80);
    assert_int_equal(extent_cost(&index, second, 0, 20, &cost, &err), 0);
    assert_int_equal(cost.ranges, 2);
    assert_int_equal(cost.bytes, 40);
    assert_false(extent_bridge(&index, NULL, MIB, &limits, &bridge));
    assert_true(extent_bridge(&index, second, MIB, &limits, &bridge));
    assert_int_equal(bridge, EXTENT_BRIDGE_LEAST);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs_follow_gaps_and_ranges),
        cmocka_unit_test(the_bridge_is_the_shortest_that_suffices),
        cmocka_unit_test(spare_ranges_count),
        cmocka_unit_test(an_index_is_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
