/* pointer_poll: what each poll reads, and what it concludes. The bucket is a folder; a store before
 * it counts the requests and can refuse them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/codes.h"
#include "kit/bucket.h"
#include "kit/fault_store.h"
#include "watch/pointer_poll.h"

#define ONE     "myapp:20250721-2118-f7a5a27"
#define ONE_KEY "images/myapp/202507/myapp-20250721-2118-f7a5a27.tar.gz"
#define TWO_KEY "images/myapp/202507/myapp-20250722-0900-abcdef0.tar.gz"
#define POINTER "pointers/myapp/production.json"
#define TAG     "tags/myapp/v1.json"

static struct bucket bucket;
static struct fault_store front;
static struct pointer_poll poll;
static struct err err;
static unsigned requests, full_reads;
static bool away;
static int64_t asked;
static char seen[STORE_KEY_MAX];

static bool count_request(struct fault_store *fault, struct store_op *op)
{
    (void)fault;
    assert_true(op->verb == STORE_GET && op->once && op->optional);
    requests++;
    full_reads += !op->unless;
    str_copy(seen, sizeof seen, op->key);
    if (!away)
        return false;
    op->answer = STORE_FAILED;
    op->asked = 7 * NS_PER_S;
    err_set(&op->err, ERR_NETWORK, CODE_REFUSED, "no bucket");
    inbox_post(op->inbox, &op->msg);
    return true;
}

static int set_up(void **state)
{
    (void)state;
    bucket_open(&bucket);
    fault_store_init(&front, bucket.store, count_request);
    pointer_poll_init(&poll, "myapp", "production");
    requests = full_reads = 0;
    away = false;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bucket_close(&bucket);
    return 0;
}

static void put_pointer(const char *key, const char *type, const char *target)
{
    char body[1024];

    snprintf(body, sizeof body,
             "{\"target_type\":\"%s\",\"target_path\":\"%s\",\"promoted_at\":"
             "\"2025-07-21T22:00:00Z\",\"promoted_by\":\"a\",\"git_hash\":\"f7a5a27\","
             "\"git_time\":\"20250721-2118\"}",
             type, target);
    bucket_put(&bucket, key, body);
}

static int poll_once(void)
{
    struct poll_wait wait = {NULL, NULL};

    return (int)pointer_poll_run(&poll, &front.store, &wait, &asked, &err);
}

static void a_poll_without_news_reads_nothing(void **state)
{
    (void)state;
    put_pointer(POINTER, "image", ONE_KEY);
    assert_int_equal(poll_once(), POLL_CHANGED);
    assert_string_equal(poll.resolved.image.ref, ONE);
    assert_string_equal(poll.resolved.archive_key, ONE_KEY);
    for (int i = 0; i < 100; i++)
        assert_int_equal(poll_once(), POLL_SAME);
    assert_int_equal(requests, 101);
    assert_int_equal(full_reads, 1);
    put_pointer(POINTER, "image", TWO_KEY);
    assert_int_equal(poll_once(), POLL_CHANGED);
    assert_string_equal(poll.resolved.archive_key, TWO_KEY);
    assert_int_equal(poll_once(), POLL_SAME);
}

static void the_tag_is_read_at_each_tenth_poll(void **state)
{
    unsigned tags = 0;

    (void)state;
    put_pointer(POINTER, "tag", TAG);
    put_pointer(TAG, "image", ONE_KEY);
    assert_int_equal(poll_once(), POLL_CHANGED);
    assert_string_equal(poll.resolved.image.ref, ONE);
    assert_string_equal(poll.resolved.version, "v1");
    assert_int_equal(requests, 2);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(poll_once(), POLL_SAME);
        tags += strcmp(seen, TAG) == 0;
    }
    assert_int_equal(tags, 10);
    assert_int_equal(full_reads, 2);
}

static void a_tag_that_moves_is_a_change(void **state)
{
    unsigned polls = 0;

    (void)state;
    put_pointer(POINTER, "tag", TAG);
    put_pointer(TAG, "image", ONE_KEY);
    assert_int_equal(poll_once(), POLL_CHANGED);
    put_pointer(TAG, "image", TWO_KEY);
    while (poll_once() == POLL_SAME)
        polls++;
    assert_in_range(polls, 5, 10);
    assert_string_equal(poll.resolved.archive_key, TWO_KEY);
}

static void a_missing_tag_is_found_when_it_appears(void **state)
{
    (void)state;
    put_pointer(POINTER, "tag", TAG);
    assert_int_equal(poll_once(), POLL_MALFORMED);
    assert_true(err_is(&poll.fault, ERR_NOT_FOUND, CODE_TAG));
    assert_int_equal(poll_once(), POLL_MALFORMED);
    put_pointer(TAG, "image", ONE_KEY);
    assert_int_equal(poll_once(), POLL_CHANGED);
}

static void no_pointer_is_not_a_failure(void **state)
{
    (void)state;
    assert_int_equal(poll_once(), POLL_ABSENT);
    put_pointer(POINTER, "image", ONE_KEY);
    assert_int_equal(poll_once(), POLL_CHANGED);
    bucket_delete(&bucket, POINTER);
    assert_int_equal(poll_once(), POLL_ABSENT);
    assert_int_equal(poll_once(), POLL_ABSENT);
    put_pointer(POINTER, "image", ONE_KEY);
    assert_int_equal(poll_once(), POLL_CHANGED);
}

static void garbage_is_reported_and_read_once(void **state)
{
    static const char *const bodies[] = {
        "", "{", "[]", "null", "{\"target_type\":\"image\"}", "\xff\xfe"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        bucket_put(&bucket, POINTER, bodies[i]);
        full_reads = 0;
        assert_int_equal(poll_once(), POLL_MALFORMED);
        assert_int_equal(poll_once(), POLL_MALFORMED);
        assert_int_equal(full_reads, i == 0);
        assert_non_null(strstr(poll.fault.text, POINTER));
    }
    put_pointer(POINTER, "image", ONE_KEY);
    assert_int_equal(poll_once(), POLL_CHANGED);
}

static void targets_of_other_applications_are_refused(void **state)
{
    static const struct {
        const char *type, *target;
    } cases[] = {
        {"image", "images/other/202507/other-20250721-2118-f7a5a27.tar.gz"},
        {"image", "tags/myapp/v1.json"},
        {"tag", "tags/other/v1.json"},
        {"tag", "pointers/myapp/production.json"},
        {"image", "images/myapp/secret"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        put_pointer(POINTER, cases[i].type, cases[i].target);
        assert_int_equal(poll_once(), POLL_MALFORMED);
    }
    put_pointer(POINTER, "tag", TAG);
    put_pointer(TAG, "tag", TAG); /* a tag never leads to a tag */
    assert_int_equal(poll_once(), POLL_MALFORMED);
}

