#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "kit/bucket.h"
#include "kit/fault_store.h"
#include "push/existing_image.h"

#define REF "myapp:20250721-2118-f7a5a27"
#define KEY "images/myapp/202507/myapp-20250721-2118-f7a5a27"

static const struct platform any; /* the first one */

static struct bucket bucket;
static struct image_name name;

static int set_up(void **state)
{
    struct err err;

    (void)state;
    bucket_open(&bucket);
    bucket_image(&bucket, REF, "202507");
    return name_parse_image(REF, &name, &err);
}

static int tear_down(void **state)
{
    (void)state;
    bucket_close(&bucket);
    return 0;
}

struct keeper {
    pthread_t thread;
    int answer;
    struct err err;
};

static void *keep(void *arg)
{
    struct keeper *keeper = arg;
    struct existing_image existing = {.found = false};
    uint64_t copied = 0;

    keeper->answer = existing_image_find(bucket.store, &name, &any, &existing, &keeper->err);
    if (keeper->answer == 0)
        keeper->answer =
            existing_image_keep(bucket.store, &name, &existing, true, &copied, &keeper->err);
    if (keeper->answer == 0 && copied != 4)
        keeper->answer = 4;
    existing_image_finish(&existing);
    return NULL;
}

/* In the original, two replacements within a minute had the same name, and the first copy was lost.
 */
static void several_in_one_minute(void **state)
{
    static const char *const contents[] = {"aaaa", "bbbb", "cccc"};
    char last[KEY_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
        struct keeper keeper;

        bucket_put(&bucket, KEY ".tar.gz", contents[i]);
        keep(&keeper);
        if (keeper.answer)
            fail_msg("%s", keeper.err.text);
    }
    assert_int_equal(bucket_count(&bucket, "archive/myapp/202507/", last), 6);
    assert_non_null(strstr(last, "-archived-on-"));
}

static void several_at_once(void **state)
{
    struct keeper keepers[8];

    (void)state;
    bucket_put(&bucket, KEY ".index", "index");
    for (size_t i = 0; i < ARRAY_SIZE(keepers); i++)
        assert_int_equal(pthread_create(&keepers[i].thread, NULL, keep, &keepers[i]), 0);
    for (size_t i = 0; i < ARRAY_SIZE(keepers); i++)
        pthread_join(keepers[i].thread, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(keepers); i++)
        if (keepers[i].answer == ERR_FAIL)
            fail_msg("%s", keepers[i].err.text);
    assert_int_equal(bucket_count(&bucket, "archive/myapp/202507/", NULL), 3 * 8);
}

/* An archive that was replaced meanwhile is not kept under wrong metadata, and its name is
 * released. */
static void replaced_meanwhile(void **state)
{
    struct existing_image existing = {.found = false};
    struct err err;

    (void)state;
    assert_int_equal(existing_image_find(bucket.store, &name, &any, &existing, &err), 0);
    assert_true(existing.whole);
    bucket_put(&bucket, KEY ".tar.gz", "more");
    assert_int_equal(existing_image_keep(bucket.store, &name, &existing, true, NULL, &err),
                     ERR_FAIL);
    assert_int_equal(err.family, ERR_CONFLICT);
    assert_int_equal(bucket_count(&bucket, "archive/", NULL), 0);
    existing_image_finish(&existing);
}

/* Without metadata, it is not an image: it is not kept under empty metadata. */
static void deleted_meanwhile(void **state)
{
    struct store_op op = {.verb = STORE_DELETE, .key = KEY ".json"};
    struct existing_image existing = {.found = false};
    struct err err;

    (void)state;
    assert_int_equal(existing_image_find(bucket.store, &name, &any, &existing, &err), 0);
    assert_int_equal(store_run(bucket.store, &op, &err), STORE_DONE);
    assert_int_equal(existing_image_keep(bucket.store, &name, &existing, true, NULL, &err),
                     ERR_FAIL);
    assert_int_equal(err.family, ERR_CONFLICT);
    assert_int_equal(bucket_count(&bucket, "archive/", NULL), 0);
    existing_image_finish(&existing);
}

/* ---- a network failure between the copies of archive and index ---- */

static bool fail_head_of_index(struct fault_store *fault, struct store_op *op)
{
    (void)fault;
    if (!fault_store_matches(op, STORE_HEAD, ".index"))
        return false;
    fault_store_fail(op, ERR_NETWORK, "link", STORE_NO_ANSWER);
    return true;
}

/* No command would find a copy without metadata. */
static void a_copy_that_is_given_up_is_removed(void **state)
{
    struct fault_store failing;
    struct existing_image existing = {.found = false};
    struct err err;

    (void)state;
    fault_store_init(&failing, bucket.store, fail_head_of_index);
    bucket_put(&bucket, KEY ".index", "index");
    assert_int_equal(existing_image_find(&failing.store, &name, &any, &existing, &err), 0);
    assert_int_equal(existing_image_keep(&failing.store, &name, &existing, true, NULL, &err),
                     ERR_FAIL);
    assert_int_equal(err.family, ERR_NETWORK);
    assert_int_equal(bucket_count(&bucket, "archive/", NULL), 0);
    existing_image_finish(&existing);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(several_in_one_minute),
        TEST(several_at_once),
        TEST(replaced_meanwhile),
        TEST(deleted_meanwhile),
        TEST(a_copy_that_is_given_up_is_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
