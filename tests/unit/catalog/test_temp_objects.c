#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <utime.h>

#include "base/clock.h"
#include "catalog/temp_objects.h"
#include "kit/bucket.h"

static struct bucket bucket;
static struct err err;

struct found {
    unsigned count;
    char keys[8][STORE_KEY_MAX];
    uint64_t bytes;
};

static int note(void *arg, const struct store_entry *entry, struct err *e)
{
    struct found *found = arg;

    if (found->count == 8)
        return err_set(e, ERR_INTERNAL, "test", "too many");
    str_copy(found->keys[found->count++], sizeof found->keys[0], entry->key);
    found->bytes += entry->info.size;
    return 0;
}

static void make_old(const char *key)
{
    char path[STORE_KEY_MAX + 80];

    snprintf(path, sizeof path, "%s/%s", bucket.path, key);
    assert_int_equal(utime(path, &(struct utimbuf){1000000000, 1000000000}), 0);
}

static int set_up(void **state)
{
    (void)state;
    bucket_open(&bucket);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bucket_close(&bucket);
    return 0;
}

static void only_old_temporary_objects_are_found(void **state)
{
    struct found found = {0};

    (void)state;
    bucket_put(&bucket, TEMP_OBJECTS_FOLDER "0011223344556677/0", "old");
    bucket_put(&bucket, TEMP_OBJECTS_FOLDER "0011223344556677/1", "young");
    bucket_put(&bucket, TEMP_OBJECTS_FOLDER "8899aabbccddeeff/probe", "older");
    bucket_put(&bucket, "archive/shop/202507/shop-x.tar.gz", "somebody's");
    bucket_put(&bucket, "images/shop/202507/shop-20250721-2118-f7a5a27.tar.gz", "image");
    make_old(TEMP_OBJECTS_FOLDER "0011223344556677/0");
    make_old(TEMP_OBJECTS_FOLDER "8899aabbccddeeff/probe");
    make_old("archive/shop/202507/shop-x.tar.gz");
    make_old("images/shop/202507/shop-20250721-2118-f7a5a27.tar.gz");
    assert_int_equal(
        temp_objects_find(bucket.store, clock_wall() - 3600 * NS_PER_S, note, &found, &err), 0);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.keys[0], TEMP_OBJECTS_FOLDER "0011223344556677/0");
    assert_string_equal(found.keys[1], TEMP_OBJECTS_FOLDER "8899aabbccddeeff/probe");
    assert_int_equal(found.bytes, 8);
}

static void an_empty_folder_is_a_success(void **state)
{
    struct found found = {0};

    (void)state;
    assert_int_equal(temp_objects_find(bucket.store, clock_wall(), note, &found, &err), 0);
    assert_int_equal(found.count, 0);
}

static void a_caller_may_stop(void **state)
{
    struct found found = {.count = 8};

    (void)state;
    bucket_put(&bucket, TEMP_OBJECTS_FOLDER "0011223344556677/0", "old");
    make_old(TEMP_OBJECTS_FOLDER "0011223344556677/0");
    assert_int_equal(temp_objects_find(bucket.store, clock_wall(), note, &found, &err), ERR_FAIL);
    assert_string_equal(err.text, "too many");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_old_temporary_objects_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_folder_is_a_success, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_caller_may_stop, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("leftovers", tests, NULL, NULL);
}
