#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/temp_objects.h"
#include "kit/bucket.h"
#include "kit/fault_store.h"
#include "push/upload/composer.h"

#define SIZE (64 * KIB)
#define KEY  "images/shop/202507/shop-20250721-2118-f7a5a27.tar.gz"

enum { UPLOADED = 1, JOINED };

static struct bucket bucket;
static struct fault_store front;
static uint64_t joined_sizes; /* sum of the sizes that completed joins named */
static struct base_object base;
static struct bases bases;
static struct inbox *inbox;
static struct parts *parts;
static struct upload *upload;
static struct composer *composer;
static struct err err;
static enum copy_failure failure; /* the worst failure so far */
static char folder[KEY_MAX];
static char whole[3 * SIZE];

static bool note_size(struct fault_store *fault, struct store_op *op)
{
    (void)fault;
    if (op->verb == STORE_UPLOAD_COMPLETE)
        joined_sizes += op->length;
    return false;
}

static int set_up(void **state)
{
    struct store_info info;

    (void)state;
    failure = COPY_FAILURE_NONE;
    bucket_open(&bucket);
    fault_store_init(&front, bucket.store, note_size);
    joined_sizes = 0;
    for (size_t i = 0; i < sizeof whole; i++)
        whole[i] = (char)(i * 2654435761u >> 13);
    assert_int_equal(store_put_document(bucket.store, "images/base", view_of(whole, sizeof whole),
                                        NULL, false, NULL, &err),
                     STORE_DONE);
    assert_int_equal(store_head(bucket.store, "images/base", &info, &err), STORE_DONE);
    base = (struct base_object){.key = "images/base", .size = info.size};
    str_copy(base.etag, sizeof base.etag, info.etag);
    bases = (struct bases){.count = 1, .object_count = 1, .objects = &base};
    inbox = inbox_create(&err);
    parts = parts_create(4, SIZE, &err);
    upload = upload_create(&(struct upload_options){.store = bucket.store,
                                                    .key = KEY,
                                                    .inbox = inbox,
                                                    .kind = UPLOADED,
                                                    .parts_out = 4,
                                                    .digest = true},
                           &err);
    assert_int_equal(temp_objects_new_folder(folder, &err), 0);
    composer = composer_create(&(struct composer_options){.store = &front.store,
                                                          .upload = upload,
                                                          .bases = &bases,
                                                          .parts = parts,
                                                          .inbox = inbox,
                                                          .kind = JOINED,
                                                          .folder = folder},
                               &err);
    assert_true(inbox && parts && upload && composer);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    composer_destroy(composer);
    upload_destroy(upload);
    parts_destroy(parts);
    inbox_destroy(inbox);
    bucket_close(&bucket);
    return 0;
}

static struct piece range(unsigned object, uint64_t offset, uint64_t size)
{
    return (struct piece){.region = {.object = object, .offset = offset, .size = size}};
}

static struct piece bytes(const char *text)
{
    struct part *part = parts_take(parts);

    assert_non_null(part);
    part->size = strlen(text);
    memcpy(part->data, text, part->size);
    return (struct piece){.part = part};
}

static void step(enum step_kind kind, unsigned number, struct piece left, struct piece right)
{
    struct part_planner_step s = {.kind = kind, .number = number, .left = left, .right = right};

    assert_int_equal(composer_step(composer, &s, &err), 0);
}

/* Waits for all requests. Returns the number of failures. */
static unsigned wait_for_all(void)
{
    unsigned failures = 0;

    while (composer_out(composer) + upload_out(upload)) {
        struct msg *msg = inbox_take(inbox, INBOX_FOREVER);
        struct upload_news news = {0};
        struct composer_news joined = {0};
        bool failed;

        if (msg->kind == JOINED)
            failed = composer_finish_op(composer, msg, &joined, &err) != 0;
        else
            failed = upload_finish_op(upload, msg, &news, &err) != 0;
        copy_failure_add(&failure, joined.failure);
        copy_failure_add(&failure, news.failure);
        if (news.freed)
            parts_give(parts, news.freed);
        if (failed)
            composer_stop(composer);
        failures += failed;
    }
    return failures;
}

static int none(void *arg, const struct store_entry *entry, struct err *e)
{
    (void)arg;
    return err_set(e, ERR_INTERNAL, "left", "%s", entry->key);
}

static void assert_clean(void)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_UPLOADS, .key = "", .page = &page};

    composer_clean_up(composer);
    upload_abort(upload);
    if (temp_objects_find(bucket.store, INT64_MAX, none, NULL, &err))
        fail_msg("%s", err.text);
    assert_int_equal(store_run(bucket.store, &op, &err), STORE_DONE);
    assert_int_equal(page.count, 0);
    store_page_finish(&page);
}

/* base | "first" | base | "second": a join of a join, and a part of the last one. */
static void begin_chain(void)
{
    step(STEP_JOIN, PART_PLANNER_TEMP, range(0, 0, SIZE), bytes("first"));
    step(STEP_JOIN, PART_PLANNER_TEMP + 1, range(PART_PLANNER_TEMP, 0, SIZE + 5),
         range(0, SIZE, 100));
    step(STEP_PART, 1, range(PART_PLANNER_TEMP + 1, 0, SIZE + 105), (struct piece){0});
}

static void a_join_is_one_object(void **state)
{
    struct store_info info;
    struct text object;
    struct part *last;

    (void)state;
    begin_chain();
    assert_int_equal(wait_for_all(), 0);
    assert_int_equal(composer_count(composer), 2);
    assert_int_equal(joined_sizes, (SIZE + 5) + (SIZE + 105));
    last = bytes("second").part;
    last->number = 2;
    upload_hold(upload, last);
    assert_int_equal(upload_complete(upload, SIZE + 111, &info, &failure, &err), 0);
    parts_give(parts, upload_reclaim(upload));
    store_insist(bucket.store, false);
    assert_clean();
    text_init(&object, MIB);
    assert_int_equal(store_get_document(bucket.store, KEY, &object, NULL, &err), STORE_DONE);
    assert_int_equal(object.size, SIZE + 111);
    assert_memory_equal(object.data, whole, SIZE);
    assert_memory_equal(object.data + SIZE, "first", 5);
    assert_memory_equal(object.data + SIZE + 5, whole + SIZE, 100);
    assert_memory_equal(object.data + SIZE + 105, "second", 6);
    text_finish(&object);
}

static void a_changed_base_ends_the_upload(void **state)
{
    (void)state;
    bucket_put(&bucket, "images/base", "replaced");
    begin_chain();
    assert_true(wait_for_all() > 0);
    assert_int_equal(err.family, ERR_CONFLICT);
    assert_int_equal(failure, COPY_FAILURE_BASE);
    assert_clean();
}

static void a_deleted_base_ends_the_upload(void **state)
{
    (void)state;
    step(STEP_PART, 1, range(0, 0, SIZE), (struct piece){0});
    bucket_delete(&bucket, "images/base");
    begin_chain();
    wait_for_all();
    assert_int_equal(failure, COPY_FAILURE_BASE);
    assert_clean();
}

static void a_stop_leaves_nothing(void **state)
{
    (void)state;
    begin_chain();
    composer_stop(composer);
    assert_int_equal(wait_for_all(), 0);
    assert_clean();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_join_is_one_object, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_changed_base_ends_the_upload, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_deleted_base_ends_the_upload, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stop_leaves_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("composer", tests, NULL, NULL);
}
