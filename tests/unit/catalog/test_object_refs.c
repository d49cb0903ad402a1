/* Documents of one application are written, moved and deleted, also between the requests of a
 * read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "catalog/object_refs.h"
#include "catalog/tombstone.h"
#include "kit/fault_store.h"
#include "kit/memory_store.h"
#include "kit/thin_documents.h"

#define STEM    "images/shop/202507/shop-20250701-1000-aaaaa01"
#define OTHER   "images/shop/202507/shop-20250702-1000-aaaaa02"
#define DATA    STEM "-1111111111111111.data"
#define INDEX   STEM "-1111111111111111.index"
#define DATA2   OTHER "-2222222222222222.data"
#define INDEX2  OTHER "-2222222222222222.index"
#define ARCHIVE "images/shop/202506/shop-20250601-1000-aaaaa00.tar.gz"

static struct memory_store *memory;
static struct store *store;
static struct object_refs *refs;
static struct metadata_object objects[4];
static struct err err;

static int set_up(void **state)
{
    (void)state;
    memory = memory_store_create("refs", true);
    store = &memory->store;
    refs = NULL;
    thin_object_put(store, DATA, "the data of the first image");
    thin_object_put(store, INDEX, "its index");
    thin_object_put(store, DATA2, "the data of the second image");
    thin_object_put(store, ARCHIVE, "a whole archive");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    object_refs_destroy(refs);
    memory_store_destroy(memory);
    return 0;
}

static struct metadata first_image(void)
{
    struct metadata metadata = thin_document("shop", objects, INDEX);

    thin_document_add(&metadata, store, DATA);
    return metadata;
}

/* It refers to the data of the first one and to a whole archive. */
static struct metadata second_image(void)
{
    struct metadata metadata = thin_document("shop", objects, INDEX2);

    thin_document_add(&metadata, store, DATA);
    thin_document_add(&metadata, store, DATA2);
    thin_document_add(&metadata, store, ARCHIVE);
    return metadata;
}

static void put_both(void)
{
    struct metadata metadata = first_image();

    thin_document_put(&metadata, store, STEM ".json");
    metadata = second_image();
    thin_document_put(&metadata, store, OTHER ".json");
}

static void drop(const char *key)
{
    struct store_op op = {.verb = STORE_DELETE, .key = key};

    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
}

static unsigned count(const char *key)
{
    return object_refs_count(refs, NULL, key, "", 0);
}

static void read_all(void)
{
    if (object_refs_read(store, "shop", NULL, NULL, &refs, &err))
        fail_msg("%s", err.text);
}

static void read_again(void)
{
    if (object_refs_again(store, refs, &err))
        fail_msg("%s", err.text);
}

/* Writes the tombstone of a document with its content. */
static void put_tombstone(const char *document, const char *key, bool deleting)
{
    struct tombstone tombstone = {.deleting = deleting};

    text_init(&tombstone.metadata, 64 * KIB);
    assert_int_equal(store_get_document(store, document, &tombstone.metadata, NULL, &err),
                     STORE_DONE);
    assert_int_equal(tombstone_put(store, key, &tombstone, NULL, &err), 0);
    tombstone_finish(&tombstone);
}

static void each_document_counts_once(void **state)
{
    (void)state;
    put_both();
    read_all();
    assert_int_equal(count(DATA), 2);
    assert_int_equal(count(DATA2), 1);
    assert_int_equal(count(INDEX), 1);
    assert_int_equal(count(INDEX2), 1);
    assert_int_equal(count(ARCHIVE), 1);
    assert_int_equal(count(STEM ".tar.gz"), 0);
    assert_int_equal(object_refs_count(refs, STEM ".json", DATA, "", 0), 1);
    assert_int_equal(object_refs_count(refs, OTHER ".json", ARCHIVE, "", 0), 0);
    assert_int_equal(object_refs_count(refs, "no document", DATA, "", 0), 2);
}

/* A whole archive may have been replaced in place. A copied bucket has other ETags. */
static void the_identity_is_etag_or_size(void **state)
{
    struct store_info info;

    (void)state;
    put_both();
    read_all();
    assert_int_equal(store_head(store, ARCHIVE, &info, &err), STORE_DONE);
    assert_int_equal(object_refs_count(refs, NULL, ARCHIVE, info.etag, 1), 1);
    assert_int_equal(object_refs_count(refs, NULL, ARCHIVE, "\"other\"", info.size), 1);
    assert_int_equal(object_refs_count(refs, NULL, ARCHIVE, "\"other\"", 1), 0);
    assert_int_equal(object_refs_count(refs, NULL, INDEX, "\"any\"", 1), 1);
}

