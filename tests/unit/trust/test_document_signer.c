/*
 * The documents that a signer refuses. Signatures themselves are tested with ssh-keygen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "catalog/pointer.h"
#include "kit/assert_fails.h"
#include "kit/memory_store.h"
#include "kit/scratch.h"
#include "trust/document_signer.h"

#define PAST "2025-08-01T00:00:00Z"
#define KEY  "pointers/shop/production.json"

/* Signs an environment with a key that does not exist. `time`: RFC 3339. */
static int sign(uint64_t sequence, const char *time, struct err *err)
{
    struct memory_store *bucket = memory_store_create("signed", true);
    struct sign_settings settings = {.key = path_of("no-key")};
    struct document_signer signer;
    struct statement stated = {.kind = STATEMENT_ENVIRONMENT,
                               .app = "shop",
                               .name = "production",
                               .sequence = sequence,
                               .image_count = 1};
    struct pointer pointer = {.target = POINTER_IMAGE,
                              .target_path = "images/shop/202507/shop-20250721-2118-f7a5a27.tar.gz",
                              .promoted_at = ""};
    _cleanup_text_ struct text text = {0};
    int failed;

    strcpy(stated.images[0].platform, "linux/amd64");
    strcpy(stated.images[0].id, "sha256:");
    memset(stated.images[0].id + 7, '1', 64);
    snprintf(pointer.promoted_at, sizeof pointer.promoted_at, "%s", time);
    text_init(&text, 64 * KIB);
    pointer_write_stated(&pointer, &stated, &text);
    document_signer_init(&signer, &settings);
    failed = signing_before(&signer.signing, &bucket->store, KEY, text_view(&text), err);
    document_signer_finish(&signer);
    memory_store_destroy(bucket);
    return failed;
}

static void a_sequence_number_that_no_change_reaches(void **state)
{
    uint64_t now = (uint64_t)(clock_wall() / NS_PER_MS), minute = 60 * NS_PER_S / NS_PER_MS;
    struct err err;

    (void)state;
    assert_fails(&err, sign(INT64_MAX, PAST, &err), ERR_INTEGRITY, CODE_SEQUENCE, "ahead");
    assert_fails(&err, sign(now + 60 * minute, PAST, &err), ERR_INTEGRITY, CODE_SEQUENCE, "ahead");
    assert_int_equal(sign(now + 9 * minute, PAST, &err), ERR_FAIL);
    assert_string_not_equal(err.code, CODE_SEQUENCE); /* the key is missing */
}

/* Signs an environment of a time that is `minutes` ahead of the clock. */
static int sign_ahead(int64_t minutes, struct err *err)
{
    char time[CLOCK_RFC3339_SIZE];

    clock_rfc3339(clock_wall() + minutes * 60 * NS_PER_S, time);
    return sign(1, time, err);
}

static void a_time_that_is_yet_to_come(void **state)
{
    struct err err;

    (void)state;
    assert_fails(&err, sign_ahead(60, &err), ERR_INTEGRITY, CODE_CLOCK, "ahead");
    assert_int_equal(sign_ahead(9, &err), ERR_FAIL);
    assert_string_not_equal(err.code, CODE_CLOCK); /* the key is missing */
}

static int start(void **state)
{
    (void)state;
    return scratch_create();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sequence_number_that_no_change_reaches),
        cmocka_unit_test(a_time_that_is_yet_to_come),
    };

    return cmocka_run_group_tests(tests, start, scratch_teardown);
}
