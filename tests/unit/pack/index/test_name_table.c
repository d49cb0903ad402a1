/* The table of names: added names are found, and chosen names cost a bounded number of probes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/index/name_table.h"

static struct err err;

struct item {
    struct index_chunk chunk;
    uint32_t payload;
};

static struct item *make_items(uint32_t count)
{
    struct item *items = calloc(count, sizeof *items);

    assert_non_null(items);
    return items;
}

/* Returns how many names find a place. Each time, it is the first entry of the name. */
static uint32_t enter_all(struct name_table *table, const struct item *items, uint32_t count)
{
    uint32_t entered = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t *slot = name_table_slot(table, &items[i].chunk.name, items[i].chunk.raw_size);

        if (!slot)
            continue;
        entered++;
        if (*slot == NAME_NONE)
            *slot = i;
    }
    return entered;
}

/* Returns the number of slots between the name's first slot and the found one: the cost of a
 * lookup. An empty table with the same key gives the first slot. */
static uint64_t looks(const struct name_table *table, const struct item *item)
{
    struct name_table empty = *table;
    uint32_t *found = name_table_slot(table, &item->chunk.name, item->chunk.raw_size), *wished;
    size_t slots = (size_t)table->mask + 1, count;

    if (!found)
        return NAME_PROBES_MAX;
    empty.slots = malloc(slots * sizeof *empty.slots);
    assert_non_null(empty.slots);
    memset(empty.slots, 0xff, slots * sizeof *empty.slots);
    wished = name_table_slot(&empty, &item->chunk.name, item->chunk.raw_size);
    count = ((size_t)(found - table->slots) - (size_t)(wished - empty.slots)) & table->mask;
    free(empty.slots);
    return count + 1;
}

static void added_names_are_found(void **state)
{
    enum { COUNT = 1000 };
    struct item *items = make_items(COUNT);
    struct chunk_name none = {{0}};
    struct name_table table;

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++)
        items[i].chunk = (struct index_chunk){.raw_size = 1000 + i % 3,
                                              .name = chunk_name_of(NAME_SHA256, &i, sizeof i)};
    assert_int_equal(name_table_init(&table, items, sizeof *items, COUNT, &err), 0);
    assert_int_equal(enter_all(&table, items, COUNT), COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        struct index_chunk *chunk = &items[i].chunk;

        assert_int_equal(*name_table_slot(&table, &chunk->name, chunk->raw_size), i);
        assert_int_equal(*name_table_slot(&table, &chunk->name, 999), NAME_NONE);
    }
    assert_int_equal(*name_table_slot(&table, &none, 1000), NAME_NONE);
    name_table_finish(&table);
    name_table_finish(&table);
    free(items);
}

/* Names that are equal in their first bytes, in all but their last ones, or in all but their sizes,
 * as an attacker without the key would choose them. */
static void chosen_names_do_not_collide(void **state)
{
    enum { COUNT = 20000 };
    static const size_t differs_at[] = {8, 20, 0, CHUNK_NAME_SIZE};

    (void)state;
    for (size_t way = 0; way < ARRAY_SIZE(differs_at); way++) {
        struct item *items = make_items(COUNT);
        struct name_table table;
        uint64_t sum = 0;

        for (uint32_t i = 0; i < COUNT; i++) {
            items[i].chunk.raw_size = differs_at[way] == CHUNK_NAME_SIZE ? i + 1 : 1;
            if (differs_at[way] < CHUNK_NAME_SIZE)
                memcpy(items[i].chunk.name.bytes + differs_at[way], &i, sizeof i);
        }
        assert_int_equal(name_table_init(&table, items, sizeof *items, COUNT, &err), 0);
        assert_true(enter_all(&table, items, COUNT) > COUNT - COUNT / 1000);
        for (uint32_t i = 0; i < COUNT; i += 200)
            sum += looks(&table, &items[i]);
        assert_true(sum < COUNT / 200 * 4); /* 1.5 probes each, with half of the slots used */
        name_table_finish(&table);
        free(items);
    }
}

/* With the key, an attacker could choose names of one slot. Those beyond the bound are not found.
 */
static void a_known_key_costs_no_more_than_the_bound(void **state)
{
    enum { COUNT = NAME_PROBES_MAX + 10 };
    struct item *items = make_items(COUNT);
    struct name_table table;
    uint32_t found = 0, wished = 0;
    struct chunk_name name = {{0}};

    (void)state;
    assert_int_equal(name_table_init(&table, items, sizeof *items, COUNT, &err), 0);
    for (uint32_t n = 0; found < COUNT; n++) {
        uint32_t *slot;

        memcpy(name.bytes, &n, sizeof n);
        slot = name_table_slot(&table, &name, 7);
        if (n == 0)
            wished = (uint32_t)(slot - table.slots);
        if ((uint32_t)(slot - table.slots) == wished)
            items[found++].chunk = (struct index_chunk){.raw_size = 7, .name = name};
    }
    assert_int_equal(enter_all(&table, items, COUNT), NAME_PROBES_MAX);
    assert_null(name_table_slot(&table, &items[COUNT - 1].chunk.name, 7));
    name_table_finish(&table);
    free(items);
}

static void two_tables_have_two_keys(void **state)
{
    struct name_table one, other;

    (void)state;
    assert_int_equal(name_table_init(&one, NULL, 0, 0, &err), 0);
    assert_int_equal(name_table_init(&other, NULL, 0, 0, &err), 0);
    assert_true(one.key != other.key);
    name_table_finish(&one);
    name_table_finish(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_names_are_found),
        cmocka_unit_test(chosen_names_do_not_collide),
        cmocka_unit_test(a_known_key_costs_no_more_than_the_bound),
        cmocka_unit_test(two_tables_have_two_keys),
    };

    return cmocka_run_group_tests_name("name_table", tests, NULL, NULL);
}