static void documents_of_old_formats_need_their_archive(void **state)
{
    struct metadata metadata = {.format = 2, .size = 15};

    (void)state;
    snprintf(metadata.archive_etag, sizeof metadata.archive_etag, "\"etag\"");
    snprintf(metadata.index_key, sizeof metadata.index_key, "%s", STEM ".index");
    thin_document_put(&metadata, store, STEM ".json");
    thin_object_put(store, "images/shop/202507/shop-20250703-1000-aaaaa03.json", "{\"size\":3}");
    thin_object_put(store, "archive/shop/202507/shop-x-archived-on-20250801-1000.json", "{}");
    thin_object_put(store, "images/shop2/202507/shop2-20250703-1000-aaaaa03.json", "broken");
    read_all();
    assert_int_equal(object_refs_count(refs, NULL, STEM ".tar.gz", "\"etag\"", 15), 1);
    assert_int_equal(object_refs_count(refs, NULL, STEM ".tar.gz", "\"other\"", 16), 0);
    assert_int_equal(count(STEM ".index"), 1);
    assert_int_equal(count("images/shop/202507/shop-20250703-1000-aaaaa03.tar.gz"), 1);
    assert_int_equal(count("archive/shop/202507/shop-x-archived-on-20250801-1000.tar.gz"), 1);
}

static void further_platforms_and_replaced_images_count(void **state)
{
    struct metadata metadata = first_image();

    (void)state;
    thin_document_put(&metadata, store, STEM "-linux-arm64.json");
    thin_document_put(
        &metadata, store,
        "archive/shop/202507/shop-20250701-1000-aaaaa01-archived-on-20250801-1000.json");
    read_all();
    assert_int_equal(count(DATA), 2);
}

static void a_tombstone_counts_until_it_is_deleting(void **state)
{
    (void)state;
    put_both();
    put_tombstone(OTHER ".json", OTHER ".retired", false);
    drop(OTHER ".json");
    read_all();
    assert_int_equal(count(DATA), 2);
    assert_int_equal(object_refs_count(refs, OTHER ".retired", DATA, "", 0), 1);
    put_tombstone(STEM ".json", STEM ".retired", true);
    drop(STEM ".json");
    read_again();
    assert_int_equal(count(DATA), 1);
    assert_int_equal(count(DATA2), 1);
}

static void tombstones_of_objects_count_nothing(void **state)
{
    struct tombstone tombstone = {.object_count = 1};

    (void)state;
    put_both();
    snprintf(tombstone.objects[0].key, sizeof tombstone.objects[0].key, DATA);
    assert_int_equal(tombstone_put(store, STEM "-1111111111111111.retired", &tombstone, NULL, &err),
                     0);
    read_all();
    assert_int_equal(count(DATA), 2);
}

static void refuse(const char *key, const char *text)
{
    put_both();
    thin_object_put(store, key, text);
    refs = NULL;
    assert_int_equal(object_refs_read(store, "shop", NULL, NULL, &refs, &err), ERR_FAIL);
    assert_null(refs);
    assert_true(err_is(&err, ERR_CONFLICT, CODE_REFERENCED));
    assert_non_null(strstr(err.text, key));
    assert_true(strstr(err.hint, "newer s3dock") || strstr(err.hint, "repair that document"));
    drop(key);
    read_all();
    thin_object_put(store, key, text);
    assert_int_equal(object_refs_again(store, refs, &err), ERR_FAIL);
    object_refs_destroy(refs);
    refs = NULL;
    drop(key);
}

static void an_unreadable_document_is_a_conflict(void **state)
{
    (void)state;
    refuse("images/shop/202507/x.json", "broken");
    refuse("images/shop/202507/x.json", "{\"format\":4}");
    refuse("archive/shop/202507/x.json", "{\"format\":4}");
    refuse(STEM "-linux-arm64.json", "{\"format\":3}");
    refuse("images/shop/202507/x.retired", "broken");
    refuse("images/shop/202507/x.retired", "{\"format\":3}\n");
    refuse("images/shop/202507/x.retired", "{\"format\":1}\n{\"format\":4}");
}

/* Its objects are those of another application, whose documents are not read. */
static void the_objects_of_another_application_are_a_conflict(void **state)
{
    struct metadata metadata = thin_document("shop2", objects, "images/shop2/202507/x.index");
    _cleanup_text_ struct text text = {0};

    (void)state;
    thin_object_put(store, "images/shop2/202507/x.data", "the data of the other one");
    thin_document_add(&metadata, store, "images/shop2/202507/x.data");
    text_init(&text, 64 * KIB);
    metadata_write(&metadata, &text);
    refuse(STEM "-linux-arm64.json", text.data);
}

/* ---- between the requests ---- */

struct stopping {
    struct fault_store fault; /* first */
    void (*then)(void);
    enum store_verb verb;
    const char *key;
    unsigned gets;
};

