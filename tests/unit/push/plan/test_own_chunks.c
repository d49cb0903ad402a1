/* Own chunks: repeats are found, also after the table has grown, and distinct chunks are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "kit/heap.h"
#include "push/plan/own_chunks.h"

#define MANY 5000

static struct err err;

static struct index_chunk chunk_of(uint64_t n, uint32_t raw_size)
{
    struct index_chunk chunk = {.raw_size = raw_size, .packed_size = (uint32_t)n};

    chunk.name = chunk_name_of(NAME_SHA256, &n, sizeof n);
    return chunk;
}

/* Returns the number of the first equal chunk; `number` if there is none. */
static uint64_t add(struct own_chunks *own, const struct index_chunk *chunk, uint64_t number)
{
    uint64_t first = 0;
    bool repeat;

    assert_int_equal(own_chunks_add(own, chunk, number, &repeat, &first, &err), 0);
    return repeat ? first : number;
}

static void a_repeat_names_the_first(void **state)
{
    struct own_chunks *own = own_chunks_create(&err);
    struct index_chunk one = chunk_of(1, 100), two = chunk_of(2, 100), longer = chunk_of(1, 101);

    (void)state;
    assert_int_equal(add(own, &one, 3), 3);
    assert_int_equal(add(own, &two, 9), 9);
    assert_int_equal(add(own, &one, 10), 3);
    one.packed_size = 0; /* not known yet */
    assert_int_equal(add(own, &one, 11), 3);
    assert_int_equal(add(own, &longer, 12), 12); /* the same name, another size */
    assert_int_equal(add(own, &two, UINT64_MAX), 9);
    own_chunks_destroy(own);
    own_chunks_destroy(NULL);
}

/* With probes bounded, a few of many may be missed, but a chunk is never taken for another one. */
static void the_table_grows(void **state)
{
    struct own_chunks *own = own_chunks_create(&err);
    unsigned missed = 0;

    (void)state;
    for (uint64_t i = 0; i < MANY; i++) {
        struct index_chunk chunk = chunk_of(i, 100);

        assert_int_equal(add(own, &chunk, i), i);
    }
    for (uint64_t i = 0; i < MANY; i++) {
        struct index_chunk chunk = chunk_of(i, 100);
        uint64_t first = add(own, &chunk, MANY + i);

        assert_true(first == i || first == MANY + i);
        missed += first != i;
    }
    assert_true(missed < MANY / 100);
    own_chunks_destroy(own);
}

/* Beyond the bound, the first chunks are still found, and memory does not grow. */
static void the_table_is_bounded(void **state)
{
    struct own_chunks *own = own_chunks_create(&err);
    struct index_chunk first = chunk_of(0, 100), late = chunk_of(OWN_CHUNKS_MAX + 10, 100);
    size_t before = heap_used();

    (void)state;
    for (uint64_t i = 0; i < OWN_CHUNKS_MAX + 1000; i++) {
        struct index_chunk chunk = {.raw_size = 100};

        chunk = i == 0 ? first : chunk;
        if (i)
            memcpy(chunk.name.bytes, &i, sizeof i);
        assert_int_equal(add(own, &chunk, i), i);
    }
    assert_true(heap_used() - before <= OWN_CHUNKS_BYTES);
    assert_int_equal(add(own, &first, 7 + OWN_CHUNKS_MAX), 0);
    assert_int_equal(add(own, &late, 1), 1);
    assert_int_equal(add(own, &late, 2), 2);
    own_chunks_destroy(own);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_bounded),
        cmocka_unit_test(a_repeat_names_the_first),
        cmocka_unit_test(the_table_grows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
