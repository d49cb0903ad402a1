#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utime.h>

#include "base/clock.h"
#include "base/file.h"
#include "catalog/temp_objects.h"
#include "kit/bucket.h"
#include "push/plan/bases.h"
#include "push/upload/copy_support.h"

#define LEAST (64 * KIB)

static struct bucket bucket;
static struct base_object base;
static struct err err;

/* A store in front of the bucket that refuses one kind of request. */
static struct {
    struct store store; /* first */
    enum store_verb verb;
    bool refuses;
    enum store_failure failure;
    enum err_family family;
    unsigned asked;
} front;

static void submit(struct store *store, struct store_op *op)
{
    (void)store;
    front.asked++;
    if (op->verb == STORE_UPLOAD_COMPLETE)
        assert_int_equal(op->length, 2 * LEAST + 2);
    if (front.refuses && op->verb == front.verb) {
        op->answer = STORE_FAILED;
        op->failure = front.failure;
        err_set(&op->err, front.family, "denied", "no");
        inbox_post(op->inbox, &op->msg);
        return;
    }
    store_submit(bucket.store, op);
}

static const struct store_table table = {.submit = submit};

static void refuse(enum store_verb verb, enum store_failure failure, enum err_family family)
{
    front.verb = verb;
    front.refuses = true;
    front.failure = failure;
    front.family = family;
    front.asked = 0;
}

static int set_up(void **state)
{
    char *body = malloc(2 * LEAST);
    struct store_info info;

    (void)state;
    bucket_open(&bucket);
    front.store = *bucket.store;
    front.store.table = &table;
    front.refuses = false;
    memset(body, 'x', 2 * LEAST);
    assert_int_equal(store_put_document(bucket.store, "images/a", view_of(body, 2 * LEAST), NULL,
                                        false, NULL, &err),
                     STORE_DONE);
    assert_int_equal(store_head(bucket.store, "images/a", &info, &err), STORE_DONE);
    str_copy(base.key, sizeof base.key, "images/a");
    str_copy(base.etag, sizeof base.etag, info.etag);
    base.size = info.size;
    free(body);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bucket_close(&bucket);
    return 0;
}

static int refuses_any(void *arg, const struct store_entry *entry, struct err *e)
{
    (void)arg;
    return err_set(e, ERR_INTERNAL, "left", "%s", entry->key);
}

static void assert_nothing_left(void)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_UPLOADS, .key = "", .page = &page};

    if (temp_objects_find(bucket.store, INT64_MAX, refuses_any, NULL, &err))
        fail_msg("%s", err.text);
    assert_int_equal(store_run(bucket.store, &op, &err), STORE_DONE);
    assert_int_equal(page.count, 0);
    store_page_finish(&page);
}

static void the_result_is_remembered(void **state)
{
    (void)state;
    assert_int_equal(copy_support_remembered(&front.store), COPY_SUPPORT_UNKNOWN);
    copy_support_remember(&front.store, COPY_FAILURE_NONE);
    assert_int_equal(copy_support_remembered(&front.store), COPY_SUPPORT_YES);
    copy_support_remember(&front.store, COPY_FAILURE_UNSUPPORTED);
    assert_int_equal(copy_support_remembered(&front.store), COPY_SUPPORT_NO);
    str_copy(front.store.identity, sizeof front.store.identity, "another bucket");
    assert_int_equal(copy_support_remembered(&front.store), COPY_SUPPORT_UNKNOWN);
}

/* Returns the path of the store's cached result, which a test may damage. */
static void write_note(const char *note)
{
    char path[4096];

    assert_true(store_note_path(&front.store, "stores", path, sizeof path));
    assert_int_equal(file_replace(path, view_str(note), 0600, &err), 0);
}

static void old_or_invalid_notes_are_not_used(void **state)
{
    static const char *const notes[] = {"",
                                        "copies",
                                        "copies yes",
                                        "copies perhaps 1784000000",
                                        "copies yes 1",
                                        "\0\0\0\0",
                                        "yes 1784000",
                                        "copies yes 9999999999",
                                        "copies no 99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
        write_note(notes[i]);
        assert_int_equal(copy_support_remembered(&front.store), COPY_SUPPORT_UNKNOWN);
    }
}

/* Rights change more often than servers. */
static void a_missing_right_is_tried_again_soon(void **state)
{
    static const struct {
        const char *words;
        int64_t ago;
        enum copy_support support;
    } cases[] = {{"refused", 23 * 3600, COPY_SUPPORT_NO},
                 {"refused", 25 * 3600, COPY_SUPPORT_UNKNOWN},
                 {"no", 25 * 3600, COPY_SUPPORT_NO},
                 {"no", 31 * 24 * 3600, COPY_SUPPORT_UNKNOWN}};
    char note[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        snprintf(note, sizeof note, "copies %s %lld\n", cases[i].words,
                 (long long)(clock_wall() / NS_PER_S - cases[i].ago));
        write_note(note);
        assert_int_equal(copy_support_remembered(&front.store), cases[i].support);
    }
    copy_support_remember(&front.store, COPY_FAILURE_FORBIDDEN);
    assert_int_equal(copy_support_remembered(&front.store), COPY_SUPPORT_NO);
}

static void a_probe_finds_the_result_and_leaves_nothing(void **state)
{
    static const struct {
        enum store_verb verb;
        enum store_failure failure;
        enum err_family family;
        enum copy_support support;
    } cases[] = {
        {STORE_UPLOAD_COPY_PART, STORE_UNSUPPORTED, ERR_UNSUPPORTED, COPY_SUPPORT_NO},
        {STORE_UPLOAD_COPY_PART, STORE_FORBIDDEN, ERR_AUTH, COPY_SUPPORT_NO},
        {STORE_UPLOAD_COMPLETE, STORE_REJECTED, ERR_INTERNAL, COPY_SUPPORT_NO},
        {STORE_UPLOAD_CREATE, STORE_FORBIDDEN, ERR_AUTH, COPY_SUPPORT_NO},
        {STORE_UPLOAD_COPY_PART, STORE_BUSY, ERR_NETWORK, COPY_SUPPORT_UNKNOWN},
        {STORE_UPLOAD_COMPLETE, STORE_BUSY, ERR_NETWORK, COPY_SUPPORT_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        refuse(cases[i].verb, cases[i].failure, cases[i].family);
        assert_int_equal(copy_support_probe(&front.store, &base, LEAST), cases[i].support);
        assert_int_equal(copy_support_remembered(&front.store),
                         i < 4 ? cases[i].support : COPY_SUPPORT_NO); /* as before */
        assert_nothing_left();
    }
    front.refuses = false;
    assert_int_equal(copy_support_probe(&front.store, &base, LEAST), COPY_SUPPORT_YES);
    assert_int_equal(copy_support_remembered(&front.store), COPY_SUPPORT_YES);
    assert_nothing_left();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_missing_right_is_tried_again_soon, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_result_is_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(old_or_invalid_notes_are_not_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_probe_finds_the_result_and_leaves_nothing, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("copy_support", tests, NULL, NULL);
}
