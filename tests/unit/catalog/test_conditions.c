#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <time.h>
#include <utime.h>

#include "base/file.h"
#include "catalog/audit.h"
#include "catalog/conditions.h"
#include "kit/bucket.h"

static struct bucket bucket;

/* A store in front of the bucket that ignores or refuses conditions, as some servers do. */
enum manner {
    HONOURS,
    IGNORES,
    NOT_IMPLEMENTED,
    INVALID,
    IGNORES_IF_MATCH,
    REFUSES_ALL,
    NO_DELETE,
    ABSENT
};
static struct {
    struct store store; /* first */
    enum manner manner;
    unsigned writes;
} front;

static void refuse(struct store_op *op, enum store_failure failure)
{
    op->answer = STORE_FAILED;
    op->failure = failure;
    err_set(&op->err, failure == STORE_FORBIDDEN ? ERR_AUTH : ERR_UNSUPPORTED, "denied", "no");
    inbox_post(op->inbox, &op->msg);
}

static void submit(struct store *store, struct store_op *op)
{
    bool asks = op->if_match || op->if_none_match;

    (void)store;
    if (op->verb == STORE_PUT)
        front.writes++;
    if (front.manner == REFUSES_ALL || (front.manner == NO_DELETE && op->verb == STORE_DELETE)) {
        refuse(op, STORE_FORBIDDEN);
        return;
    }
    if (front.manner == ABSENT) { /* 404 without a reason */
        op->answer = STORE_ABSENT;
        inbox_post(op->inbox, &op->msg);
        return;
    }
    if ((front.manner == NOT_IMPLEMENTED || front.manner == INVALID) && asks) {
        refuse(op, front.manner == INVALID ? STORE_REJECTED : STORE_UNSUPPORTED);
        return;
    }
    if (front.manner == IGNORES || front.manner == IGNORES_IF_MATCH)
        op->if_match = NULL;
    if (front.manner == IGNORES)
        op->if_none_match = false;
    store_submit(bucket.store, op);
}

static const struct store_table table = {.submit = submit};

static int set_up(void **state)
{
    (void)state;
    bucket_open(&bucket);
    memset(&front, 0, sizeof front);
    front.store.table = &table;
    strcpy(front.store.where, "s3://test");
    strcpy(front.store.identity, "http://127.0.0.1:1/test");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bucket_close(&bucket);
    return 0;
}

static void tried_out(void **state)
{
    static const struct {
        enum manner manner;
        bool honoured;
    } cases[] = {{HONOURS, true},  {IGNORES, false},          {NOT_IMPLEMENTED, false},
                 {INVALID, false}, {IGNORES_IF_MATCH, false}, {NO_DELETE, true}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = {.text = ""};
        bool honoured;

        front.manner = cases[i].manner;
        if (conditions_probe(&front.store, &honoured, &err))
            fail_msg("%zu: %s", i, err.text);
        assert_int_equal(honoured, cases[i].honoured);
        assert_int_equal(bucket_count(&bucket, "audit/", NULL), cases[i].manner == NO_DELETE);
    }
}

/* An event has a unique key and needs no condition. So a store without conditions has a history. */
static void an_event_is_written_without(void **state)
{
    struct audit_event event = {
        .type = AUDIT_TAG, .by.user = "u", .app_name = "shop", .git_hash = "1a2b3c4"};
    struct err err = {.text = ""};

    (void)state;
    front.manner = NOT_IMPLEMENTED;
    if (audit_record(&front.store, &event, 1763900000 * (int64_t)NS_PER_S, &err))
        fail_msg("%s", err.text);
    assert_int_equal(bucket_count(&bucket, "audit/shop/", NULL), 1);
}

static void an_event_that_the_store_refuses_is_an_error(void **state)
{
    struct audit_event event = {
        .type = AUDIT_TAG, .by.user = "u", .app_name = "shop", .git_hash = "1a2b3c4"};
    struct err err = {.text = ""};

    (void)state;
    front.manner = ABSENT;
    assert_int_equal(audit_record(&front.store, &event, 1763900000 * (int64_t)NS_PER_S, &err),
                     ERR_FAIL);
    assert_int_equal(err.family, ERR_CONFLICT);
    assert_true(err.text[0]);
}

static void a_denied_test_stores_no_result(void **state)
{
    bool honoured;
    struct err err;

    (void)state;
    front.manner = REFUSES_ALL;
    assert_int_equal(conditions_find(&front.store, &honoured, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_AUTH);
    front.manner = HONOURS; /* and no wrong result was stored */
    assert_int_equal(conditions_find(&front.store, &honoured, &err), 0);
    assert_true(honoured);
}

static bool find(void)
{
    struct err err = {.text = ""};
    bool honoured;

    if (conditions_find(&front.store, &honoured, &err))
        fail_msg("%s", err.text);
    return honoured;
}

/* Returns the only file with a remembered result. */
static void memory(char out[256])
{
    FILE *found;
    char command[128];

    snprintf(command, sizeof command, "find '%s/s3dock/conditions' -type f", bucket.path);
    found = popen(command, "r");
    assert_non_null(found);
    assert_non_null(fgets(out, 256, found));
    out[strcspn(out, "\n")] = '\0';
    pclose(found);
}

static void asked_once(void **state)
{
    unsigned writes;

    (void)state;
    assert_true(find());
    writes = front.writes;
    assert_true(writes > 0);
    assert_true(find());
    assert_int_equal(front.writes, writes);
    strcpy(front.store.identity, "http://127.0.0.1:1/another");
    assert_true(find());
    assert_int_equal(front.writes, 2 * writes);
}

static void a_no_is_asked_again_after_a_week(void **state)
{
    char path[256];
    struct utimbuf old = {.modtime = time(NULL) - 8 * 24 * 3600};

    (void)state;
    front.manner = IGNORES;
    assert_false(find());
    front.manner = HONOURS;
    assert_false(find());
    memory(path);
    assert_int_equal(utime(path, &old), 0);
    assert_true(find());
}

/* A server may be replaced by one without conditions. */
static void a_yes_is_asked_again_after_a_month(void **state)
{
    char path[256];
    struct utimbuf young = {.modtime = time(NULL) - 29 * 24 * 3600};
    struct utimbuf old = {.modtime = time(NULL) - 31 * 24 * 3600};

    (void)state;
    assert_true(find());
    front.manner = IGNORES;
    memory(path);
    assert_int_equal(utime(path, &young), 0);
    assert_true(find());
    assert_int_equal(utime(path, &old), 0);
    assert_false(find());
}

static void a_damaged_note_does_not_count(void **state)
{
    char path[256];
    struct err err;

    (void)state;
    assert_true(find());
    memory(path);
    assert_int_equal(file_replace(path, view_str("perhaps"), 0600, &err), 0);
    front.manner = IGNORES;
    assert_false(find());
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(tried_out),
        TEST(an_event_is_written_without),
        TEST(an_event_that_the_store_refuses_is_an_error),
        TEST(a_denied_test_stores_no_result),
        TEST(asked_once),
        TEST(a_no_is_asked_again_after_a_week),
        TEST(a_yes_is_asked_again_after_a_month),
        TEST(a_damaged_note_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
