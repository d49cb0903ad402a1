/* Runs of bytes in objects: joined while they are added, sorted and united afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"
#include "pack/index/object_runs.h"

static struct err err;

static void add(struct object_runs *runs, unsigned object, uint64_t offset, uint64_t size)
{
    struct object_run run = {.object = object, .offset = offset, .size = size};

    assert_int_equal(object_runs_add(runs, &run, &err), 0);
}

static void consecutive_runs_are_joined(void **state)
{
    struct object_runs runs = {0};

    (void)state;
    add(&runs, 1, 0, 10);
    add(&runs, 1, 10, 5);
    add(&runs, 2, 15, 5);
    add(&runs, 1, 15, 5);
    assert_int_equal(runs.count, 3);
    assert_int_equal(runs.list[0].size, 15);
    assert_int_equal(object_runs_bytes(&runs), 25);
    object_runs_finish(&runs);
    assert_int_equal(runs.count, 0);
}

static void sorting_unites(void **state)
{
    static const struct object_run want[] = {{0, 5, 20}, {0, 26, 4}, {3, 0, 30}};
    struct object_runs runs = {0};

    (void)state;
    object_runs_sort(&runs); /* of nothing */
    assert_false(object_runs_contain(&runs, 0, 0, 1));
    add(&runs, 3, 10, 20);
    add(&runs, 0, 26, 4); /* a gap of one byte before it */
    add(&runs, 0, 15, 10);
    add(&runs, 0, 5, 10); /* touches the one above */
    add(&runs, 3, 0, 10);
    add(&runs, 3, 2, 3);  /* within another one */
    add(&runs, 0, 5, 10); /* twice */
    object_runs_sort(&runs);
    assert_int_equal(runs.count, ARRAY_SIZE(want));
    for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
        assert_int_equal(runs.list[i].object, want[i].object);
        assert_int_equal(runs.list[i].offset, want[i].offset);
        assert_int_equal(runs.list[i].size, want[i].size);
    }
    assert_int_equal(object_runs_bytes(&runs), 54);
    assert_true(object_runs_contain(&runs, 0, 5, 20));
    assert_true(object_runs_contain(&runs, 0, 24, 1));
    assert_true(object_runs_contain(&runs, 3, 0, 30));
    assert_false(object_runs_contain(&runs, 0, 4, 2));
    assert_false(object_runs_contain(&runs, 0, 5, 21));
    assert_false(object_runs_contain(&runs, 0, 24, 3)); /* across the gap */
    assert_false(object_runs_contain(&runs, 1, 5, 1));
    assert_false(object_runs_contain(&runs, 3, 29, 2));
    assert_false(object_runs_contain(&runs, 3, 30, 1));
    assert_false(object_runs_contain(&runs, 4, 0, 1));
    object_runs_finish(&runs);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(consecutive_runs_are_joined),
        cmocka_unit_test(sorting_unites),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
