#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/lock.h"

static int fds[2];

/* Opens one file twice: the locks of two descriptors exclude each other, as those of two
 * processes. */
static int open_twice(void **state)
{
    char path[] = "/tmp/s3dock-os-lock-XXXXXX";

    (void)state;
    fds[0] = mkstemp(path);
    fds[1] = open(path, O_RDWR | O_CLOEXEC);
    unlink(path);
    return fds[0] >= 0 && fds[1] >= 0 ? 0 : -1;
}

static int close_both(void **state)
{
    (void)state;
    close(fds[0]);
    close(fds[1]);
    return 0;
}

static void an_exclusive_lock_excludes_all(void **state)
{
    (void)state;
    assert_int_equal(os_lock(fds[0], OS_LOCK_EXCLUSIVE), 0);
    assert_int_equal(os_lock(fds[0], OS_LOCK_EXCLUSIVE), 0);
    assert_int_equal(os_lock(fds[1], OS_LOCK_EXCLUSIVE), -1);
    assert_int_equal(errno, EWOULDBLOCK);
    assert_int_equal(os_lock(fds[1], OS_LOCK_SHARED), -1);
    assert_int_equal(errno, EWOULDBLOCK);
}

static void shared_locks_are_held_at_once(void **state)
{
    (void)state;
    assert_int_equal(os_lock(fds[0], OS_LOCK_SHARED), 0);
    assert_int_equal(os_lock(fds[1], OS_LOCK_SHARED), 0);
    assert_int_equal(os_lock(fds[1], OS_LOCK_EXCLUSIVE), -1);
    assert_int_equal(errno, EWOULDBLOCK);
}

static void the_holder_is_this_process_or_unknown(void **state)
{
    struct os_lock_holder holder;

    (void)state;
    assert_false(os_lock_holder(fds[0], &holder));
    assert_int_equal(os_lock(fds[0], OS_LOCK_EXCLUSIVE), 0);
    if (os_lock_holder(fds[1], &holder)) {
        assert_int_equal(holder.process, getpid());
        assert_true(strlen(holder.name) > 0);
        assert_null(strchr(holder.name, '\n'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_exclusive_lock_excludes_all, open_twice, close_both),
        cmocka_unit_test_setup_teardown(shared_locks_are_held_at_once, open_twice, close_both),
        cmocka_unit_test_setup_teardown(the_holder_is_this_process_or_unknown, open_twice,
                                        close_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
