/* Buffers: contents, circulation, impossible sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "flow/buffers.h"

static void all_buffers_are_distinct_aligned_and_whole(void **state)
{
    struct err err;
    struct buffers *buffers = buffers_create(5, 1000, 2001, 24, &err);
    struct buffer *taken[5];

    (void)state;
    assert_non_null(buffers);
    for (int i = 0; i < 5; i++) {
        taken[i] = buffers_take(buffers);
        assert_non_null(taken[i]);
        assert_int_equal((uintptr_t)taken[i]->in % 64, 0);
        assert_int_equal((uintptr_t)taken[i]->out % 64, 0);
        for (int b = 0; b < 24; b++)
            assert_int_equal(((uint8_t *)taken[i]->aux)[b], 0);
        memset(taken[i]->in, i + 1, 1000);
        memset(taken[i]->out, i + 101, 2001);
        memset(taken[i]->aux, i + 201, 24);
    }
    assert_null(buffers_take(buffers));
    assert_int_equal(buffers_out(buffers), 5);
    for (int i = 0; i < 5; i++) {
        for (int b = 0; b < 1000; b++)
            assert_int_equal(taken[i]->in[b], i + 1);
        for (int b = 0; b < 2001; b++)
            assert_int_equal(taken[i]->out[b], i + 101);
        for (int b = 0; b < 24; b++)
            assert_int_equal(((uint8_t *)taken[i]->aux)[b], i + 201);
        buffers_give(buffers, taken[i]);
    }
    assert_int_equal(buffers_out(buffers), 0);
    buffers_destroy(buffers);
}

static void the_last_one_given_comes_first(void **state)
{
    struct err err;
    struct buffers *buffers = buffers_create(3, 64, 64, 0, &err);
    struct buffer *a = buffers_take(buffers), *b = buffers_take(buffers);

    (void)state;
    buffers_give(buffers, a);
    buffers_give(buffers, b);
    assert_ptr_equal(buffers_take(buffers), b);
    assert_ptr_equal(buffers_take(buffers), a);
    buffers_give(buffers, a);
    buffers_give(buffers, b);
    buffers_destroy(buffers);
}

static void aux_stays_as_it_was_left(void **state)
{
    struct err err;
    struct buffers *buffers = buffers_create(2, 64, 0, sizeof(int), &err);

    (void)state;
    for (int round = 0; round < 3; round++) {
        struct buffer *buffer = buffers_take(buffers);

        assert_int_equal((*(int *)buffer->aux)++, round);
        buffers_give(buffers, buffer);
    }
    buffers_destroy(buffers);
}

static void pieces_of_no_size_are_null(void **state)
{
    struct err err;
    struct buffers *buffers = buffers_create(1, 64, 0, 0, &err);
    struct buffer *buffer = buffers_take(buffers);

    (void)state;
    assert_non_null(buffer->in);
    assert_null(buffer->out);
    assert_null(buffer->aux);
    buffers_give(buffers, buffer);
    buffers_destroy(buffers);
    buffers_destroy(NULL);
}

static void absurd_sizes_are_refused(void **state)
{
    static const struct {
        unsigned count;
        size_t in, out, aux;
    } cases[] = {
        {0, 64, 64, 0},
        {1, SIZE_MAX, 0, 0},
        {2, SIZE_MAX / 2, SIZE_MAX / 2, 0},
        {UINT32_MAX, SIZE_MAX / 16, 0, 0},
        {1, SIZE_MAX / 4, SIZE_MAX / 4, SIZE_MAX / 4}, /* valid, but more than any machine has */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = {0};

        assert_null(buffers_create(cases[i].count, cases[i].in, cases[i].out, cases[i].aux, &err));
        assert_int_not_equal(err.family, ERR_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_buffers_are_distinct_aligned_and_whole),
        cmocka_unit_test(the_last_one_given_comes_first),
        cmocka_unit_test(aux_stays_as_it_was_left),
        cmocka_unit_test(pieces_of_no_size_are_null),
        cmocka_unit_test(absurd_sizes_are_refused),
    };

    return cmocka_run_group_tests_name("buffers", tests, NULL, NULL);
}
