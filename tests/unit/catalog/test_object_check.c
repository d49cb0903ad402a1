/* With a store that honours conditions (lists) and with one that does not (HEAD). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "catalog/object_check.h"
#include "catalog/tombstone.h"
#include "kit/memory_store.h"
#include "kit/scratch.h"
#include "kit/thin_documents.h"

#define STEM    "images/shop/202507/shop-20250701-1000-aaaaa01"
#define ARCHIVE "images/shop/202506/shop-20250601-1000-aaaaa00"
#define DATA    STEM "-1111111111111111.data"
#define INDEX   STEM "-1111111111111111.index"
#define COPY    "archive/shop/202505/shop-20250501-1000-aaaaa00-archived-on-20250801-1000.tar.gz"

static struct memory_store *memory;
static struct store *store;
static struct metadata metadata;
static struct metadata_object objects[METADATA_OBJECTS_MAX];
static struct err err;
static char lost[KEY_MAX];

static void fill(const char *name, bool conditions)
{
    memory = memory_store_create(name, conditions);
    store = &memory->store;
    thin_object_put(store, DATA, "the data of the image");
    thin_object_put(store, INDEX, "its index");
    thin_object_put(store, ARCHIVE ".tar.gz", "a whole archive");
    thin_object_put(store, COPY, "a replaced archive");
    metadata = thin_document("shop", objects, INDEX);
    thin_document_add(&metadata, store, DATA);
    thin_document_add(&metadata, store, ARCHIVE ".tar.gz");
    thin_document_add(&metadata, store, COPY);
}

static void expect(int answer, const char *key)
{
    int found = object_check(store, &metadata, lost, &err);

    if (found != answer)
        fail_msg("%s: %d: %s", memory->store.where, found, found < 0 ? err.text : lost);
    assert_string_equal(lost, key);
}

static void drop(const char *key)
{
    struct store_op op = {.verb = STORE_DELETE, .key = key};

    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
}

static void each_missing_object_is_found(void)
{
    static const char *const keys[] = {DATA, ARCHIVE ".tar.gz", COPY, INDEX};

    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
        memory_store_save(memory);
        drop(keys[i]);
        expect(OBJECT_CHECK_LOST, keys[i]);
        thin_object_put(store, keys[i], "another content");
        expect(i == 3 ? 0 : OBJECT_CHECK_LOST, i == 3 ? "" : keys[i]); /* no ETag of the index */
        memory_store_load(memory);
    }
}

static void put_tombstone(const char *key, const char *of, bool deleting)
{
    struct tombstone tombstone = {.deleting = deleting, .object_count = 1};

    snprintf(tombstone.objects[0].key, sizeof tombstone.objects[0].key, "%s", of);
    assert_int_equal(tombstone_put(store, key, &tombstone, NULL, &err), 0);
}

static void each_tombstone_counts(void)
{
    struct tombstone archive = {.archive_etag = "\"1\"", .deleting = true};
    struct tombstone image = {.deleting = true};

    memory_store_save(memory);
    put_tombstone(STEM "-1111111111111111.retired", DATA, false);
    expect(0, "");
    put_tombstone(STEM "-1111111111111111.retired", "another object", true);
    expect(0, "");
    put_tombstone(STEM "-2222222222222222.retired", DATA, true);
    expect(0, "");
    put_tombstone(STEM "-1111111111111111.retired", INDEX, true);
    expect(OBJECT_CHECK_LOST, INDEX);
    put_tombstone(STEM "-1111111111111111.retired", DATA, true);
    expect(OBJECT_CHECK_LOST, DATA);
    memory_store_load(memory);

    put_tombstone(ARCHIVE "-0000000000000000.retired", ARCHIVE ".tar.gz", true);
    expect(OBJECT_CHECK_LOST, ARCHIVE ".tar.gz");
    memory_store_load(memory);

    assert_int_equal(tombstone_put(store, ARCHIVE ".retired", &image, NULL, &err), 0);
    expect(0, ""); /* of an image that has another form */
    assert_int_equal(tombstone_put(store, ARCHIVE ".retired", &archive, NULL, &err), 0);
    expect(OBJECT_CHECK_LOST, ARCHIVE ".tar.gz");
    archive.deleting = false;
    assert_int_equal(tombstone_put(store, ARCHIVE ".retired", &archive, NULL, &err), 0);
    expect(0, "");
    thin_object_put(store, ARCHIVE ".retired", "damaged");
    assert_int_equal(object_check(store, &metadata, lost, &err), ERR_FAIL);
    memory_store_load(memory);
}

/* More images than one group of requests. */
static void many_objects_are_checked(void)
{
    char key[KEY_MAX];

    while (metadata.object_count < METADATA_OBJECTS_MAX) {
        snprintf(key, sizeof key,
                 "images/shop/202508/shop-20250801-%04u-aaaaa01-1111111111111111.data",
                 metadata.object_count);
        thin_object_put(store, key, key);
        thin_document_add(&metadata, store, key);
    }
    expect(0, "");
    drop(key);
    expect(OBJECT_CHECK_LOST, key);
}

static void with(const char *name, bool conditions)
{
    fill(name, conditions);
    expect(0, "");
    each_missing_object_is_found();
    each_tombstone_counts();
    many_objects_are_checked();
    memory_store_destroy(memory);
}

static void by_lists(void **state)
{
    (void)state;
    with("lists", true);
}

static void one_by_one(void **state)
{
    (void)state;
    with("heads", false);
}

static int start(void **state)
{
    (void)state;
    return scratch_create() || setenv("XDG_CACHE_HOME", dir, 1) ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_lists),
        cmocka_unit_test(one_by_one),
    };

    return cmocka_run_group_tests(tests, start, scratch_teardown);
}
