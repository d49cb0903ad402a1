#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "catalog/stems.h"
#include "store/store.h"

#define MONTH "images/app/202601/"
#define ONE   MONTH "app-20260101-0000-aaaaaaa"
#define TWO   MONTH "app-20260102-0000-bbbbbbb"
#define THREE MONTH "app-20260103-0000-ccccccc"
#define U1    "-0011223344556677"
#define U2    "-8899aabbccddeeff"

/* A store whose pages have `per_page` of the keys each. `again` keys of a page come once more at
 * the beginning of the next one. */
static struct {
    struct store store; /* first */
    const char *const *keys;
    size_t count, at, per_page, again;
} listed;

static void submit(struct store *store, struct store_op *op)
{
    size_t end = listed.at + listed.per_page;

    (void)store;
    op->answer = STORE_DONE;
    op->page->entries = calloc(listed.per_page + listed.again, sizeof *op->page->entries);
    listed.at -= listed.at > listed.again ? listed.again : 0;
    for (; listed.at < listed.count && listed.at < end; listed.at++) {
        struct store_entry *entry = &op->page->entries[op->page->count++];

        entry->key = strdup(listed.keys[listed.at]);
        entry->info = (struct store_info){.size = listed.at + 1, .modified = (int64_t)listed.at};
        snprintf(entry->info.etag, sizeof entry->info.etag, "\"%zu\"", listed.at);
    }
    if (listed.at < listed.count) {
        op->page->next = malloc(16);
        snprintf(op->page->next, 16, "%zu", listed.at);
    }
    inbox_post(op->inbox, &op->msg);
}

/* Writes one line for each image: hash, kinds of objects, "image" if it is one. */
static int describe(void *arg, const struct stem *stem, struct err *err)
{
    struct text *out = arg;

    (void)err;
    text_printf(out, "%s", stem->name.hash);
    for (unsigned i = 0; i < stem->document_count; i++)
        text_printf(out, " %s%s%s", stem->documents[i].kind == KEY_METADATA ? "json" : "retired",
                    stem->documents[i].platform[0] ? ":" : "", stem->documents[i].platform);
    for (unsigned i = 0; i < stem->object_count; i++)
        text_printf(out, " %d:%.2s", stem->objects[i].kind, stem->objects[i].unique);
    text_printf(out, "%s%s%s%s\n", stem->has_archive ? " archive" : "",
                stem->has_index ? " index" : "", stem->claimed ? " claim" : "",
                stem_is_image(stem) ? " = image" : "");
    return 0;
}

static bool list(const char *const *keys, size_t count, size_t per_page, size_t again,
                 struct text *out, struct text *warnings)
{
    static const struct store_table table = {.submit = submit};
    bool unsure;
    struct err err;

    listed.store.table = &table;
    listed.keys = keys;
    listed.count = count;
    listed.at = 0;
    listed.per_page = per_page;
    listed.again = again;
    if (stems_each(&listed.store, MONTH, describe, out, warnings, &unsure, NULL, &err))
        fail_msg("%s", err.text);
    return unsure;
}

static const char *const all[] = {
    /* format 3: zstd, thin, a second platform, a replaced push */
    ONE U1 ".index",
    ONE U1 ".tar.zst",
    ONE U2 ".data",
    ONE U2 ".index",
    ONE "-linux-arm64.json",
    ONE "-linux-arm64.retired",
    ONE ".json",
    /* the original's and ours, up to format 2; foreign keys between them */
    TWO "-notes.txt",
    TWO ".first",
    TWO ".index",
    TWO ".json",
    TWO ".retired",
    TWO ".tar.gz",
    TWO ".tar.gz.bak",
    /* objects of a push that was killed before its metadata */
    THREE U1 ".data",
    THREE U1 ".index",
    THREE U1 ".retired",
    MONTH "app-20260104-0000-ddddddd.tar.gz",
    MONTH "app-20260105-0000-eeeee.json",
    MONTH "app-20260105-0000-eeeee.tar.gz",
    MONTH "app-20260105-0000-eeeeee" U1 ".index", /* a hash that begins with another one */
    MONTH "app-20260105-0000-eeeeee-linux-riscv64.json",
    MONTH "app-20260106-0000-fffffff.json", /* nothing else: a torn image */
    MONTH "other.json",
    MONTH "other.tar.gz",
};