static void a_failed_poll_changes_nothing(void **state)
{
    struct pointer_poll before;

    (void)state;
    put_pointer(POINTER, "tag", TAG);
    put_pointer(TAG, "image", ONE_KEY);
    assert_int_equal(poll_once(), POLL_CHANGED);
    before = poll;
    away = true;
    for (int i = 0; i < 20; i++)
        assert_int_equal(poll_once(), POLL_FAILED);
    assert_true(err_is(&err, ERR_NETWORK, CODE_REFUSED));
    assert_int_equal(asked, 7 * NS_PER_S);
    assert_memory_equal(&before, &poll, sizeof poll);
    away = false;
    assert_int_equal(poll_once(), POLL_SAME);
    assert_int_equal(asked, 0);
}

static void a_forgotten_target_is_read_again(void **state)
{
    (void)state;
    put_pointer(POINTER, "image", ONE_KEY);
    assert_int_equal(poll_once(), POLL_CHANGED);
    pointer_poll_forget(&poll);
    assert_int_equal(poll_once(), POLL_CHANGED);
    assert_int_equal(full_reads, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_poll_without_news_reads_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_tag_is_read_at_each_tenth_poll, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tag_that_moves_is_a_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_tag_is_found_when_it_appears, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_pointer_is_not_a_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(garbage_is_reported_and_read_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(targets_of_other_applications_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_failed_poll_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_forgotten_target_is_read_again, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("pointer_poll", tests, NULL, NULL);
}
