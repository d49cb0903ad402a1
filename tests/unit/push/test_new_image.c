#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "kit/bucket.h"
#include "kit/fault_store.h"
#include "push/new_image.h"

#define STEM "images/web/202507/web-20250721-2118-f7a5a27"

/* A store that answers no request before `round` of them have come: one after the other would never
 * end. */
static struct gate {
    struct fault_store fault; /* first */
    unsigned round, count;
    struct store_op *held[16];
    enum store_verb fails; /* with `failing` */
    bool failing;
} gate;

static struct bucket bucket;
static struct existing_image found;

static bool hold(struct fault_store *fault, struct store_op *op)
{
    unsigned count;

    if (gate.failing && op->verb == gate.fails) {
        fault_store_fail(op, ERR_NETWORK, "timeout", STORE_NO_ANSWER);
        return true;
    }
    if (!gate.round)
        return false;
    gate.held[gate.count++] = op;
    if (gate.count < gate.round)
        return true;
    count = gate.count;
    gate.count = gate.round = 0;
    for (unsigned i = 0; i < count; i++) {
        fault_store_run(fault, gate.held[i]);
        fault_store_complete(gate.held[i], gate.held[i]->answer);
    }
    return true;
}

static int set_up(void **state)
{
    (void)state;
    bucket_open(&bucket);
    gate = (struct gate){.round = 0};
    fault_store_init(&gate.fault, bucket.store, hold);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bucket_close(&bucket);
    return 0;
}

static bool is_new(const char *platform)
{
    struct platform wanted = {.os = ""};
    struct image_name name;
    struct err err;

    assert_int_equal(name_parse_image("web:20250721-2118-f7a5a27", &name, &err), 0);
    if (platform[0])
        assert_true(platform_parse(platform, &wanted));
    memset(&found, 0xff, sizeof found);
    return new_image_find(&gate.fault.store, &name, &wanted, &found);
}

static void one_round_finds_a_new_name(void **state)
{
    (void)state;
    gate.round = 5;
    assert_true(is_new("linux/arm64"));
    assert_int_equal(gate.round, 0);
    assert_false(found.found || found.whole || found.going);
    assert_string_equal(found.key, STEM ".tar.gz");
    assert_string_equal(found.platform, "");
    assert_string_equal(found.retired, "");
    gate.round = 4; /* without the metadata of a platform */
    assert_true(is_new(""));
    assert_int_equal(gate.round, 0);
}

static void an_existing_object_needs_the_full_search(void **state)
{
    static const char *const keys[] = {
        STEM ".json",
        STEM "-linux-arm64.json",
        STEM "-linux-riscv64.json",
        STEM "-linux-riscv64.retired",
        STEM ".retired",
        "images/web/202508/web-20250721-2118-f7a5a27.json",
        "images/web/202508/web-20250721-2118-f7a5a27-linux-arm64.json",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        struct store_op drop = {.verb = STORE_DELETE, .key = keys[i]};
        struct err err;

        bucket_put(&bucket, keys[i], "{}");
        if (is_new("linux/arm64"))
            fail_msg("%s", keys[i]);
        assert_int_equal(store_run(bucket.store, &drop, &err), STORE_DONE);
        assert_true(is_new("linux/arm64"));
    }
}

static void objects_of_other_images_do_not_count(void **state)
{
    (void)state;
    bucket_put(&bucket, STEM "-8899aabbccddeeff.data", "x"); /* of a push that was killed */
    bucket_put(&bucket, "images/web/202507/web-20250721-2118-f7a5a28.json", "{}");
    bucket_put(&bucket, "images/web/202508/web-20250822-2118-f7a5a27.json", "{}");
    assert_true(is_new("linux/arm64"));
}

static void too_many_months(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 17; i++) {
        char key[128];

        snprintf(key, sizeof key, "images/web/%u%02u/web-20250822-2118-f7a5a27.json", 2020 + i / 12,
                 i % 12 + 1);
        bucket_put(&bucket, key, "{}");
    }
    assert_false(is_new("linux/arm64"));
}

static void an_error_decides_nothing(void **state)
{
    (void)state;
    gate.failing = true;
    gate.fails = STORE_LIST;
    assert_false(is_new("linux/arm64"));
    gate.fails = STORE_GET;
    assert_false(is_new("linux/arm64"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_round_finds_a_new_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_existing_object_needs_the_full_search, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(objects_of_other_images_do_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_months, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_error_decides_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("new_image", tests, NULL, NULL);
}
