/* Which bytes a thin image may refer to: a table of cases, each with its objects in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "push/plan/thin_choice.h"

#define OBJECTS    6
#define PIECES_MAX 1200
#define LAYER(n)   "sha256:000000000000000000000000000000000000000000000000000000000000000" #n

static struct err err;

/* `count` pieces of `size` bytes in an object, `gap` bytes apart. Sizes are in KiB. */
struct pieces {
    char object;
    unsigned count;
    uint32_t size, gap;
};

/* A base: pieces of data of its own, and a layer (raw_size: its share of the raw bytes, in
 * 1/100). */
struct made {
    struct index index;
    struct index_section section;
    struct image_layer layer;
    struct index_chunk chunks[PIECES_MAX];
    struct index_extent extents[PIECES_MAX];
};

static const uint64_t object_mib[OBJECTS] = {400, 100, 100, 100, 1, 100};
static struct bases bases;
static struct made made[2];
static unsigned order[OBJECTS];

static void set_order(unsigned first, bool backwards)
{
    for (unsigned i = 0; i < OBJECTS; i++)
        order[(first + (backwards ? OBJECTS - i : i)) % OBJECTS] = i;
    bases = (struct bases){.object_count = OBJECTS};
    bases.objects = calloc(BASE_OBJECTS_MAX, sizeof bases.objects[0]);
    assert_non_null(bases.objects);
    for (unsigned i = 0; i < OBJECTS; i++) {
        struct base_object *object = &bases.objects[order[i]];

        object->key[0] = (char)('A' + (int)i);
        object->size = object_mib[i] * MIB;
    }
}

static void add_base(const struct pieces *pieces, const char *layer, unsigned share)
{
    struct made *m = &made[bases.count];
    struct held_index *held = &bases.held[bases.count++];
    uint32_t count = 0;

    memset(m, 0, sizeof *m);
    for (; pieces->count; pieces++)
        for (uint32_t i = 0; i < pieces->count; i++, count++) {
            m->chunks[count].packed_size = pieces->size * (uint32_t)KIB;
            m->extents[count] =
                (struct index_extent){.chunks = 1,
                                      .object = (uint16_t)(pieces->object - 'A'),
                                      .offset = (uint64_t)i * (pieces->size + pieces->gap) * KIB};
        }
    assert_true(str_copy(m->layer.diff_id, sizeof m->layer.diff_id, layer));
    m->section = (struct index_section){.layer = 0,
                                        .raw_size = share * MIB,
                                        .chunk_count = count,
                                        .extent_count = count,
                                        .chunks = m->chunks,
                                        .extents = m->extents};
    m->index = (struct index){.raw_size = 100 * MIB,
                              .object_count = OBJECTS,
                              .section_count = 1,
                              .sections = &m->section,
                              .image = {.layer_count = 1, .layers = &m->layer}};
    *held = (struct held_index){.index = &m->index};
    for (unsigned i = 0; i < OBJECTS; i++)
        held->objects[i] = (unsigned char)order[i];
}

static void finish(void)
{
    bases.count = 0; /* the indexes are not allocated */
    bases_finish(&bases);
}

/* KiB that may be referred to, by object. */
static void assert_allowed(const unsigned *want, const char *name)
{
    for (unsigned i = 0; i < OBJECTS; i++) {
        uint64_t bytes = 0;

        for (size_t k = 0; k < bases.allowed.count; k++)
            if (bases.allowed.list[k].object == order[i])
                bytes += bases.allowed.list[k].size;
        if (bytes != want[i] * KIB)
            fail_msg("%s: %llu KiB of object %c", name, (unsigned long long)(bytes / KIB),
                     'A' + (int)i);
        if ((bases.held[0].objects[i] == HELD_UNUSABLE) != (bytes == 0))
            fail_msg("%s: object %c", name, 'A' + (int)i);
    }
}

