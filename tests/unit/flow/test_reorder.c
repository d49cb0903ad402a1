/* The order ring: every permutation of a window, many windows, clean-up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/reorder.h"

#define WIDTH 6

static int items[REORDER_MAX];

static void play(const unsigned permutation[WIDTH], uint64_t first)
{
    struct reorder order;
    unsigned taken = 0;

    reorder_init(&order, WIDTH);
    order.next = first;
    for (unsigned i = 0; i < WIDTH; i++) {
        int *item;

        reorder_put(&order, first + permutation[i], &items[permutation[i]]);
        while ((item = reorder_take(&order)))
            assert_ptr_equal(item, &items[taken++]);
    }
    assert_int_equal(taken, WIDTH);
    assert_int_equal(order.next, first + WIDTH);
}

static void permute(unsigned permutation[WIDTH], unsigned fixed, uint64_t first)
{
    if (fixed == WIDTH)
        play(permutation, first);
    for (unsigned i = fixed; i < WIDTH; i++) {
        unsigned kept = permutation[fixed];

        permutation[fixed] = permutation[i];
        permutation[i] = kept;
        permute(permutation, fixed + 1, first);
        permutation[i] = permutation[fixed];
        permutation[fixed] = kept;
    }
}

static void every_permutation_comes_out_in_sequence(void **state)
{
    static const uint64_t firsts[] = {0, 1, 5, UINT32_MAX - 2, UINT64_C(1) << 40};

    (void)state;
    for (unsigned f = 0; f < sizeof(firsts) / sizeof(firsts[0]); f++) {
        unsigned permutation[WIDTH] = {0, 1, 2, 3, 4, 5};

        permute(permutation, 0, firsts[f]);
    }
}

static void the_window_moves_with_what_is_taken(void **state)
{
    struct reorder order;

    (void)state;
    reorder_init(&order, 2);
    for (uint64_t n = 0; n < 100; n++) {
        reorder_put(&order, n, &items[n]);
        assert_ptr_equal(reorder_take(&order), &items[n]);
        assert_null(reorder_take(&order));
    }
}

static void sizes_from_one_to_the_maximum_work(void **state)
{
    (void)state;
    for (unsigned size = 1; size <= REORDER_MAX; size++) {
        struct reorder order;

        reorder_init(&order, size);
        for (unsigned i = size; i-- > 0;)
            reorder_put(&order, i, &items[i]);
        for (unsigned i = 0; i < size; i++)
            assert_ptr_equal(reorder_take(&order), &items[i]);
        assert_null(reorder_take(&order));
    }
}

static void items_behind_a_gap_can_be_taken(void **state)
{
    struct reorder order;

    (void)state;
    reorder_init(&order, 4);
    order.next = 3;
    reorder_put(&order, 4, &items[4]);
    reorder_put(&order, 6, &items[6]);
    assert_null(reorder_take(&order));
    assert_ptr_equal(reorder_take_any(&order), &items[4]);
    assert_ptr_equal(reorder_take_any(&order), &items[6]);
    assert_null(reorder_take_any(&order));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_permutation_comes_out_in_sequence),
        cmocka_unit_test(the_window_moves_with_what_is_taken),
        cmocka_unit_test(sizes_from_one_to_the_maximum_work),
        cmocka_unit_test(items_behind_a_gap_can_be_taken),
    };

    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
