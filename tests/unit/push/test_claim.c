#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/err.h"
#include "kit/bucket.h"
#include "push/claim.h"

#define STEM "images/web/202507/web-20250721-2118-f7a5a27"

static struct bucket bucket;
static struct platform amd64, arm64;

static int set_up(void **state)
{
    (void)state;
    bucket_open(&bucket);
    assert_true(platform_parse("linux/amd64", &amd64));
    assert_true(platform_parse("linux/arm64", &arm64));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bucket_close(&bucket);
    return 0;
}

static bool take(struct store *store, const struct platform *platform)
{
    struct err err = {.text = ""};
    bool mine = false;

    if (claim_take(store, STEM ".tar.gz", platform, &mine, &err))
        fail_msg("%s", err.text);
    return mine;
}

/* The claim in the bucket becomes `hours` old. */
static void age(unsigned hours)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
    struct stat st;
    char path[256];

    snprintf(path, sizeof path, "%s/" STEM ".first", bucket.path);
    assert_int_equal(stat(path, &st), 0);
    times[1].tv_sec = st.st_mtim.tv_sec - (time_t)hours * 3600;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void one_platform_has_the_claim(void **state)
{
    _cleanup_text_ struct text text = {0};

    (void)state;
    assert_true(take(bucket.store, &amd64));
    text_init(&text, KIB);
    assert_true(bucket_get(&bucket, STEM ".first", &text));
    assert_non_null(strstr(text.data, "\"linux/amd64\""));
    assert_false(take(bucket.store, &arm64));
    assert_true(take(bucket.store, &amd64)); /* its push is repeated */
    claim_end(bucket.store, STEM ".tar.gz");
    assert_false(bucket_get(&bucket, STEM ".first", NULL));
    claim_end(bucket.store, STEM ".tar.gz");
    assert_true(take(bucket.store, &arm64));
}

static void the_claim_of_a_killed_push_expires(void **state)
{
    (void)state;
    assert_true(take(bucket.store, &amd64));
    age(23);
    assert_false(take(bucket.store, &arm64));
    age(2);
    assert_true(take(bucket.store, &arm64));
    assert_false(take(bucket.store, &amd64));
}

static void a_claim_that_cannot_be_read_is_nobodys(void **state)
{
    (void)state;
    bucket_put(&bucket, STEM ".first", "{");
    assert_true(take(bucket.store, &amd64));
}

/* ---- stores that differ ---- */

static struct {
    struct store store; /* first */
    bool ignores;       /* conditions */
    bool refuses;       /* the write of a claim */
} front;

static void submit(struct store *store, struct store_op *op)
{
    (void)store;
    if (front.refuses && op->verb == STORE_PUT && strstr(op->key, ".first")) {
        op->answer = STORE_FAILED;
        op->failure = STORE_FORBIDDEN;
        err_set(&op->err, ERR_AUTH, "denied", "denied");
        inbox_post(op->inbox, &op->msg);
        return;
    }
    if (front.ignores) {
        op->if_match = NULL;
        op->if_none_match = false;
    }
    store_submit(bucket.store, op);
}

static struct store *open_front(bool ignores, bool refuses)
{
    static const struct store_table table = {.submit = submit};

    memset(&front, 0, sizeof front);
    front.store.table = &table;
    snprintf(front.store.identity, sizeof front.store.identity, "front %d%d", ignores, refuses);
    front.ignores = ignores;
    front.refuses = refuses;
    return &front.store;
}

static void a_store_without_conditions(void **state)
{
    struct store *store = open_front(true, false);

    (void)state;
    assert_true(take(store, &amd64));
    assert_false(take(store, &arm64));
    assert_true(take(store, &amd64));
    age(25);
    assert_true(take(store, &arm64));
}

/* Then the commit of the push decides. */
static void a_claim_that_may_not_be_written(void **state)
{
    struct store *store = open_front(false, true);

    (void)state;
    assert_true(take(store, &amd64));
    assert_false(bucket_get(&bucket, STEM ".first", NULL));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_platform_has_the_claim),
        TEST(the_claim_of_a_killed_push_expires),
        TEST(a_claim_that_cannot_be_read_is_nobodys),
        TEST(a_store_without_conditions),
        TEST(a_claim_that_may_not_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