static struct stopping stopping;

/* Executes the request, or runs `then` before it or after it. */
static bool on_request(struct fault_store *fault, struct store_op *op)
{
    struct stopping *s = (struct stopping *)fault;
    void (*then)(void) = s->then;

    s->gets += op->verb == STORE_GET;
    if (!then || op->verb != s->verb || strcmp(op->key, s->key) != 0)
        return false;
    s->then = NULL;
    then();
    return false;
}

static void stop_before(enum store_verb verb, const char *key, void (*then)(void))
{
    stopping = (struct stopping){.then = then, .verb = verb, .key = key};
    fault_store_init(&stopping.fault, store, on_request);
}

static void retire_second(void)
{
    put_tombstone(OTHER ".json", OTHER ".retired", false);
    drop(OTHER ".json");
}

static void restore_second(void)
{
    struct metadata metadata = second_image();

    thin_document_put(&metadata, store, OTHER ".json");
    drop(OTHER ".retired");
}

static void replace_second(void)
{
    struct metadata metadata = second_image();

    thin_document_put(
        &metadata, store,
        "archive/shop/202507/shop-20250702-1000-aaaaa02-archived-on-20250801-1000.json");
    metadata = first_image();
    thin_document_put(&metadata, store, OTHER ".json");
}

static void only_changed_documents_are_read_again(void **state)
{
    struct metadata metadata;

    (void)state;
    put_both();
    stop_before(STORE_GET, "", NULL);
    assert_int_equal(object_refs_read(&stopping.fault.store, "shop", NULL, NULL, &refs, &err), 0);
    assert_int_equal(stopping.gets, 2);
    assert_int_equal(object_refs_again(&stopping.fault.store, refs, &err), 0);
    assert_int_equal(stopping.gets, 2);
    metadata = first_image();
    thin_document_put(&metadata, store, OTHER ".json");
    assert_int_equal(object_refs_again(&stopping.fault.store, refs, &err), 0);
    assert_int_equal(stopping.gets, 3);
    assert_int_equal(count(DATA), 2);
    assert_int_equal(count(DATA2), 0);
    assert_int_equal(count(ARCHIVE), 0);
}

/* The image moves before the list, before its document is read, and before the second list; both
 * for the first read and for a later one. */
static void an_image_that_moves_is_always_counted(void **state)
{
    static const struct {
        enum store_verb verb;
        const char *key;
    } places[] = {{STORE_LIST, "images/shop/"},
                  {STORE_GET, OTHER ".json"},
                  {STORE_GET, OTHER ".retired"},
                  {STORE_LIST, "archive/shop/"},
                  {STORE_GET, STEM ".json"}};
    static void (*const moves[])(void) = {retire_second, replace_second, restore_second};

    for (unsigned place = 0; place < ARRAY_SIZE(places); place++)
        for (unsigned move = 0; move < ARRAY_SIZE(moves); move++)
            for (unsigned again = 0; again < 2; again++) {
                put_both();
                if (moves[move] == restore_second)
                    retire_second();
                if (again)
                    read_all();
                stop_before(places[place].verb, places[place].key, moves[move]);
                assert_int_equal(again ? object_refs_again(&stopping.fault.store, refs, &err)
                                       : object_refs_read(&stopping.fault.store, "shop", NULL, NULL,
                                                          &refs, &err),
                                 0);
                if (count(DATA2) < 1 || count(ARCHIVE) < 1)
                    fail_msg("place %u, move %u, again %u", place, move, again);
                tear_down(state);
                set_up(state);
            }
}

static unsigned seen;

static int count_document(void *arg, const struct located *at, struct err *why)
{
    (void)why;
    assert_ptr_equal(arg, &seen);
    assert_int_equal(at->retired, strcmp(at->metadata_key, OTHER ".json") == 0);
    assert_string_equal(at->archive_key, at->retired ? OTHER ".tar.gz" : STEM ".tar.gz");
    assert_int_equal(at->metadata.format, 3);
    seen++;
    return 0;
}

static void each_document_is_reported(void **state)
{
    (void)state;
    put_both();
    retire_second();
    seen = 0;
    assert_int_equal(object_refs_read(store, "shop", count_document, &seen, &refs, &err), 0);
    assert_int_equal(seen, 2);
    read_again();
    assert_int_equal(seen, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_document_counts_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_identity_is_etag_or_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(documents_of_old_formats_need_their_archive, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(further_platforms_and_replaced_images_count, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_tombstone_counts_until_it_is_deleting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tombstones_of_objects_count_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unreadable_document_is_a_conflict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_objects_of_another_application_are_a_conflict, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(only_changed_documents_are_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_image_that_moves_is_always_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_document_is_reported, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
