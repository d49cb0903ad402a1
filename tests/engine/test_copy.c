#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "store/copy_object.h"

#define SIX_GB (6 * (uint64_t)GIB + 1)

/* A store with one huge object. It records its requests. */
static struct {
    struct store store; /* first */
    uint64_t copied;
    unsigned parts, wholes, aborts;
    unsigned fail_part; /* 0: none */
    bool changed, done;
} huge;

static void answer(struct store_op *op)
{
    op->answer = STORE_DONE;
    switch (op->verb) {
    case STORE_COPY:
        huge.wholes++;
        huge.done = true;
        break;
    case STORE_UPLOAD_CREATE:
        strcpy(op->upload_id, "1");
        break;
    case STORE_UPLOAD_COPY_PART:
        assert_string_equal(op->if_match, "\"e\"");
        assert_int_equal(op->offset, huge.copied);
        assert_int_equal(op->part_number, ++huge.parts);
        assert_true(op->length <= 5 * (uint64_t)GIB);
        huge.copied += op->length;
        strcpy(op->info.etag, "\"p\"");
        if (op->part_number == huge.fail_part) {
            op->answer = huge.changed ? STORE_CHANGED : STORE_FAILED;
            err_set(&op->err, ERR_NETWORK, "x", "x");
        }
        break;
    case STORE_UPLOAD_COMPLETE:
        assert_int_equal(op->part_count, huge.parts);
        assert_int_equal(op->length, SIX_GB);
        huge.done = true;
        break;
    case STORE_UPLOAD_ABORT:
        huge.aborts++;
        break;
    case STORE_HEAD:
        op->info.size = SIX_GB;
        op->answer = huge.done ? STORE_DONE : STORE_ABSENT;
        break;
    default:
        op->answer = STORE_FAILED;
    }
}

static void submit(struct store *store, struct store_op *op)
{
    (void)store;
    answer(op);
    inbox_post(op->inbox, &op->msg);
}

static const struct store_table table = {.submit = submit};
static const struct store_info source = {.size = SIX_GB, .etag = "\"e\""};

static int set_up(void **state)
{
    (void)state;
    memset(&huge, 0, sizeof huge);
    huge.store.table = &table;
    return 0;
}

/* The original's single copy has a limit of 5 GiB, so it could not replace larger images. */
static void above_five_gibibytes_in_parts(void **state)
{
    struct err err = {.text = ""};
    uint64_t copied = 0;

    (void)state;
    assert_int_equal(copy_object(&huge.store, "a", &source, "b", &copied, &err), 0);
    assert_int_equal(huge.parts, 7);
    assert_int_equal(huge.copied, SIX_GB);
    assert_int_equal(copied, SIX_GB);
    assert_int_equal(huge.wholes, 0);
    assert_int_equal(huge.aborts, 0);
}

static void a_part_that_fails_ends_it_cleanly(void **state)
{
    struct err err = {.text = ""};

    (void)state;
    for (int changed = 0; changed < 2; changed++) {
        set_up(NULL);
        huge.fail_part = 4;
        huge.changed = changed;
        assert_int_equal(copy_object(&huge.store, "a", &source, "b", NULL, &err), ERR_FAIL);
        assert_int_equal(err.family, changed ? ERR_CONFLICT : ERR_NETWORK);
        assert_int_equal(huge.parts, 4);
        assert_int_equal(huge.aborts, 1);
        assert_false(huge.done);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(above_five_gibibytes_in_parts, set_up),
        cmocka_unit_test_setup(a_part_that_fails_ends_it_cleanly, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
