/* Known chunks: added chunks are found, runs continue, names of a hostile index do no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kit/small.h"
#include "pack/index/chunk_lookup.h"

static struct err err;

static struct chunk_name name_of(uint64_t n)
{
    return chunk_name_of(NAME_SHA256, &n, sizeof n);
}

/* An index of one section with these names. Chunk i has 1000 + name raw and 20 + i packed bytes. */
struct made {
    struct index index;
    struct index_section section;
    struct index_extent extent;
};

static void make(struct made *made, const uint64_t *names, uint32_t count)
{
    memset(made, 0, sizeof *made);
    made->section.chunks = calloc(count, sizeof *made->section.chunks);
    assert_non_null(made->section.chunks);
    made->section.chunk_count = count;
    made->extent.chunks = count;
    made->section.extents = &made->extent;
    made->section.extent_count = 1;
    for (uint32_t i = 0; i < count; i++)
        made->section.chunks[i] = (struct index_chunk){.name = name_of(names[i]),
                                                       .raw_size = 1000 + (uint32_t)names[i],
                                                       .packed_size = 20 + i};
    made->index.sections = &made->section;
    made->index.section_count = 1;
}

static int add(struct chunk_lookup *known, unsigned char object, struct index *index)
{
    return chunk_lookup_add(known, &(struct held_index){.index = index, .objects = {object}}, &err);
}

static struct held_chunk find(const struct chunk_lookup *known, uint64_t name, uint32_t *cursor)
{
    struct chunk_name sum = name_of(name);
    struct held_chunk held;
    bool found = chunk_lookup_find(known, &sum, 1000 + (uint32_t)name, cursor, &held);

    assert_int_equal(found, held.size != 0);
    return held;
}

static void added_chunks_are_found(void **state)
{
    static const uint64_t names[] = {1, 2, 3, 4};
    struct chunk_lookup *known = chunk_lookup_create(&err);
    struct chunk_name one = name_of(1);
    struct made made;
    struct held_chunk held;
    uint32_t cursor = 0;

    (void)state;
    assert_int_equal(find(known, 1, &cursor).size, 0); /* of nothing */
    make(&made, names, ARRAY_SIZE(names));
    assert_int_equal(add(known, 7, &made.index), 0);
    assert_int_equal(chunk_lookup_count(known), 4);
    held = find(known, 3, &cursor);
    assert_int_equal(held.object, 7);
    assert_int_equal(held.offset, 20 + 21);
    assert_int_equal(held.size, 22);
    assert_int_equal(find(known, 5, &cursor).size, 0);
    assert_false(
        chunk_lookup_find(known, &one, 1002, &cursor, &held)); /* the same name with another size */
    free(made.section.chunks);
    chunk_lookup_destroy(known);
    chunk_lookup_destroy(NULL);
}

static void only_allowed_chunks_are_found(void **state)
{
    static const uint64_t names[] = {1, 2, 3, 4};
    struct chunk_lookup *known = chunk_lookup_create(&err);
    struct object_run second = {.object = 7, .offset = 20, .size = 21};
    struct object_runs allowed = {.count = 1, .list = &second};
    struct held_index held = {.objects = {HELD_UNUSABLE}};
    struct made made;
    uint32_t cursor = 0;

    (void)state;
    make(&made, names, ARRAY_SIZE(names));
    held.index = &made.index;
    assert_int_equal(chunk_lookup_add(known, &held, &err), 0);
    assert_int_equal(chunk_lookup_count(known), 0);
    held.objects[0] = 7;
    held.allowed = &allowed;
    assert_int_equal(chunk_lookup_add(known, &held, &err), 0);
    assert_int_equal(find(known, 1, &cursor).size, 0);
    assert_int_equal(find(known, 2, &cursor).object, 7);
    assert_int_equal(find(known, 3, &cursor).size, 0);
    assert_false(held_index_allows_section(&held, &made.section));
    second = (struct object_run){.object = 7, .size = 20 + 21 + 22 + 23};
    assert_true(held_index_allows_section(&held, &made.section));
    free(made.section.chunks);
    chunk_lookup_destroy(known);
}

