#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "kit/archive.h"
#include "push/existing_image.h"
#include "push/moved_archive.h"

#define REF "shop:20250701-0000-0000001"
#define KEY "images/shop/202507/shop-20250701-0000-0000001.tar.gz"

static const struct platform any; /* the first one */

static struct bucket bucket;
static struct existing_image existing;
static struct err err;

static void other_etag(struct metadata *m)
{
    strcpy(m->archive_etag, "\"of-the-old-bucket-3\"");
}

/* Looks up the image like a push. */
static void look(void)
{
    struct image_name name;

    existing_image_finish(&existing);
    assert_int_equal(name_parse_image(REF, &name, &err), 0);
    assert_int_equal(existing_image_find(bucket.store, &name, &any, &existing, &err), 0);
}

static int set_up(void **state)
{
    (void)state;
    bucket_open(&bucket);
    archive_publish(&bucket, REF, "abc", other_etag);
    look();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    existing_image_finish(&existing);
    bucket_close(&bucket);
    return 0;
}

static void a_moved_archive_is_checked_and_its_etag_written(void **state)
{
    (void)state;
    assert_false(existing.whole);
    assert_true(moved_archive_is_likely(&existing));
    assert_int_equal(moved_archive_settle(bucket.store, &existing, true, &err), 0);
    assert_true(existing.whole);
    look();
    assert_true(existing.whole);
    assert_false(moved_archive_is_likely(&existing));
    assert_string_equal(existing.at.metadata.archive_etag, existing.archive.etag);
}

static void a_dry_run_writes_nothing(void **state)
{
    (void)state;
    assert_int_equal(moved_archive_settle(bucket.store, &existing, false, &err), 0);
    assert_true(existing.whole);
    look();
    assert_true(moved_archive_is_likely(&existing));
}

static void an_archive_of_other_bytes_is_not_accepted(void **state)
{
    struct text archive, index;

    (void)state;
    archive_make("abc", &archive, &index);
    memset(archive.data + archive.size / 8, 'x', archive.size / 2);
    archive_put(&bucket, KEY, text_view(&archive), NULL);
    look();
    assert_true(moved_archive_is_likely(&existing));
    assert_int_equal(moved_archive_settle(bucket.store, &existing, true, &err), 0);
    assert_false(existing.whole);
    text_finish(&archive);
    text_finish(&index);
}

static void an_archive_without_its_index_is_not_accepted(void **state)
{
    (void)state;
    bucket_delete(&bucket, existing.at.metadata.index_key);
    assert_int_equal(moved_archive_settle(bucket.store, &existing, true, &err), 0);
    assert_false(existing.whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_moved_archive_is_checked_and_its_etag_written, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_dry_run_writes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_archive_of_other_bytes_is_not_accepted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_archive_without_its_index_is_not_accepted, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
