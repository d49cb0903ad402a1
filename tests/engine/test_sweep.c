/*
 * Sweeps of objects that images share. A scripted push of a thin image writes and checks as a real
 * one does: objects, check, metadata, check. The test stops a sweep before each of its requests and
 * runs a push to its end, and the reverse. The sweep's DELETEs may be repeated, lost or late.
 * Afterwards an image whose push succeeded has all of its objects.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "catalog/keys.h"
#include "catalog/object_check.h"
#include "catalog/retired.h"
#include "cleanup/retention.h"
#include "cleanup/sweep.h"
#include "kit/fault_store.h"
#include "kit/memory_store.h"
#include "kit/sample.h"
#include "kit/scratch.h"
#include "kit/thin_documents.h"

#define MONTH  "images/shop/202507/shop-2025070"
#define OLD    MONTH "1-1000-aaaaa01" /* the image to remove */
#define KEPT   MONTH "2-1000-aaaaa02" /* it refers to data of OLD */
#define PUSHED MONTH "3-1000-aaaaa03" /* so does this one, whose push meets the sweep */

#define AGAIN "images/shop/202508/shop-20250701-1000-aaaaa01" /* OLD, pushed again */

#define SHARED OLD "-1111111111111111.data"
#define ALONE  OLD "-2222222222222222.data" /* only OLD needs it */

#define DAY (24 * 3600 * NS_PER_S)

static struct memory_store *memory;
static struct store *store;
static struct err err;

static bool exists(const char *key)
{
    struct store_info info;

    return store_head(store, key, &info, &err) == STORE_DONE;
}

static void drop(const char *key)
{
    struct store_op op = {.verb = STORE_DELETE, .key = key};

    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
}

/* ---- images ---- */

static struct metadata_object objects[4], pushed_objects[4];

static struct metadata image(const char *index, const char *const *keys)
{
    struct metadata metadata = thin_document("shop", objects, index);

    thin_object_put(store, index, index);
    for (; *keys; keys++) {
        if (!exists(*keys))
            thin_object_put(store, *keys, *keys);
        thin_document_add(&metadata, store, *keys);
    }
    return metadata;
}

static void put_image(const char *stem, const char *unique, const char *const *keys)
{
    char index[KEY_MAX], document[KEY_MAX];
    struct metadata metadata;

    snprintf(index, sizeof index, "%s-%s.index", stem, unique);
    snprintf(document, sizeof document, "%s.json", stem);
    metadata = image(index, keys);
    thin_document_put(&metadata, store, document);
}

static void retire(const char *stem)
{
    struct text metadata;
    char document[KEY_MAX], archive[KEY_MAX];

    snprintf(document, sizeof document, "%s.json", stem);
    snprintf(archive, sizeof archive, "%s.tar.gz", stem);
    text_init(&metadata, 64 * KIB);
    assert_int_equal(store_get_document(store, document, &metadata, NULL, &err), STORE_DONE);
    assert_int_equal(retired_announce(store, archive, text_view(&metadata), "", &err), 0);
    text_finish(&metadata);
    drop(document);
}

static void open_bucket(const char *name, bool conditions)
{
    memory = memory_store_create(name, conditions);
    store = &memory->store;
    put_image(OLD, "1111111111111111", (const char *[]){SHARED, ALONE, NULL});
    put_image(KEPT, "3333333333333333",
              (const char *[]){SHARED, KEPT "-3333333333333333.data", NULL});
}

static int close_bucket(void **state)
{
    (void)state;
    memory_store_destroy(memory);
    return 0;
}

static int open_conditional(void **state)
{
    (void)state;
    open_bucket("sweep", true);
    return 0;
}

/* ---- sweeps ---- */

struct counts {
    unsigned deeds[4];
};

static void count(void *arg, const struct sweep_item *item)
{
    struct counts *counts = arg;

    counts->deeds[item->deed]++;
}

/* All objects are old enough. */
static int sweep_store(struct store *with, int64_t stays, struct counts *counts)
{
    const struct sweep_policy policy = {.store = with, .app = "shop", .stays = stays};

    *counts = (struct counts){{0}};
    return sweep_run(&policy, count, counts, &err);
}

static struct counts sweep(void)
{
    struct counts counts;

    if (sweep_store(store, 0, &counts))
        fail_msg("%s", err.text);
    return counts;
}

static unsigned bucket_size(void)
{
    return memory->now.object_count;
}

static void data_that_images_share_are_kept(void **state)
{
    struct counts counts;

    (void)state;
    retire(OLD);
    counts = sweep();
    assert_int_equal(counts.deeds[SWEEP_DELETED], 2);
    assert_true(exists(SHARED));
    assert_false(exists(ALONE) || exists(OLD "-1111111111111111.index"));
    retire(KEPT);
    counts = sweep();
    assert_int_equal(counts.deeds[SWEEP_DELETED], 3);
    assert_false(exists(SHARED));
    sweep();
    sweep();
    assert_int_equal(bucket_size(), 0);
}

