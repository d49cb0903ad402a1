#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "catalog/keys.h"
#include "cleanup/signature_sweep.h"
#include "kit/fault_store.h"
#include "kit/memory_store.h"

#define STEM "shop/202511/shop-20251130-0101-0000001"
#define HOUR (3600 * NS_PER_S)

static struct memory_store *memory;
static struct err err;
static unsigned reported;

static void put(const char *key, int64_t age)
{
    assert_int_equal(
        store_put_document(&memory->store, key, view_str(key), NULL, false, NULL, &err),
        STORE_DONE);
    for (unsigned i = 0; i < memory->now.object_count; i++)
        if (strcmp(memory->now.objects[i].key, key) == 0)
            memory->now.objects[i].modified = clock_wall() - age;
}

static bool has(const char *key)
{
    struct store_info info;

    return store_head(&memory->store, key, &info, &err) == STORE_DONE;
}

static void count(void *arg, const struct sweep_item *item)
{
    (void)arg;
    assert_int_equal(item->deed, SWEEP_DELETED);
    reported++;
}

static int sweep(struct store *store, bool dry_run)
{
    const struct sweep_policy policy = {.store = store, .unfinished = HOUR, .dry_run = dry_run};

    reported = 0;
    return signature_sweep_run(&policy, count, NULL, &err);
}

static int set_up(void **state)
{
    (void)state;
    memory = memory_store_create("signatures", true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    memory_store_destroy(memory);
    return 0;
}

static void only_those_without_a_document(void **state)
{
    static const char *const documents[] = {"images/" STEM ".json",
                                            "images/" STEM "-linux-arm64.json",
                                            "pointers/shop/production.json", "tags/shop/v1.json"};
    static const char *const alone[] = {
        "signatures/images/shop/202511/shop-20251130-0101-0000002.sig",
        "signatures/images/shop/202511/shop-20251130-0101-0000001-linux-arm-v7.sig",
        "signatures/images/other/202511/other-20251130-0101-0000001.sig",
        "signatures/pointers/shop/staging.sig",
        "signatures/pointers/shop2/production.sig",
        "signatures/tags/shop/v2.sig"};
    char key[KEY_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
        put(documents[i], 0);
        assert_true(key_signatures(key, documents[i]));
        put(key, 2 * HOUR);
    }
    for (size_t i = 0; i < ARRAY_SIZE(alone); i++)
        put(alone[i], 2 * HOUR);
    put("signatures/notes.sig", 2 * HOUR); /* of somebody else */
    put("signatures/tags/shop/v3.txt", 2 * HOUR);
    assert_int_equal(sweep(&memory->store, true), 0);
    assert_int_equal(reported, ARRAY_SIZE(alone));
    assert_true(has(alone[0]));
    assert_int_equal(sweep(&memory->store, false), 0);
    assert_int_equal(reported, ARRAY_SIZE(alone));
    for (size_t i = 0; i < ARRAY_SIZE(alone); i++)
        assert_false(has(alone[i]));
    for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
        assert_true(key_signatures(key, documents[i]));
        assert_true(has(key));
    }
    assert_true(has("signatures/notes.sig") && has("signatures/tags/shop/v3.txt"));
}

/* A writer signs before it writes the document. A retired image may be restored. */
static void those_that_are_needed_later(void **state)
{
    (void)state;
    put("signatures/pointers/shop/production.sig", HOUR / 2);
    put("signatures/images/" STEM ".sig", 2 * HOUR);
    put("images/" STEM ".retired", 0);
    put("signatures/images/" STEM "-linux-arm64.sig", 2 * HOUR);
    put("images/" STEM "-linux-arm64.retired", 0);
    assert_int_equal(sweep(&memory->store, false), 0);
    assert_int_equal(reported, 0);
    assert_true(has("signatures/pointers/shop/production.sig"));
    assert_true(has("signatures/images/" STEM ".sig"));
    assert_true(has("signatures/images/" STEM "-linux-arm64.sig"));
}

/* A writer signs and writes while the cleanup runs. */
static bool write_meanwhile(struct fault_store *fault, struct store_op *op)
{
    (void)fault;
    if (fault_store_matches(op, STORE_LIST, "pointers/shop/"))
        put("signatures/pointers/shop/production.sig", 0);
    return false;
}

static bool write_document(struct fault_store *fault, struct store_op *op)
{
    (void)fault;
    if (fault_store_matches(op, STORE_HEAD, "pointers/shop/production.json"))
        put("pointers/shop/production.json", 0);
    return false;
}

static void a_writer_at_the_same_time(void **state)
{
    struct fault_store fault;

    (void)state;
    for (int i = 0; i < 2; i++) {
        memory_store_destroy(memory);
        memory = memory_store_create("signatures", true);
        fault_store_init(&fault, &memory->store, i ? write_document : write_meanwhile);
        put("signatures/pointers/shop/production.sig", 2 * HOUR);
        if (i == 0) { /* other content, and so another ETag */
            assert_int_equal(store_put_document(&memory->store,
                                                "signatures/pointers/shop/production.sig",
                                                view_str("older"), NULL, false, NULL, &err),
                             STORE_DONE);
            for (unsigned at = 0; at < memory->now.object_count; at++)
                memory->now.objects[at].modified -= 2 * HOUR;
        }
        assert_int_equal(sweep(&fault.store, false), 0);
        assert_int_equal(reported, 0);
        assert_true(has("signatures/pointers/shop/production.sig"));
    }
}

/* A key of an older policy may not list signatures. */
static bool refuse_list(struct fault_store *fault, struct store_op *op)
{
    (void)fault;
    if (!fault_store_matches(op, STORE_LIST, "signatures/"))
        return false;
    fault_store_fail(op, ERR_AUTH, "denied", STORE_FORBIDDEN);
    return true;
}

static void without_the_right_to_list(void **state)
{
    struct fault_store fault;

    (void)state;
    fault_store_init(&fault, &memory->store, refuse_list);
    put("signatures/pointers/shop/production.sig", 2 * HOUR);
    assert_int_equal(sweep(&fault.store, false), 0);
    assert_int_equal(reported, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(only_those_without_a_document),
        TEST(those_that_are_needed_later),
        TEST(a_writer_at_the_same_time),
        TEST(without_the_right_to_list),
    };

    return cmocka_run_group_tests_name("cleanup/signature_sweep", tests, NULL, NULL);
}
