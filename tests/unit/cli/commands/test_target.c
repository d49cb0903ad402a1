/*
 * APP NAME under a policy: a document that must be signed is not replaced by one of the other kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "catalog/pointer.h"
#include "cli/commands/target.h"
#include "cli/settings/args.h"
#include "kit/assert_fails.h"
#include "kit/scratch.h"
#include "kit/ssh_guard.h"
#include "kit/ssh_signer.h"
#include "store/dir/store_dir.h"
#include "store/store.h"
#include "trust/guard.h"

static struct store *bucket;

static void put_pointer(const char *key)
{
    struct pointer pointer = {.target = POINTER_IMAGE,
                              .target_path = "images/shop/202507/shop-20250721-2118-f7a5a27.tar.gz",
                              .promoted_at = "2025-08-01T00:00:00Z"};
    _cleanup_text_ struct text text = {0};
    struct err err;

    text_init(&text, 64 * KIB);
    pointer_write_stated(&pointer, NULL, &text);
    assert_int_equal(store_put_document(bucket, key, text_view(&text), NULL, false, NULL, &err),
                     STORE_DONE);
}

static struct guard *open_guard(unsigned require)
{
    struct ssh_signer signer = ssh_signer_of(1);

    return ssh_guard_open(&signer, require, "memory");
}

static int prove(unsigned require, const char *name, struct target *target, struct err *err)
{
    struct guard *guard = require ? open_guard(require) : NULL;
    int failed;

    *target = (struct target){.verb = "pull", .source = name, .app = "shop"};
    failed = target_prove(target, guard, bucket, err);
    guard_close(guard);
    return failed;
}

/* An attacker has deleted the environment, and has given its name to a version. */
static void a_version_does_not_replace_an_environment(void **state)
{
    struct target target;
    struct err err;

    (void)state;
    put_pointer("tags/shop/production.json");
    assert_fails(&err, prove(POLICY_IMAGES | POLICY_ENVIRONMENTS, "production", &target, &err),
                 ERR_NOT_FOUND, CODE_ENVIRONMENT, "pull shop:production");
    assert_int_equal(prove(POLICY_IMAGES, "production", &target, &err), 0);
    assert_string_equal(target.type, "tag");
    assert_int_equal(prove(0, "production", &target, &err), 0);
    assert_string_equal(target.type, "tag");
}

static void an_environment_does_not_replace_a_version(void **state)
{
    struct target target;
    struct err err;

    (void)state;
    put_pointer("pointers/shop/v1.0.0.json");
    assert_fails(&err, prove(POLICY_IMAGES | POLICY_VERSIONS, "v1.0.0", &target, &err),
                 ERR_NOT_FOUND, CODE_TAG, "v1.0.0");
    assert_int_equal(prove(0, "v1.0.0", &target, &err), 0);
    assert_string_equal(target.type, "environment");
}

static void a_name_without_a_second_word_gets_a_hint(void **state)
{
    static const struct {
        const char *operand, *text, *hint;
    } ROWS[] = {
        {"shop", "the tag is missing", "s3dock pull shop production"},
        {"Shop", "the tag is missing", "write it as myapp:"},
        {"shop@sha256:0123", "a digest is not a name", "write it as myapp:"},
        {"shop:v1@sha256:0123", "a digest is not a name", "write it as myapp:"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        struct args args = {.command = CMD_PULL, .operands = {ROWS[i].operand}, .operand_count = 1};
        struct target target;
        struct err err;

        assert_fails(&err, target_parse(&target, &args, &err), ERR_USAGE, "reference",
                     ROWS[i].text);
        if (!strstr(err.hint, ROWS[i].hint))
            fail_msg("%s: %s", ROWS[i].operand, err.hint);
    }
}

static int set_up(void **state)
{
    struct store_dir_options options = {.bucket = "bucket", .create = true};
    struct err err;

    (void)state;
    if (scratch_create())
        return -1;
    options.path = dir;
    bucket = store_dir_create(&options, &err);
    return bucket ? 0 : -1;
}

static int tear_down(void **state)
{
    store_destroy(bucket);
    return scratch_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_does_not_replace_an_environment),
        cmocka_unit_test(an_environment_does_not_replace_a_version),
        cmocka_unit_test(a_name_without_a_second_word_gets_a_hint),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