static void nothing_is_deleted_early(void **state)
{
    struct sweep_policy policy = {
        .store = store, .app = "shop", .stays = DAY, .unfinished = DAY, .retention = DAY};
    struct counts counts = {{0}};
    unsigned size;

    (void)state;
    retire(OLD);
    thin_object_put(store, OLD "-4444444444444444.data", "of a push that did not finish");
    size = bucket_size();
    assert_int_equal(sweep_run(&policy, count, &counts, &err), 0);
    assert_int_equal(counts.deeds[SWEEP_RETIRED], 1);
    assert_int_equal(bucket_size(), size);
    policy.unfinished = 0;
    assert_int_equal(sweep_run(&policy, count, &counts, &err), 0);
    assert_int_equal(counts.deeds[SWEEP_ANNOUNCED], 1);
    assert_int_equal(sweep_run(&policy, count, &counts, &err), 0);
    assert_int_equal(counts.deeds[SWEEP_WAITS], 1);
    assert_int_equal(counts.deeds[SWEEP_DELETED], 0);
    assert_int_equal(bucket_size(), size + 1);
    policy.retention = 0;
    assert_int_equal(sweep_run(&policy, count, &counts, &err), 0);
    assert_int_equal(counts.deeds[SWEEP_DELETED], 3);
    assert_false(exists(OLD "-4444444444444444.data"));
}

static void a_dry_run_writes_nothing_and_reports_the_same(void **state)
{
    struct sweep_policy policy = {.store = store, .app = "shop", .dry_run = true};
    struct counts dry = {{0}}, counts;
    unsigned size;

    (void)state;
    retire(OLD);
    retire(KEPT);
    thin_object_put(store, OLD "-4444444444444444.data", "of a push that did not finish");
    size = bucket_size();
    assert_int_equal(sweep_run(&policy, count, &dry, &err), 0);
    assert_int_equal(bucket_size(), size);
    counts = sweep();
    assert_memory_equal(&dry, &counts, sizeof dry);
    assert_int_equal(counts.deeds[SWEEP_DELETED], 5);
}

static void an_unreadable_document_stops_the_sweep(void **state)
{
    struct counts counts;
    unsigned size;

    (void)state;
    retire(OLD);
    thin_object_put(store, KEPT "-linux-arm64.json", "{\"format\":4}");
    size = bucket_size();
    assert_int_equal(sweep_store(store, 0, &counts), ERR_FAIL);
    assert_true(err_is(&err, ERR_CONFLICT, CODE_REFERENCED));
    assert_int_equal(bucket_size(), size);
    assert_true(exists(ALONE));
}

/* A push of format 3 has replaced an image of format 2: the archive lies there without a name. */
static void an_archive_without_a_name_is_deleted(void **state)
{
    const struct sweep_policy policy = {.store = store, .app = "shop", .unfinished = DAY};
    struct counts counts = {{0}};

    (void)state;
    thin_object_put(store, KEPT ".tar.gz", "the archive before");
    thin_object_put(store, KEPT ".index", "its index");
    sweep();
    assert_true(exists(KEPT "-0000000000000000.retired"));
    put_image(PUSHED, "5555555555555555", (const char *[]){KEPT ".tar.gz", NULL});
    sweep();
    assert_true(exists(KEPT ".tar.gz"));
    assert_false(exists(KEPT ".index"));
    drop(PUSHED ".json");
    thin_object_put(store, KEPT ".tar.gz", "of a push that writes its metadata next");
    assert_int_equal(sweep_run(&policy, count, &counts, &err), 0);
    assert_true(exists(KEPT ".tar.gz"));
    sweep(); /* announces them again: the first tombstone was used */
    sweep();
    sweep();
    assert_false(exists(KEPT ".tar.gz"));
    assert_true(exists(KEPT ".json") && exists(KEPT "-3333333333333333.data"));
}

/* Retires the images that are not the newest one. Returns their number. */
static size_t retire_old(void)
{
    struct retention_policy policy = {.app = "shop", .keep = 1, .before = INT64_MAX};
    struct retention_choice choice;
    size_t count;

    assert_int_equal(retention_find(store, &policy, &choice, &err), 0);
    assert_int_equal(retention_retire(store, &policy, &choice, &err), 0);
    count = choice.count;
    for (size_t i = 0; i < count; i++)
        assert_true(choice.images[i].retired);
    retention_finish(&choice);
    return count;
}