static void the_choice_is_within_the_limits(void **state)
{
    static const struct {
        const char *name;
        struct pieces pieces[OBJECTS];
        unsigned objects; /* the limit; 0: the usual one */
        unsigned want[OBJECTS];
    } rows[] = {
        {"one object", {{'A', 1, 300 * 1024, 0}}, 0, {300 * 1024}},
        {"hardly used", {{'A', 1, 200 * 1024, 0}, {'B', 1, 100, 0}}, 0, {200 * 1024}},
        {"a large share of a small object",
         {{'A', 1, 200 * 1024, 0}, {'E', 1, 100, 0}},
         0,
         {200 * 1024, 0, 0, 0, 100}},
        {"many bytes of a large object",
         {{'A', 1, 300 * 1024, 0}, {'B', 1, 256, 0}},
         0,
         {300 * 1024, 256}},
        {"at most 1/1000 is written again: the objects that are used least",
         {{'A', 1, 200 * 1024, 0}, {'B', 1, 90, 0}, {'C', 1, 80, 0}, {'D', 1, 100, 0}},
         0,
         {200 * 1024, 0, 0, 100}},
        {"too many objects",
         {{'A', 1, 500, 0}, {'B', 1, 400, 0}, {'C', 1, 600, 0}, {'E', 1, 1000, 0}},
         2,
         {0, 0, 600, 0, 1000}},
        {"many gaps that can be bridged", {{'A', 1000, 200, 4}}, 0, {200 * 1000}},
        {"islands in one object",
         {{'A', 500, 20, 400}, {'B', 1, 100 * 1024, 0}},
         0,
         {0, 100 * 1024}},
        {"larger islands stay",
         {{'A', 300, 20, 400}, {'B', 300, 200, 16}, {'C', 1, 90 * 1024, 0}},
         0,
         {0, 200 * 300, 90 * 1024}},
        {"nothing but islands", {{'A', 1000, 100, 300}}, 0, {0}},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        for (unsigned k = 0; k < 2 * OBJECTS; k++) {
            struct thin_limits limits = THIN_LIMITS;

            if (rows[i].objects)
                limits.objects = rows[i].objects;
            set_order(k / 2, k % 2);
            add_base(rows[i].pieces, LAYER(1), 100);
            assert_int_equal(thin_choose(&bases, NULL, 0, &limits, &err), 0);
            assert_allowed(rows[i].want, rows[i].name);
            finish();
        }
}

/* The second base counts for a large layer that the first one lacks. */
static void a_second_base_adds_layers(void **state)
{
    static const struct pieces one[] = {{'A', 1, 1000, 0}, {0}}, two[] = {{'B', 1, 500, 0}, {0}};
    static const struct digest_text layers[] = {{LAYER(1)}, {LAYER(2)}};
    static const struct {
        const char *layer;
        unsigned share, wanted;
        unsigned want[OBJECTS];
    } rows[] = {
        {LAYER(2), 50, 2, {1000, 500}},
        {LAYER(2), 12, 2, {1000}}, /* less than 1/8 */
        {LAYER(2), 50, 1, {1000}}, /* not in the image */
        {LAYER(1), 50, 2, {1000}}, /* the first base has it */
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        set_order(i, false);
        add_base(one, LAYER(1), 100);
        add_base(two, rows[i].layer, rows[i].share);
        assert_int_equal(thin_choose(&bases, layers, rows[i].wanted, &THIN_LIMITS, &err), 0);
        for (unsigned k = 0; k < 2; k++)
            assert_int_equal(held_index_allows_section(&bases.held[k], &made[k].section),
                             rows[i].want[k] != 0);
        finish();
    }
}

static void a_missing_object_is_not_allowed(void **state)
{
    static const struct pieces pieces[] = {{'A', 1, 1000, 0}, {'C', 1, 1000, 0}, {0}};
    static const unsigned want[OBJECTS] = {1000};

    (void)state;
    set_order(0, false);
    assert_int_equal(thin_choose(&bases, NULL, 0, &THIN_LIMITS, &err), 0); /* no base */
    add_base(pieces, LAYER(1), 100);
    bases.held[0].objects[2] = HELD_UNUSABLE;
    assert_int_equal(thin_choose(&bases, NULL, 0, &THIN_LIMITS, &err), 0);
    assert_allowed(want, "gone");
    assert_false(held_index_allows_section(&bases.held[0], &made[0].section));
    finish();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_choice_is_within_the_limits),
        cmocka_unit_test(a_second_base_adds_layers),
        cmocka_unit_test(a_missing_object_is_not_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
