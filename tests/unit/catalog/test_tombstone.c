#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "catalog/tombstone.h"
#include "kit/memory_store.h"

#define KEY "images/shop/202507/shop-20250701-1000-aaaaa01.retired"

static struct memory_store *memory;
static struct err err;

static int set_up(void **state)
{
    (void)state;
    memory = memory_store_create("tombstone", true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    memory_store_destroy(memory);
    return 0;
}

static void read_back(struct tombstone *out)
{
    if (tombstone_get(&memory->store, KEY, out, &err) != STORE_DONE)
        fail_msg("%s", err.text);
}

static void every_member_is_read_back(void **state)
{
    struct tombstone written = {.format = 1,
                                .archive_etag = "\"1\"",
                                .archive_size = 115,
                                .index_etag = "\"2\"",
                                .metadata_etag = "\"3\"",
                                .deleting = true};
    struct tombstone found;

    (void)state;
    text_init(&written.metadata, KIB);
    text_str(&written.metadata, "{\n  \"size\": 115\n}");
    assert_int_equal(tombstone_put(&memory->store, KEY, &written, NULL, &err), STORE_DONE);
    read_back(&found);
    assert_int_equal(found.format, 1);
    assert_string_equal(found.archive_etag, "\"1\"");
    assert_int_equal(found.archive_size, 115);
    assert_string_equal(found.index_etag, "\"2\"");
    assert_string_equal(found.metadata_etag, "\"3\"");
    assert_true(found.deleting);
    assert_string_equal(found.metadata.data, written.metadata.data);
    assert_int_equal(found.object_count, 0);
    assert_true(found.etag[0]);
    tombstone_finish(&found);
    tombstone_finish(&written);
}

static void objects_make_format_2(void **state)
{
    struct tombstone written = {.object_count = TOMBSTONE_OBJECTS_MAX}, found;

    (void)state;
    for (unsigned i = 0; i < TOMBSTONE_OBJECTS_MAX; i++) {
        snprintf(written.objects[i].key, sizeof written.objects[i].key, "images/shop/%u", i);
        snprintf(written.objects[i].etag, sizeof written.objects[i].etag, "\"%u\"", i);
        written.objects[i].size = i;
    }
    assert_int_equal(tombstone_put(&memory->store, KEY, &written, NULL, &err), STORE_DONE);
    read_back(&found);
    assert_int_equal(found.format, 2);
    assert_int_equal(found.object_count, TOMBSTONE_OBJECTS_MAX);
    for (unsigned i = 0; i < TOMBSTONE_OBJECTS_MAX; i++)
        assert_memory_equal(&found.objects[i], &written.objects[i], sizeof found.objects[i]);
    tombstone_finish(&found);
}

/* No two tombstones have the same ETag, so a condition finds every other writer. */
static void a_condition_finds_another_writer(void **state)
{
    struct tombstone same = {.format = 2}, first, second;

    (void)state;
    assert_int_equal(tombstone_put(&memory->store, KEY, &same, "", &err), STORE_DONE);
    assert_int_equal(tombstone_put(&memory->store, KEY, &same, "", &err), STORE_CHANGED);
    read_back(&first);
    assert_int_equal(tombstone_put(&memory->store, KEY, &same, first.etag, &err), STORE_DONE);
    read_back(&second);
    assert_string_not_equal(first.etag, second.etag);
    assert_int_equal(tombstone_put(&memory->store, KEY, &same, first.etag, &err), STORE_CHANGED);
    assert_int_equal(tombstone_put(&memory->store, KEY, &same, NULL, &err), STORE_DONE);
    tombstone_finish(&first);
    tombstone_finish(&second);
}

static void hostile_documents(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "{\"format\":-1}",
        "{\"deleting\":1}",
        "{\"archive_size\":\"1\"}",
        "{\"objects\":{}}",
        "{\"objects\":[1]}",
        "{\"objects\":[{}]}",
        "{\"objects\":[{\"key\":\"/etc/passwd\"}]}",
        "{\"objects\":[{\"key\":\"a\",\"etag\":\"a b\"}]}",
        "{\"objects\":[{\"key\":\"a\",\"size\":-1}]}",
        "{\"objects\":[{\"key\":\"a\"},{\"key\":\"a\"},{\"key\":\"a\"},{\"key\":\"a\"},"
        "{\"key\":\"a\"}]}",
    };
    struct tombstone tombstone;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        if (tombstone_parse(view_str(bad[i]), &tombstone, &err) == 0)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(err.family, ERR_INTEGRITY);
    }
    assert_int_equal(tombstone_parse(view_str("{\"format\":3}"), &tombstone, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_member_is_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(objects_make_format_2, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_condition_finds_another_writer, set_up, tear_down),
        cmocka_unit_test(hostile_documents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