/* A cleanup retires all platforms of an image, and a sweep deletes the data of all of them. */
static void all_platforms_are_removed(void **state)
{
    struct metadata metadata;

    (void)state;
    metadata =
        image(OLD "-6666666666666666.index", (const char *[]){OLD "-6666666666666666.data", NULL});
    thin_document_put(&metadata, store, OLD "-linux-arm64.json");
    assert_int_equal(retire_old(), 1);
    assert_true(exists(OLD ".retired") && exists(OLD "-linux-arm64.retired"));
    assert_false(exists(OLD ".json") || exists(OLD "-linux-arm64.json"));
    assert_int_equal(retired_restore_document(store, OLD "-linux-arm64.retired", &err), 0);
    assert_true(exists(OLD "-linux-arm64.json"));
    sweep();
    assert_true(exists(OLD "-6666666666666666.data"));
    assert_false(exists(ALONE));
    assert_int_equal(retire_old(), 1);
    sweep();
    assert_false(exists(OLD "-6666666666666666.data"));
    assert_true(exists(SHARED));
}

/* The image was pushed again after its retirement, under the key of another month, and a version
 * leads to it. The former image is not restored, and its data are deleted. */
static void an_image_that_was_pushed_again_is_not_restored(void **state)
{
    struct metadata metadata;

    (void)state;
    metadata =
        image(OLD "-6666666666666666.index", (const char *[]){OLD "-6666666666666666.data", NULL});
    str_copy(metadata.platform, sizeof metadata.platform, "linux/arm64");
    thin_document_put(&metadata, store, OLD "-linux-arm64.json");
    retire_old();
    metadata = image(AGAIN "-7777777777777777.index",
                     (const char *[]){AGAIN "-7777777777777777.data", NULL});
    str_copy(metadata.platform, sizeof metadata.platform, "linux/arm64");
    thin_document_put(&metadata, store, AGAIN ".json");
    thin_object_put(store, "tags/shop/v1.json",
                    "{\"target_type\":\"image\",\"target_path\":\"" AGAIN ".tar.gz\"}");
    sweep();
    sweep();
    assert_false(exists(OLD "-linux-arm64.json"));
    assert_false(exists(OLD "-6666666666666666.data"));
    assert_true(exists(AGAIN "-7777777777777777.data"));
}

/* ---- a push in the way ---- */

struct pushing {
    struct metadata metadata;
    int answer; /* 0: it succeeded */
};

static void begin_push(struct pushing *push)
{
    push->metadata = thin_document("shop", pushed_objects, PUSHED "-5555555555555555.index");
    thin_document_add(&push->metadata, store, SHARED);
    thin_document_add(&push->metadata, store, ALONE);
    push->answer = -2;
}

/* Writes and checks as docs/format.md says, with the objects that were chosen at the beginning. */
static void run_push(struct store *with, struct pushing *push)
{
    _cleanup_text_ struct text text = {0};
    struct store_op undo = {.verb = STORE_DELETE, .key = PUSHED ".json"};
    char lost[KEY_MAX];

    thin_object_put(with, push->metadata.index_key, "index");
    push->answer = object_check(with, &push->metadata, lost, &err);
    if (push->answer)
        return;
    text_init(&text, 64 * KIB);
    metadata_write(&push->metadata, &text);
    thin_object_put(with, PUSHED ".json", text.data);
    push->answer = object_check(with, &push->metadata, lost, &err);
    if (push->answer)
        assert_int_equal(store_run(with, &undo, &err), STORE_DONE);
}

/* ---- interleavings ---- */

enum deed { AS_IT_SHOULD, IS_REPEATED, IS_LOST, IS_LATE, DEEDS };

struct between {
    struct fault_store fault; /* first */
    unsigned at, asked, deletes, which;
    enum deed deed;
    char late[KEY_MAX];
    bool done;
    void (*other)(struct between *b);
    struct pushing *push;
};

static void run_other(struct between *b)
{
    if (b->done)
        return;
    b->done = true;
    b->other(b);
    if (b->late[0])
        drop(b->late);
}

static bool on_request(struct fault_store *fault, struct store_op *op)
{
    struct between *b = (struct between *)fault;
    bool meant = op->verb == STORE_DELETE && !strstr(op->key, "probe");
    struct store_op executed = *op;

    if (++b->asked == b->at)
        run_other(b);
    if (!meant || ++b->deletes != b->which || b->deed == AS_IT_SHOULD)
        return false;
    if (b->deed != IS_LOST && !b->done)
        snprintf(b->late, sizeof b->late, "%s", op->key);
    if (b->deed == IS_REPEATED)
        return false;
    if (b->deed == IS_LOST)
        (void)store_run(fault->behind, &executed, &op->err);
    fault_store_fail(op, ERR_NETWORK, "link", STORE_NO_ANSWER);
    return true;
}

static void push_other(struct between *b)
{
    run_push(store, b->push);
}

