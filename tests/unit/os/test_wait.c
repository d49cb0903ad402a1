#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "os/wait.h"

#define MS   INT64_C(1000000)
#define HOUR (3600 * 1000 * MS)

static void a_pipe_is_readable_when_it_has_bytes(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(os_wait_one(ends[0], OS_READABLE, MS), 0);
    assert_int_equal(os_wait_one(ends[1], OS_WRITABLE, HOUR), OS_WRITABLE);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(os_wait_one(ends[0], OS_READABLE, HOUR), OS_READABLE);
    close(ends[0]);
    close(ends[1]);
}

/* A caller reads or writes then, and learns of the end or of the error. */
static void the_end_of_the_other_side_is_ready(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    assert_int_equal(os_wait_one(ends[0], OS_READABLE, HOUR), OS_READABLE);
    close(ends[0]);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(os_wait_one(ends[1], OS_WRITABLE, HOUR), OS_WRITABLE);
    close(ends[1]);
}

static void the_ready_ones_of_several_are_marked(void **state)
{
    struct os_wait waits[3];
    int one[2], two[2];

    (void)state;
    assert_int_equal(pipe(one), 0);
    assert_int_equal(pipe(two), 0);
    waits[0] = (struct os_wait){.fd = one[0], .want = OS_READABLE, .has = OS_READABLE};
    waits[1] = (struct os_wait){.fd = -1, .want = OS_READABLE, .has = OS_READABLE};
    waits[2] = (struct os_wait){.fd = two[0], .want = OS_READABLE};
    assert_int_equal(write(two[1], "x", 1), 1);
    assert_int_equal(os_wait(waits, 3, HOUR), 1);
    assert_int_equal(waits[0].has, 0);
    assert_int_equal(waits[1].has, 0);
    assert_int_equal(waits[2].has, OS_READABLE);
    for (int i = 0; i < 2; i++) {
        close(one[i]);
        close(two[i]);
    }
    os_nap(1); /* rounded up, so that a loop of naps does not spin */
    os_nap(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_is_readable_when_it_has_bytes),
        cmocka_unit_test(the_end_of_the_other_side_is_ready),
        cmocka_unit_test(the_ready_ones_of_several_are_marked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