static void runs_go_on(void **state)
{
    static const uint64_t first[] = {1, 9, 2, 9, 3, 9, 4}, second[] = {9, 5, 9, 1};
    static const struct {
        uint64_t name;
        unsigned base;
        uint64_t offset;
    } asked[] = {
        {9, 0, 20},  /* the first one */
        {2, 0, 41},  /* the next one */
        {9, 0, 63},  /* the second 9 follows, too */
        {4, 0, 135}, /* a jump */
        {9, 1, 0},   /* then the next archive begins */
        {5, 1, 20},  {9, 1, 41}, {1, 1, 63}, {1, 0, 0}, {9, 0, 20},
    };
    struct chunk_lookup *known = chunk_lookup_create(&err);
    struct made made;
    uint32_t cursor = 0;

    (void)state;
    make(&made, first, ARRAY_SIZE(first));
    assert_int_equal(add(known, 0, &made.index), 0);
    free(made.section.chunks);
    make(&made, second, ARRAY_SIZE(second));
    assert_int_equal(add(known, 1, &made.index), 0);
    free(made.section.chunks);
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        struct held_chunk held = find(known, asked[i].name, &cursor);

        assert_int_equal(held.object, asked[i].base);
        assert_int_equal(held.offset, asked[i].offset);
    }
    chunk_lookup_destroy(known);
}

static void many_are_found(void **state)
{
    const uint32_t count = test_is_small() ? 5000 : 50000;
    uint64_t *names = malloc(count * sizeof *names);
    struct chunk_lookup *known = chunk_lookup_create(&err);
    struct made made;
    uint32_t cursor = 0, found = 0;

    (void)state;
    for (uint64_t i = 0; i < count; i++)
        names[i] = i;
    make(&made, names, count);
    assert_int_equal(add(known, 0, &made.index), 0);
    for (uint64_t i = count; i-- > 0;)
        found += find(known, i, &cursor).size == 20 + i;
    assert_true(found > count - count / 1000);
    free(made.section.chunks);
    free(names);
    chunk_lookup_destroy(known);
}

/* Equal names, which all have the same place in the table. */
static void hostile_names_cost_limited_time(void **state)
{
    const uint32_t count = test_is_small() ? 10000 : 100000;
    struct chunk_lookup *known = chunk_lookup_create(&err);
    uint64_t *names = calloc(count, sizeof *names);
    struct made made;
    uint32_t cursor = count;

    (void)state;
    make(&made, names, count);
    for (uint32_t i = 0; i < count / 2; i++)
        memcpy(made.section.chunks[i].name.bytes + 8, &i, sizeof i);
    assert_int_equal(add(known, 0, &made.index), 0);
    for (uint32_t i = 0; i < count; i++) {
        struct held_chunk held;

        cursor = count;
        chunk_lookup_find(known, &made.section.chunks[i].name, 1000, &cursor, &held);
    }
    free(made.section.chunks);
    free(names);
    chunk_lookup_destroy(known);
}

static void it_does_not_grow_without_bound(void **state)
{
    struct chunk_lookup *known = chunk_lookup_create(&err);
    struct index_section section = {.chunk_count = CHUNK_LOOKUP_MAX + 1};
    struct index_chunk chunk = {0};
    struct index index = {.sections = &section, .section_count = 1};

    (void)state;
    section.chunks = &chunk; /* never read */
    assert_int_equal(add(known, 0, &index), KNOWN_FULL);
    assert_int_equal(chunk_lookup_count(known), 0);
    section.chunks = NULL; /* a section that was not loaded */
    assert_int_equal(add(known, 0, &index), 0);
    chunk_lookup_destroy(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_chunks_are_found),
        cmocka_unit_test(only_allowed_chunks_are_found),
        cmocka_unit_test(runs_go_on),
        cmocka_unit_test(many_are_found),
        cmocka_unit_test(hostile_names_cost_limited_time),
        cmocka_unit_test(it_does_not_grow_without_bound),
    };

    return cmocka_run_group_tests_name("known", tests, NULL, NULL);
}
