#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/array.h"

static void a_list_grows_by_doubling(void **state)
{
    size_t room = 0, changes = 0, before;
    uint32_t *list = NULL;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        before = room;
        assert_true(array_reserve(&list, &room, i, sizeof *list));
        assert_true(room > i);
        changes += room != before;
        list[i] = (uint32_t)i;
    }
    assert_int_equal(changes, 7); /* 16, 32, ... 1024 */
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(list[i], i);
    free(list);
}

static void a_place_far_behind_the_end_is_reached(void **state)
{
    size_t room = 0;
    char *list = NULL;

    (void)state;
    assert_true(array_reserve(&list, &room, 100, 1));
    assert_int_equal(room, 128);
    list[100] = 'x';
    free(list);
}

static void too_large_a_list_stays_as_it_is(void **state)
{
    size_t room = 0;
    uint64_t *list = NULL, *before;

    (void)state;
    assert_true(array_reserve(&list, &room, 0, sizeof *list));
    before = list;
    assert_false(array_reserve(&list, &room, SIZE_MAX / 4, sizeof *list));
    assert_false(array_reserve(&list, &room, SIZE_MAX, sizeof *list));
    assert_ptr_equal(list, before);
    assert_int_equal(room, 16);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_grows_by_doubling),
        cmocka_unit_test(a_place_far_behind_the_end_is_reached),
        cmocka_unit_test(too_large_a_list_stays_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