static void sweep_other(struct between *b)
{
    struct counts counts;

    (void)b;
    (void)sweep_store(store, DAY, &counts);
}

static void sweep_and_push(struct between *b)
{
    sweep_other(b);
    push_other(b);
}

static void push_and_sweep(struct between *b)
{
    push_other(b);
    sweep_other(b);
}

static const struct {
    const char *name;
    void (*run)(struct between *b);
} OTHERS[] = {
    {"push", push_other}, {"sweep and push", sweep_and_push}, {"push and sweep", push_and_sweep}};

/* The image of a push that succeeded is complete, and so is KEPT. */
static void check(const struct pushing *push, const char *what, const struct between *b)
{
    bool whole = exists(SHARED) && exists(KEPT "-3333333333333333.data") &&
                 exists(KEPT "-3333333333333333.index");

    if (push->answer == 0)
        whole = whole && exists(ALONE) && exists(PUSHED ".json") &&
                exists(PUSHED "-5555555555555555.index");
    else
        whole = whole && !exists(PUSHED ".json");
    if (!whole || push->answer < 0)
        fail_msg("%s: %s, before request %u, DELETE %u deed %u: push %d", memory->store.where, what,
                 b->at, b->which, b->deed, push->answer);
}

static unsigned run_scene(unsigned other, unsigned at, enum deed deed, unsigned which,
                          unsigned *succeeded)
{
    static struct between b;
    struct pushing push;
    struct counts counts;

    memory_store_load(memory);
    begin_push(&push);
    b = (struct between){
        .at = at, .deed = deed, .which = which, .other = OTHERS[other].run, .push = &push};
    fault_store_init(&b.fault, store, on_request);
    (void)sweep_store(&b.fault.store, DAY, &counts); /* it may fail; the state counts */
    run_other(&b);
    check(&push, OTHERS[other].name, &b);
    *succeeded += push.answer == 0;
    return b.asked;
}

static unsigned run_around(unsigned at, enum deed deed, unsigned *succeeded)
{
    static struct between outer;
    struct pushing push;

    (void)deed;
    memory_store_load(memory);
    begin_push(&push);
    outer = (struct between){.at = at, .other = sweep_other, .push = &push};
    fault_store_init(&outer.fault, store, on_request);
    run_push(&outer.fault.store, &push);
    run_other(&outer);
    check(&push, "sweep during a push", &outer);
    *succeeded += push.answer == 0;
    return outer.asked;
}

static void run_all(const char *name, bool conditions)
{
    unsigned step = sample_step(3), count = 0, succeeded = 0, asked = 1;

    open_bucket(name, conditions);
    retire(OLD);
    memory_store_save(memory);
    for (unsigned other = 0; other < ARRAY_SIZE(OTHERS); other++)
        for (unsigned deed = 0; deed < DEEDS; deed++)
            for (unsigned which = 1; which <= (deed ? 2 : 1); which++)
                for (unsigned at = 1 + (other + deed) % step; at <= asked + 1; at += step) {
                    asked = run_scene(other, at, (enum deed)deed, which, &succeeded);
                    count++;
                }
    asked = 1;
    for (unsigned at = 1; at <= asked; at += step, count++)
        asked = run_around(at, AS_IT_SHOULD, &succeeded);
    print_message("# %s: %u interleavings, %u pushes succeeded\n", name, count, succeeded);
    assert_true(succeeded > 0 && succeeded < count);
    memory_store_destroy(memory);
}

static void with_conditional_requests(void **state)
{
    (void)state;
    run_all("conditional", true);
}

static void without_conditional_requests(void **state)
{
    (void)state;
    run_all("unconditional", false);
}

static int start(void **state)
{
    (void)state;
    return scratch_create() || setenv("XDG_CACHE_HOME", dir, 1) ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(data_that_images_share_are_kept, open_conditional,
                                        close_bucket),
        cmocka_unit_test_setup_teardown(nothing_is_deleted_early, open_conditional, close_bucket),
        cmocka_unit_test_setup_teardown(a_dry_run_writes_nothing_and_reports_the_same,
                                        open_conditional, close_bucket),
        cmocka_unit_test_setup_teardown(an_unreadable_document_stops_the_sweep, open_conditional,
                                        close_bucket),
        cmocka_unit_test_setup_teardown(an_archive_without_a_name_is_deleted, open_conditional,
                                        close_bucket),
        cmocka_unit_test_setup_teardown(all_platforms_are_removed, open_conditional, close_bucket),
        cmocka_unit_test_setup_teardown(an_image_that_was_pushed_again_is_not_restored,
                                        open_conditional, close_bucket),
        cmocka_unit_test(with_conditional_requests),
        cmocka_unit_test(without_conditional_requests),
    };

    return cmocka_run_group_tests_name("sweep", tests, start, scratch_teardown);
}