static const char expected[] = "aaaaaaa json:linux-arm64 retired:linux-arm64 json 3:00 1:00 2:88 "
                               "3:88 = image\n"
                               "bbbbbbb json retired archive index claim = image\n"
                               "ccccccc 2:00 3:00 4:00\n"
                               "ddddddd archive\n"
                               "eeeee json archive = image\n"
                               "eeeeee json:linux-riscv64 3:00 = image\n"
                               "fffffff json\n";

static void keys_are_grouped_by_image(void **state)
{
    _cleanup_text_ struct text out = {0}, warnings = {0};

    (void)state;
    text_init(&out, 64 * KIB);
    text_init(&warnings, 64 * KIB);
    assert_false(list(all, ARRAY_SIZE(all), ARRAY_SIZE(all), 0, &out, &warnings));
    assert_string_equal(out.data, expected);
    assert_string_equal(warnings.data,
                        MONTH "other.tar.gz: the name is not APP-YYYYMMDD-HHMM-hash\n");
}

static void borders_of_pages_do_not_matter(void **state)
{
    (void)state;
    for (size_t per_page = 1; per_page <= ARRAY_SIZE(all); per_page++) {
        _cleanup_text_ struct text out = {0};

        text_init(&out, 64 * KIB);
        assert_false(list(all, ARRAY_SIZE(all), per_page, 0, &out, NULL));
        assert_string_equal(out.data, expected);
    }
}

static void a_key_that_comes_twice_counts_once(void **state)
{
    static const char *const keys[] = {ONE U1 ".data", ONE U1 ".index", ONE ".json", ONE ".tar.gz"};
    (void)state;
    for (size_t per_page = 2; per_page <= 3; per_page++) {
        _cleanup_text_ struct text out = {0};

        text_init(&out, 64 * KIB);
        assert_true(list(keys, ARRAY_SIZE(keys), per_page, 1, &out, NULL));
        assert_string_equal(out.data, "aaaaaaa json 2:00 3:00 archive = image\n");
    }
}

static void a_caller_that_decides_by_the_list_needs_a_sure_one(void **state)
{
    _cleanup_text_ struct text out = {0};
    struct err err;

    (void)state;
    text_init(&out, 64 * KIB);
    list(all, ARRAY_SIZE(all), 4, 1, &out, NULL);
    listed.at = 0;
    assert_int_equal(stems_each(&listed.store, "images/", describe, &out, NULL, NULL, NULL, &err),
                     ERR_FAIL);
    assert_string_equal(err.code, "listing");
}

static int refuse(void *arg, const struct stem *stem, struct err *err)
{
    (void)stem;
    ++*(unsigned *)arg;
    return err_set(err, ERR_LOCAL, "enough", "enough");
}

static void the_caller_ends_the_list(void **state)
{
    unsigned calls = 0;
    bool unsure;
    struct err err;

    (void)state;
    listed.at = listed.again = 0;
    assert_int_equal(
        stems_each(&listed.store, "images/", refuse, &calls, NULL, &unsure, NULL, &err), ERR_FAIL);
    assert_string_equal(err.code, "enough");
    assert_int_equal(calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_grouped_by_image),
        cmocka_unit_test(borders_of_pages_do_not_matter),
        cmocka_unit_test(a_key_that_comes_twice_counts_once),
        cmocka_unit_test(a_caller_that_decides_by_the_list_needs_a_sure_one),
        cmocka_unit_test(the_caller_ends_the_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
