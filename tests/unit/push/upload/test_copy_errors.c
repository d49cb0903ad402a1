#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "push/upload/copy_errors.h"

static enum copy_failure failure_of(enum err_family family, enum store_failure failure)
{
    struct store_op op = {.answer = STORE_FAILED, .failure = failure};

    err_set(&op.err, family, "test", "test");
    return copy_failure_of(&op);
}

static void network_errors_and_cancels_do_not_concern_copying(void **state)
{
    (void)state;
    assert_int_equal(failure_of(ERR_NETWORK, STORE_NO_ANSWER), COPY_FAILURE_NONE);
    assert_int_equal(failure_of(ERR_NETWORK, STORE_BUSY), COPY_FAILURE_NONE);
    assert_int_equal(failure_of(ERR_CANCELLED, STORE_NO_ANSWER), COPY_FAILURE_NONE);
    assert_int_equal(failure_of(ERR_AUTH, STORE_REFUSED), COPY_FAILURE_NONE);
}

static void a_changed_archive_asks_for_other_bases(void **state)
{
    struct store_op op = {.answer = STORE_CHANGED};

    (void)state;
    assert_int_equal(copy_failure_of(&op), COPY_FAILURE_BASE);
    op.answer = STORE_ABSENT;
    assert_int_equal(copy_failure_of(&op), COPY_FAILURE_BASE);
    assert_int_equal(failure_of(ERR_NOT_FOUND, STORE_REFUSED), COPY_FAILURE_BASE);
}

static void a_refusal_is_one_of_the_store_or_one_of_the_rights(void **state)
{
    (void)state;
    assert_int_equal(failure_of(ERR_UNSUPPORTED, STORE_UNSUPPORTED), COPY_FAILURE_UNSUPPORTED);
    assert_int_equal(failure_of(ERR_INTERNAL, STORE_REJECTED), COPY_FAILURE_UNSUPPORTED);
    assert_int_equal(failure_of(ERR_AUTH, STORE_FORBIDDEN), COPY_FAILURE_FORBIDDEN);
}

static void the_graver_failure_decides(void **state)
{
    enum copy_failure failure = COPY_FAILURE_NONE;

    (void)state;
    copy_failure_add(&failure, COPY_FAILURE_UNSUPPORTED);
    copy_failure_add(&failure, COPY_FAILURE_BASE);
    assert_int_equal(failure, COPY_FAILURE_UNSUPPORTED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_errors_and_cancels_do_not_concern_copying),
        cmocka_unit_test(a_changed_archive_asks_for_other_bases),
        cmocka_unit_test(a_refusal_is_one_of_the_store_or_one_of_the_rights),
        cmocka_unit_test(the_graver_failure_decides),
    };

    return cmocka_run_group_tests_name("copy_errors", tests, NULL, NULL);
}
